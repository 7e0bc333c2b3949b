"""The embedded samples of series with classes: sets of the UCR and UEA archives that the package `aeon` ships.

Dau et al. 2019, "The UCR time series archive", arXiv:1810.07758; Bagnall et al. 2018, "The UEA multivariate time series
classification archive", arXiv:1811.00075. Only data files of the package are read; it is never imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bakeoff.data.sources.packages import installed_file
from bakeoff.data.sources.series_files import SeriesFiles
from bakeoff.errors import ConfigError, nearest

PACKAGE = "aeon==1.6.0"
INSTALL = f"pip install --no-deps {PACKAGE} (its data files alone are read), or bring your own (data=series_classes)"


class UcrSeries(SeriesFiles):
    """A set of the archive, with its own training and test part; most of its series have mean 0 and deviation 1.

    Args:
        archive_name: what the archive calls it, such as ``GunPoint``.

    Raises:
        EnvironmentFault: the package is not installed.
        ConfigError: it ships no such set.
    """

    def __init__(self, *, archive_name: str) -> None:
        folder, self._version = installed_file("aeon", "aeon/datasets/data", install=INSTALL)
        self._name = archive_name
        train, test = (folder / archive_name / f"{archive_name}_{part}.ts" for part in ("TRAIN", "TEST"))
        if not (train.is_file() and test.is_file()):
            names = sorted(file.parent.name for file in folder.glob("*/*_TEST.ts") if _has_classes(file))
            near = nearest(archive_name, names, count=1)
            step = f"data.name={near[0]}" if near else None
            problem = f"aeon {self._version} ships no such set"
            raise ConfigError(
                "config.unknown_choice", "data.name", archive_name, problem, allowed=names, next_step=step
            )
        super().__init__(file=str(train), test_file=str(test))

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """None: it is named, not given."""
        return None

    def identity(self) -> dict[str, Any]:
        """The set, and the package's version."""
        return {"source": "ucr", "archive_name": self._name, "aeon": self._version}


def _has_classes(file: Path) -> bool:
    """Whether it is one of series with a class each, called as its folder is."""
    said = file.read_text(encoding="utf-8").partition("@data")[0].lower()
    return file.name == f"{file.parent.name}_TEST.ts" and "@classlabel true" in said
