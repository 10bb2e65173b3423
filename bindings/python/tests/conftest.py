"""What the tests share: the demo model, opened once."""

from pathlib import Path

import pytest

import libdiffusion

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "models/demo"


@pytest.fixture(scope="session")
def pipeline():
    with libdiffusion.Pipeline(DEMO, provider="cpu") as opened:
        yield opened


@pytest.fixture(scope="session")
def house(pipeline):
    """One picture that many tests look at."""
    return pipeline.generate("a red house", seed=2, steps=3)
