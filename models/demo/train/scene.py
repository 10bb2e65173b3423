"""The attributes of one picture of the procedural world, and how they are drawn by lot.

A `Scene` is everything a caption can say.  What a caption cannot say (the shape of the
hills, the phase of the moon, ...) hangs on `Scene.seed` alone, see `render.py`.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass

TIMES = ("dawn", "noon", "sunset", "night")
GROUNDS = ("meadow", "snow", "desert", "sea")
OBJECTS = ("house", "castle", "windmill", "tent", "lighthouse", "boat", "balloon")
COLOURS = ("red", "blue", "yellow", "white", "green", "purple")
PLACES = ("left", "middle", "right")
BODIES = ("none", "sun", "moon")
WEATHERS = ("clear", "cloudy")
TREES = (0, 1, 2, 3)

# Attribute name -> its values, in the order the judge's classes have.
ATTRIBUTES: dict[str, tuple] = {
    "time": TIMES,
    "ground": GROUNDS,
    "object": OBJECTS,
    "colour": COLOURS,
    "place": PLACES,
    "body": BODIES,
    "weather": WEATHERS,
    "trees": TREES,
}

# Which objects stand on which ground: no tents at sea, no boats in the desert.
_ON_LAND = ("house", "castle", "windmill", "tent", "balloon")
OBJECTS_ON = {
    "meadow": _ON_LAND,
    "snow": _ON_LAND,
    "desert": _ON_LAND,
    "sea": ("boat", "lighthouse", "boat", "lighthouse", "balloon"),
}


@dataclass(frozen=True)
class Scene:
    """One picture's attributes; `seed` fixes whatever is not said."""

    seed: int
    time: str
    ground: str
    object: str
    colour: str
    place: str
    body: str
    weather: str
    trees: int

    def attributes(self) -> dict:
        """The attributes alone, as `prompts.json` and the judge keep them."""
        out = asdict(self)
        del out["seed"]
        return out

    def classes(self) -> list[int]:
        """Class index of every attribute, in the order of `ATTRIBUTES`."""
        return [values.index(getattr(self, name)) for name, values in ATTRIBUTES.items()]


def sample_scene(seed: int) -> Scene:
    """The scene of this seed: sensible combinations, each value about equally often."""
    rng = random.Random(seed)
    time = rng.choice(TIMES)
    ground = rng.choice(GROUNDS)
    # The moon belongs to the night and the sun to the day; one picture in four has neither.
    body = "none" if rng.random() < 0.25 else ("moon" if time == "night" else "sun")
    return Scene(
        seed=seed,
        time=time,
        ground=ground,
        object=rng.choice(OBJECTS_ON[ground]),
        colour=rng.choice(COLOURS),
        place=rng.choice(PLACES),
        body=body,
        weather=rng.choice(WEATHERS),
        trees=0 if ground == "sea" else rng.choice(TREES),
    )
