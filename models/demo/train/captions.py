"""Captions in varied natural English for a scene: orders, synonyms, parts left out."""

from __future__ import annotations

import random

from scene import Scene, sample_scene

TIME = {
    "dawn": ("dawn", "dawn", "daybreak", "sunrise"),
    "noon": ("noon", "noon", "midday"),
    "sunset": ("sunset", "sunset", "dusk"),
    "night": ("night", "night", "midnight"),
}
TIME_LOOSE = {
    "dawn": ("in the early morning", "early in the morning"),
    "noon": ("in bright daylight", "in the middle of the day", "during the day"),
    "sunset": ("in the evening", "in the evening light"),
    "night": ("in the dark of night", "under a dark night sky", "during the night"),
}
GROUND = {
    "meadow": ("in a meadow", "on a meadow", "on grassland", "in the grass", "among grassy hills"),
    "snow": ("in the snow", "in a snowy landscape", "on snow", "in winter", "among snowy hills"),
    "desert": ("in the desert", "in a desert", "on sand dunes", "in a sandy desert", "among sand dunes"),
    "sea": ("at sea", "on the sea", "on the ocean", "in the ocean", "on the water"),
}
GROUND_OVER = {
    "meadow": ("over a meadow", "above a meadow", "over grassland", "above grassy hills"),
    "snow": ("over the snow", "above a snowy landscape", "over snowy hills", "in winter"),
    "desert": ("over the desert", "above a desert", "over sand dunes", "above sand dunes"),
    "sea": ("over the sea", "above the sea", "over the ocean", "over the water"),
}
GROUND_TAG = {
    "meadow": ("meadow", "grassland", "grass"),
    "snow": ("snow", "snowy ground", "winter"),
    "desert": ("desert", "sand", "sand dunes"),
    "sea": ("sea", "ocean", "water"),
}
LANDSCAPE = {
    "meadow": ("a meadow", "grassland", "a grassy landscape"),
    "snow": ("a snowy landscape", "a winter landscape", "snowy hills"),
    "desert": ("a desert", "a desert landscape", "sand dunes"),
    "sea": ("the sea", "the ocean", "a seascape"),
}
OBJECT = {
    "house": ("house", "house", "house", "cottage"),
    "castle": ("castle", "castle", "castle", "fortress"),
    "windmill": ("windmill", "windmill", "windmill", "mill"),
    "tent": ("tent", "tent", "tent", "camping tent"),
    "lighthouse": ("lighthouse",),
    "boat": ("boat", "boat", "sailing boat", "sailboat", "ship"),
    "balloon": ("balloon", "hot-air balloon", "hot air balloon"),
}
COLOUR = {c: (c,) for c in ("red", "blue", "yellow", "white", "green")} | {"purple": ("purple", "purple", "violet")}
PLACE = {
    "left": ("on the left", "on the left", "on the left side", "to the left", "at the left"),
    "middle": ("in the middle", "in the middle", "in the centre", "in the center"),
    "right": ("on the right", "on the right", "on the right side", "to the right", "at the right"),
}
NUMBER = {1: ("one", "a single", "a", "1"), 2: ("two", "two", "two", "2"), 3: ("three", "three", "three", "3")}
KIND = {"meadow": ("",), "snow": ("", "pine ", "fir "), "desert": ("", "palm "), "sea": ("",)}
STYLE = ("a picture of ", "a painting of ", "an illustration of ", "a drawing of ", "an image of ")


def _article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def _main(s: Scene, rng: random.Random, said: set[str]) -> str:
    noun = rng.choice(OBJECT[s.object])
    if "colour" not in said:
        return _article(noun)
    colour = rng.choice(COLOUR[s.colour])
    if rng.random() < 0.06:
        return f"{_article(noun)} painted {colour}"
    return _article(f"{colour} {noun}")


def _time(s: Scene, rng: random.Random) -> str:
    return rng.choice(TIME_LOOSE[s.time]) if rng.random() < 0.2 else "at " + rng.choice(TIME[s.time])


def _ground(s: Scene, rng: random.Random) -> str:
    return rng.choice((GROUND_OVER if s.object == "balloon" else GROUND)[s.ground])


def _trees(s: Scene, rng: random.Random) -> str:
    if s.trees == 0:
        return rng.choice(("no trees", "no trees", "no tree in sight"))
    kind = rng.choice(KIND[s.ground])
    return f"{rng.choice(NUMBER[s.trees])} {kind}tree{'s' if s.trees > 1 else ''}"


def _body(s: Scene, rng: random.Random) -> str:
    if s.body == "none":
        return rng.choice(("no moon", "no moon in the sky") if s.time == "night" else ("no sun", "no sun in the sky"))
    if s.body == "sun":
        return rng.choice(("the sun", "the sun in the sky", "a shining sun"))
    return rng.choice(("the moon", "the moon in the sky", "a full moon", "a shining moon"))


def _weather(s: Scene, rng: random.Random) -> str:
    if s.weather == "clear":
        return rng.choice(("a clear sky", "a cloudless sky", "no clouds"))
    return rng.choice(("a cloudy sky", "clouds in the sky", "some clouds", "clouds"))


def _join(parts: list[str], rng: random.Random) -> str:
    if len(parts) > 1 and rng.random() < 0.6:
        return ", ".join(parts[:-1]) + " and " + parts[-1]
    return ", ".join(parts)


def _said(s: Scene, rng: random.Random, full: bool) -> set[str]:
    everything = {"colour", "place", "ground", "time", "body", "weather", "trees"}
    if s.ground == "sea":
        everything.discard("trees")  # there are none at sea, and nobody would say so
    if full or rng.random() < 0.35:
        return everything
    if rng.random() < 0.2:
        return {"colour"} | ({rng.choice(sorted(everything))} if rng.random() < 0.5 else set())
    keep = {"colour": 0.85, "place": 0.6, "ground": 0.75, "time": 0.75, "body": 0.5, "weather": 0.45, "trees": 0.6}
    return {name for name in sorted(everything) if rng.random() < keep[name]}


def caption(s: Scene, rng: random.Random, full: bool = False) -> str:
    """One caption of `s`; with `full` every attribute is stated."""
    said = _said(s, rng, full)
    main = _main(s, rng, said)
    extras = [f(s, rng) for name, f in (("trees", _trees), ("body", _body), ("weather", _weather)) if name in said]
    rng.shuffle(extras)
    place = rng.choice(PLACE[s.place]) if "place" in said else ""
    ground = _ground(s, rng) if "ground" in said else ""
    time = _time(s, rng) if "time" in said else ""
    text = rng.choice((_plain, _plain, _lead, _landscape, _tags, _sentences))(
        s, rng, main, place, ground, time, extras)
    if rng.random() < 0.3:
        text = text[0].upper() + text[1:]
    if rng.random() < 0.3 and not text.endswith("."):
        text += "."
    return text


def _plain(s, rng, main, place, ground, time, extras) -> str:
    where = [p for p in (place, ground, time) if p]
    if rng.random() < 0.4:
        rng.shuffle(where)
    text = " ".join([main, *where])
    if rng.random() < 0.2:
        text = rng.choice(STYLE) + text
    if extras:
        text += rng.choice((", ", " with ", ", with ")) + _join(extras, rng)
    return text


def _lead(s, rng, main, place, ground, time, extras) -> str:
    lead = time or ground
    rest = [p for p in ((ground, place) if time else (place,)) if p]
    text = ", ".join(p for p in (lead, " ".join([main, *rest])) if p)
    return text + (", " + _join(extras, rng) if extras else "")


def _landscape(s, rng, main, place, ground, time, extras) -> str:
    if not ground:
        return _plain(s, rng, main, place, ground, time, extras)
    head = " ".join(p for p in (rng.choice(LANDSCAPE[s.ground]), time) if p)
    things = [" ".join(p for p in (main, place) if p), *extras]
    return head + " with " + _join(things, rng)


def _tags(s, rng, main, place, ground, time, extras) -> str:
    if main.startswith(("a ", "an ")) and rng.random() < 0.6:
        main = main.split(" ", 1)[1]
    tags = [place, rng.choice(GROUND_TAG[s.ground]) if ground else "",
            rng.choice(TIME[s.time]) if time else "", *extras]
    tags = [t for t in tags if t]
    rng.shuffle(tags)
    at = 0 if rng.random() < 0.7 else rng.randint(0, len(tags))
    return ", ".join([*tags[:at], main, *tags[at:]])


def _sentences(s, rng, main, place, ground, time, extras) -> str:
    head = "there is " if rng.random() < 0.6 else ""
    first = head + " ".join(p for p in (main, place, ground) if p) + "."
    second = f" It is {rng.choice(TIME[s.time])}." if time else ""
    third = f" There {'are' if extras[0][0] in '23' or extras[0].startswith(('two', 'three', 'some', 'clouds')) else 'is'} " \
            f"{_join(extras, rng)}." if extras else ""
    return first + second + third


def corpus(count: int) -> list[str]:
    """Captions to train the vocabulary on."""
    rng = random.Random(11)
    return [caption(sample_scene(i), rng) for i in range(count)]


if __name__ == "__main__":
    for line in corpus(20):
        print(line)
