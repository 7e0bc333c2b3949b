"""Any data set of the Hugging Face hub, or a local copy: Parquet, or saved by ``save_to_disk``."""

from __future__ import annotations

import contextlib
import glob
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
from datasets import Dataset, DatasetDict, disable_progress_bars, load_dataset, load_from_disk
from huggingface_hub import constants

from bakeoff.data.cache import cache_root
from bakeoff.data.sources.parquet_file import read_parquet
from bakeoff.data.sources.source import Source, ends_like_file, file_states, refuse_missing_path
from bakeoff.errors import DataError, EnvironmentFault

_SAVED = ("dataset_dict.json", "state.json")
"""What ``save_to_disk`` leaves in a folder."""
_PROBE_SECONDS = 3.0
_log = logging.getLogger(__name__)


class HuggingFace(Source):
    """A data set by its hub name, or by a local path.

    Args:
        path: ``owner/name`` on the hub, or a local ``.parquet`` file, or a local folder in the hub's layout.
        config: which configuration of the data set, where it has several.
        revision: the hub's commit or tag; null takes what is there on the first use, and keeps to it.
    """

    def __init__(self, *, path: str, config: str | None, revision: str | None) -> None:
        self._path = path
        self._config = config
        self._revision = revision
        self._local = Path(path).expanduser().absolute()

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``path`` of Parquet, or of a folder in the hub's layout."""
        saved = any((path / name).exists() for name in _SAVED)
        return (
            "path" if saved or path.suffix == ".parquet" or (path.is_dir() and any(path.rglob("*.parquet"))) else None
        )

    def identity(self) -> dict[str, Any]:
        """The hub's name and revision, or the state of the local files."""
        if self._is_local():
            files = (
                [file for file in self._local.rglob("*") if file.is_file()] if self._local.is_dir() else [self._local]
            )
            states = file_states(files, relative_to=self._local.parent)
            return {"source": "hf_local", "config": self._config, "files": states}
        return {"source": "hf", "path": self._path, "config": self._config, "revision": self._revision}

    def load(self) -> DatasetDict:
        """All splits; hub data through the hub's own cache, which also answers offline."""
        disable_progress_bars()
        loaded = self._load_local() if self._is_local() else self._load_from_hub()
        return DatasetDict(train=loaded) if isinstance(loaded, Dataset) else loaded

    def _is_local(self) -> bool:
        if self._local.exists():
            return True
        beyond_the_hub = self._path.startswith((".", "/", "~")) or self._path.count("/") > 1
        looks_local = beyond_the_hub or ends_like_file(self._path)
        return refuse_missing_path(self._path, self._local) if looks_local else False

    def _load_local(self) -> DatasetDict | Dataset:
        if any((self._local / name).exists() for name in _SAVED):
            return load_from_disk(str(self._local))
        cache = str(cache_root() / "arrow")
        try:
            if self._local.is_file():
                file = glob.escape(str(self._local))  # the library takes it for a pattern
                return load_dataset("parquet", data_files={"train": file}, cache_dir=cache)
            return load_dataset(str(self._local), name=self._config, cache_dir=cache)
        except Exception as error:  # the library wraps readers of a dozen formats, each with errors of its own
            if self._local.suffix.lower() == ".parquet" and "does not have a datasets dtype" in str(error):
                return Dataset(read_parquet(self._local, self._local, key="data.path").table)
            raise self._unreadable(error) from error

    def _load_from_hub(self) -> DatasetDict:
        online = not datasets.config.HF_HUB_OFFLINE and hub_answers()
        try:
            with contextlib.nullcontext() if online else cache_only():
                loaded = load_dataset(self._path, name=self._config, revision=self._revision)
        except datasets.exceptions.DatasetNotFoundError as error:
            problem = f"the hub has no such data set, or not for you, and there is no folder {self._local}"
            next_step = "check the name and data.revision; log in with `hf auth login` if it is private or gated"
            raise DataError("data.not_found", "data.path", self._path, problem, next_step=next_step) from error
        except ConnectionError as error:
            raise self._offline_fault() from error
        except ValueError as error:
            raise self._unreadable(error) from error
        if self._revision is None:
            _log.warning("data.revision is not pinned: what the hub holds now is kept here, and may differ elsewhere")
        return loaded

    def _offline_fault(self) -> EnvironmentFault:
        reason = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else f"{constants.ENDPOINT} does not answer"
        problem = f"{reason}, this data set is not in the local cache, and there is no folder {self._local}"
        next_step = "go online once to download it, or give data.path=FOLDER of a local copy"
        return EnvironmentFault("env.offline", "data.path", self._path, problem, next_step=next_step)

    def _unreadable(self, error: Exception) -> DataError:
        """Most often a configuration that must be named: the library's message lists those there are."""
        deepest = error.__cause__ or error
        problem = f"the datasets library cannot read it: {str(deepest)[:400]}"
        next_step = "give a Parquet file, a folder of them, or data.config=NAME if there are several configurations"
        return DataError("data.unreadable", "data.path", self._path, problem, next_step=next_step)


def hub_answers() -> bool:
    """Whether the hub answers within a few seconds; the library itself retries for 23 before it gives up."""
    answered = threading.Event()

    def probe() -> None:
        with contextlib.suppress(Exception):  # whatever the HTTP library raises, it is no answer
            huggingface_hub.get_session().head(constants.ENDPOINT, timeout=_PROBE_SECONDS)
            answered.set()

    asking = threading.Thread(target=probe, daemon=True)
    asking.start()
    asking.join(_PROBE_SECONDS + 0.5)  # looking up the name has no time limit of its own
    return answered.is_set()


@contextlib.contextmanager
def cache_only() -> Iterator[None]:
    """Within, the hub's libraries look only into their caches."""
    before = constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before
