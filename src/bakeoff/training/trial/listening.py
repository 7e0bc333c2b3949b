"""A trained recogniser as something that listens to sounds which another network makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch

from bakeoff.errors import ConfigError
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.saved_run import SavedRun, load_run

_HEARS = "transcribed_audio"


class Listener:
    """Hears with a finished run of speech recognition.

    Args:
        run: its folder; None: nobody listens.
    """

    def __init__(self, *, run: str | None = None) -> None:
        self._folder = run

    @property
    def is_there(self) -> bool:
        """Whether there is a run."""
        return self._folder is not None

    @torch.inference_mode()
    def __call__(self, sounds: Sequence[np.ndarray], sample_rate_hz: int) -> list[str]:
        """What is heard in each.

        Raises:
            ConfigError: no run, or one that hears no texts in recordings.
            CheckpointError: it can't be used.
        """
        from bakeoff.data.audio.prediction import new_sounds

        batches = new_sounds(self._run.spec, sounds, sample_rate_hz)  # type: ignore[arg-type]
        heard = self._module.task.respond_to_all(self._module.net, batches, positions=batches.positions)
        return [str(text) for text in heard["text"].to_pylist()]

    @cached_property
    def _run(self) -> SavedRun:
        run = load_run(str(self._folder))
        task, has_text = run.trial.raw["task"]["name"], run.spec.kind == _HEARS and not run.trial.is_fitted
        if not has_text or task == "speech_synthesis":
            problem = f"it is a run of {task}, which hears nothing"
            raise ConfigError(
                "config.no_listener", "task.listener", self._folder, problem, allowed="a run of speech_recognition"
            )
        return run

    @cached_property
    def _module(self) -> TrainingModule:
        threads = torch.get_num_threads()
        module = self._run.module()
        torch.set_num_threads(threads)
        return module
