"""What the machine does while a run trains: processor, memory and GPU, under the names that MLflow's page charts.

Sampled in the process beside the work, into ``system.jsonl`` of the run's folder, so that nothing is lost while the
tracker is away. A sample takes a few milliseconds of that process and none of the training's.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from bakeoff.config.processes import Process
from bakeoff.record.layout import SYSTEM
from bakeoff.tracking.watch import Watch

FIRST_AFTER_S = 1.0
"""A short run has at least one sample."""
_MB = 1e6


class SystemSampler:
    """Samples the machine for every folder that is followed, each in a thread, until the program ends."""

    def __init__(self) -> None:
        self._ends: dict[str, threading.Event] = {}
        self._gpus = gpu_handles()

    def follow(self, watch: Watch) -> None:
        """Samples for this folder from now on, if it wants samples."""
        self.forget(watch)
        if watch.system_every_s is not None:
            end = self._ends[watch.folder] = threading.Event()
            threading.Thread(target=self._sample, args=(watch, watch.system_every_s, end), daemon=True).start()

    def forget(self, watch: Watch) -> None:
        """Takes no more samples for this folder."""
        if watch.folder in self._ends:
            self._ends.pop(watch.folder).set()

    def _sample(self, watch: Watch, every_s: float, end: threading.Event) -> None:
        path, pause_s = Path(watch.folder) / SYSTEM, min(every_s, FIRST_AFTER_S)
        step = path.read_bytes().count(b"\n") if path.exists() else 0
        psutil.cpu_percent()  # starts the interval that this thread's first sample averages over
        while not end.wait(pause_s):
            pause_s = every_s
            found = machine_metrics() | gpu_metrics(self._gpus) | process_metrics(watch.owner)
            with contextlib.suppress(OSError), path.open("a") as file:
                file.write(json.dumps({"time": time.time(), "step": step, **found}) + "\n")
                step += 1


def machine_metrics() -> dict[str, float]:
    """Processor in percent of all cores since the last call, memory in megabytes and percent."""
    memory = psutil.virtual_memory()
    return {
        "system/cpu_utilization_percentage": psutil.cpu_percent(),
        "system/system_memory_usage_megabytes": round((memory.total - memory.available) / _MB, 1),
        "system/system_memory_usage_percentage": memory.percent,
    }


def process_metrics(owner: Process) -> dict[str, float]:
    """Resident memory (MB) of the process that works and of all that it started; pages they share count twice."""
    try:
        process = psutil.Process(owner.pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return {}
    resident = 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            resident += member.memory_info().rss
    return {"system/process_memory_megabytes": round(resident / _MB, 1)}


def gpu_handles() -> list[Any]:
    """NVIDIA's handles of the machine's GPUs; none without the driver or its Python package (nvidia-ml-py)."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except Exception:  # a missing package, driver or permission: there is nothing to measure with
        return []


def gpu_metrics(handles: list[Any]) -> dict[str, float]:
    """Utilization in percent, memory in megabytes and percent, and power in watts, of each GPU."""
    if not handles:
        return {}
    import pynvml

    found: dict[str, float] = {}
    for index, handle in enumerate(handles):
        with contextlib.suppress(pynvml.NVMLError):
            memory, name = pynvml.nvmlDeviceGetMemoryInfo(handle), f"system/gpu_{index}"
            found[f"{name}_memory_usage_megabytes"] = round(memory.used / _MB, 1)
            found[f"{name}_memory_usage_percentage"] = round(100 * memory.used / memory.total, 1)
            found[f"{name}_utilization_percentage"] = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            found[f"{name}_power_usage_watts"] = pynvml.nvmlDeviceGetPowerUsage(handle) / 1000
    return found
