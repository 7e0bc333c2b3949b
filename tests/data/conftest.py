"""A cache of its own for each test, and data modules with small defaults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bakeoff.data.image.classified import ClassifiedImages
from bakeoff.data.image.columns import ImageColumns
from bakeoff.data.sources.source import Source
from bakeoff.data.splits.rule import SplitRule


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is read from, or left in, the user's cache."""
    torch.set_num_threads(1)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def module() -> Callable[..., ClassifiedImages]:
    """An `ClassifiedImages` of a source, with small defaults."""

    def make(source: Source, **settings: object) -> ClassifiedImages:
        columns = ImageColumns(settings.pop("image", None), settings.pop("label", None))
        split = settings.pop("split", None) or SplitRule(val=0.25, test=0.2)
        return ClassifiedImages(name="made", source=source, columns=columns, split=split, **settings)

    return make
