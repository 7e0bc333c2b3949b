"""The machine is sampled beside the work, and what cannot be measured is left out."""

import json
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

from bakeoff.config.processes import Process
from bakeoff.tracking.settings import Tracking
from bakeoff.tracking.system_metrics import SystemSampler, gpu_handles, gpu_metrics, process_metrics
from bakeoff.tracking.watch import Watch


def watch_of(folder, every_s):
    return Watch.of("trial", folder, tracking=Tracking(system_every_s=every_s), root=folder, experiment="e")


def samples(folder):
    path = folder / "system.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def test_a_followed_folder_gets_samples_until_it_is_forgotten_and_counts_on_when_it_resumes(tmp_path):
    (tmp_path / "quiet").mkdir()
    sampler, watch = SystemSampler(), watch_of(tmp_path, 0.02)
    sampler.follow(watch)
    sampler.follow(watch_of(tmp_path / "quiet", None))
    wait_for(lambda: len(samples(tmp_path)) >= 3)
    sampler.forget(watch)
    known = len(samples(tmp_path))
    sampler.follow(watch)
    wait_for(lambda: len(samples(tmp_path)) > known)
    sampler.forget(watch)
    found = samples(tmp_path)
    assert [sample["step"] for sample in found] == list(range(len(found)))
    assert {"system/cpu_utilization_percentage", "system/process_memory_megabytes"} <= found[0].keys()
    assert 0 < found[0]["system/system_memory_usage_percentage"] <= 100
    assert samples(tmp_path / "quiet") == []


def test_nothing_is_said_of_a_process_that_is_gone():
    assert process_metrics(replace(Process.this(), pid=2**22 + 1)) == {}


def test_each_gpu_that_the_driver_knows_has_its_own_figures(monkeypatch):
    fake = SimpleNamespace(
        NVMLError=RuntimeError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=2e9, total=8e9),
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=50 + handle),
        nvmlDeviceGetPowerUsage=lambda handle: 120_000,
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    found = gpu_metrics(gpu_handles())
    assert found["system/gpu_1_utilization_percentage"] == 51.0
    assert found["system/gpu_0_memory_usage_megabytes"] == 2000.0
    assert found["system/gpu_0_memory_usage_percentage"] == 25.0
    assert found["system/gpu_0_power_usage_watts"] == 120.0


def test_a_machine_without_the_driver_has_no_gpu_figures(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu_metrics(gpu_handles()) == {}
