"""The card's picture: the twelve prompts of prompts.json, drawn by optimum.

    python contact_sheet.py         # writes models/demo/samples.png
"""

from __future__ import annotations

import cheap_check
import common
import judge
import sample


def main() -> None:
    """Draws, and saves a sheet of four columns."""
    pictures = judge.draw(common.MODEL_DIR, judge.read_prompts(cheap_check.FILE), None, None)
    sample.contact_sheet(pictures, 4).save(common.MODEL_DIR / "samples.png", optimize=True)


if __name__ == "__main__":
    main()
