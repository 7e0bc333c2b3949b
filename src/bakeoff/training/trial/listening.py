"""A trained recogniser as something that listens to sounds which another network makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bakeoff.errors import ConfigError
from bakeoff.files import read_json
from bakeoff.ranges import RunFolder
from bakeoff.record.layout import CONFIG
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.saved_run import find_run, load_run

_HEARS = "bakeoff.data.audio.transcribed.TranscribedAudio"


class Listener:
    """Hears with a finished run of speech recognition.

    Args:
        run: its folder; None: nobody listens, as where a model is used far from the folder that it was judged with.

    Raises:
        ConfigError: no finished run is in that folder, or one that hears no texts in recordings.
    """

    def __init__(self, *, run: RunFolder | None = None) -> None:
        folder = None if run is None else Path(run).expanduser()
        self._folder = find_run(folder) if folder is not None and folder.is_dir() else None
        if self._folder is None:
            return
        config = read_json(self._folder / CONFIG)
        if config["data"]["module"]["_target_"] != _HEARS:
            problem, allowed = f"it is a run of {config['task']['name']}", "a run of speech_recognition"
            raise ConfigError("config.no_listener", "task.listener", run, problem, allowed=allowed)

    @property
    def is_there(self) -> bool:
        """Whether there is a run."""
        return self._folder is not None

    @torch.inference_mode()
    def __call__(self, sounds: Sequence[np.ndarray], sample_rate_hz: int) -> list[str]:
        """What is heard in each.

        Raises:
            CheckpointError: the run can't be used.
        """
        from bakeoff.data.audio.prediction import new_sounds

        spec: Any = self._module.task.spec
        batches = new_sounds(spec, sounds, sample_rate_hz)
        heard = self._module.task.respond_to_all(self._module.net, batches, positions=batches.positions)
        return [str(text) for text in heard["text"].to_pylist()]

    @cached_property
    def _module(self) -> TrainingModule:
        threads = torch.get_num_threads()
        module = load_run(str(self._folder)).module()
        torch.set_num_threads(threads)
        return module
