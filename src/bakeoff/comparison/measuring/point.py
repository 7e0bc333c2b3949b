"""One point, measured in a process of its own: seconds of a training step and of an answer, and their peak memory.

B batch, T time steps, K classes.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from bakeoff.config import allow
from bakeoff.data.batches.batch import Batch
from bakeoff.data.spec import Spec
from bakeoff.errors import BakeoffError, ConfigError
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.configuration import TrialConfig

COSTS_OF_A_POINT = ("train_seconds", "inference_seconds", "train_memory_mb", "inference_memory_mb")
MOST_CALLS = 5
"""Timed calls of a point in one process; fewer where they would take more than a second."""
ENOUGH_S = 1.0
_STATUS = Path("/proc/self/status")


def at_length(spec: Spec, length: int) -> Spec:
    """The same data with sequences of one length.

    Raises:
        ConfigError: data of this kind are no sequences.
    """
    if not spec.length_fields:
        problem, step = f"data of kind {spec.kind} have no sequence length", "data of texts, streams or other sequences"
        raise ConfigError("config.no_lengths", "data", spec.name, problem, next_step=step)
    return spec.at_length(length)


def work(config: Mapping[str, Any], spec: Spec, batch_size: int, allow_code: list[str], pipe: Connection) -> None:
    """Measures in this process; sends None when it starts and then what it found, or why there is nothing."""
    trial = TrialConfig.of(config)
    torch.set_num_threads(trial.trainer.threads)
    torch.manual_seed(trial.seed)
    pipe.send(None)
    try:
        allow(allow_code)
        pipe.send(measure(trial, spec, batch_size=batch_size))
    except (BakeoffError, ValueError, RuntimeError, MemoryError) as error:
        problem = error.problem if isinstance(error, BakeoffError) else str(error) or type(error).__name__
        pipe.send({"skipped": problem.split("\n")[0]})


def measure(trial: TrialConfig, spec: Spec, *, batch_size: int) -> dict[str, Any]:
    """Seconds a call (the median of a few, after one to warm up) and MiB at the peak, above what was held before.

    Inputs are ``spec.example_inputs``: tokens without meaning, no padding among them. Numbers are of 32 bits. The
    answer is one pass in evaluation mode; the training step is forward, loss, backward and optimizer. Memory is that of
    the whole of each: network and inputs, in training also gradients and the optimizer's state.

    Args:
        trial: whose network is measured.
        spec: what its sequences are like.
        batch_size: sequences a call.
    """
    device = _device(trial)
    _use_once(trial, at_length(spec, 2), device)
    memory = PeakMemory()
    module = trial.module(spec).to(device)
    inputs = module.transfer_batch_to_device(spec.example_inputs(batch_size), device, 0)
    module.eval()
    inference_seconds = _timed(lambda: _answer(module, inputs), device)
    inference_memory_mb = memory.above_start_mb()
    module.train()
    targets = made_targets(module(inputs), multi_label=getattr(spec, "multi_label", False))
    optimizer = module.configure_optimizers()
    train_seconds = _timed(lambda: _train(module, inputs, targets, optimizer), device)
    return {
        "inference_seconds": inference_seconds,
        "train_seconds": train_seconds,
        "inference_memory_mb": inference_memory_mb,
        "train_memory_mb": memory.above_start_mb(),
        "params": sum(parameter.numel() for parameter in module.net.parameters()),
    }


def made_targets(outputs: Tensor, *, multi_label: bool) -> Tensor:
    """Targets of no meaning that fit the outputs: the last class everywhere, or zeros."""
    if outputs.ndim == 1 or multi_label:
        return torch.zeros_like(outputs, requires_grad=False)
    return torch.full(outputs.shape[:-1], outputs.shape[-1] - 1, device=outputs.device)


class PeakMemory:
    """The most memory that this process holds from now on, above what it holds now.

    On the CPU only what the process wrote counts: pages of libraries, which come in as code is first used, do not. The
    operating system knows a peak of both together; it is taken to lie where libraries take what they take at the end.
    """

    def __init__(self) -> None:
        self._written_mb = _status_mb("VmRSS") - _status_mb("RssFile")
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        if _STATUS.exists():
            # Linux forgets the peak so far, as that of the imports; a container may forbid it.
            with contextlib.suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")

    def above_start_mb(self) -> float:
        """MiB; of the GPU where there is one."""
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            return torch.cuda.max_memory_allocated() / 2**20
        return max(_status_mb("VmHWM") - _status_mb("RssFile") - self._written_mb, 0.0)


def _status_mb(name: str) -> float:
    """What Linux says of this process; elsewhere its peak so far stands for all, and no library is told apart."""
    if not _STATUS.exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return 0.0 if name == "RssFile" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    lines = (line.split() for line in _STATUS.read_text().splitlines())
    return next(int(words[1]) / 1024 for words in lines if words[0] == f"{name}:")


def _device(trial: TrialConfig) -> torch.device:
    wanted = trial.trainer.accelerator
    return torch.device("cuda" if wanted in ("auto", "gpu", "cuda") and torch.cuda.is_available() else "cpu")


def _use_once(trial: TrialConfig, spec: Spec, device: torch.device) -> None:
    """Everything that is imported or set up at the first use, so that it is in no figure; its memory is given back."""
    module = trial.module(spec).to(device)
    inputs = module.transfer_batch_to_device(spec.example_inputs(2), device, 0)
    targets = made_targets(module(inputs), multi_label=getattr(spec, "multi_label", False))
    _train(module, inputs, targets, module.configure_optimizers())
    del module, inputs, targets
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


@torch.inference_mode()
def _answer(module: TrainingModule, inputs: Any) -> None:
    module.net(inputs)


def _train(module: TrainingModule, inputs: Any, targets: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    batch = Batch(inputs, targets, len(targets))
    module.task.loss(module(inputs), batch, training=True).backward()
    if module.gradient_clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(module.net.parameters(), module.gradient_clip_norm)
    optimizer.step()


def _timed(call: Callable[[], None], device: torch.device) -> float:
    """The median of up to `MOST_CALLS` calls after the first."""
    synchronize = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    call()
    seconds: list[float] = []
    while len(seconds) < MOST_CALLS and sum(seconds) < ENOUGH_S:
        synchronize()
        start = time.perf_counter()
        call()
        synchronize()
        seconds.append(time.perf_counter() - start)
    return median(seconds)
