"""What this machine lacks is said before anything is trained."""

import shutil
from collections import namedtuple

import pytest
import torch

from bakeoff.errors import EnvironmentFault
from bakeoff.training.devices.ranks import Ranks, ranks_from_outside
from bakeoff.training.trial import preflight
from bakeoff.training.trial.preflight import check_alone, check_folder, check_machine
from bakeoff.training.trial.settings import TrainerSettings
from tests.killed_writer import left_by_a_killed_writer


@pytest.mark.skipif(torch.cuda.is_available(), reason="the refusal is of machines without a GPU")
@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (TrainerSettings(accelerator="gpu"), "env.no_accelerator"),
        (TrainerSettings(devices=8), "env.devices"),
        (TrainerSettings(precision="16-mixed"), "env.precision"),
        (TrainerSettings(accelerator="cpu", num_nodes=2), "env.num_nodes"),
    ],
)
def test_what_the_machine_lacks_is_refused(settings, code):
    with pytest.raises(EnvironmentFault) as refused:
        check_machine(settings)
    assert refused.value.code == code
    assert refused.value.exit_code == 4


def test_bfloat16_runs_on_a_cpu():
    check_machine(TrainerSettings(accelerator="cpu", precision="bf16-mixed"))


def test_a_cpu_serves_as_several_devices_where_that_is_asked_for():
    check_machine(TrainerSettings(accelerator="cpu", devices=2))


def test_more_gpus_than_there_are_are_refused_with_their_number(monkeypatch):
    monkeypatch.setattr(preflight.CUDAAccelerator, "is_available", staticmethod(lambda: True))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_machine(TrainerSettings(accelerator="gpu", devices=2))
    with pytest.raises(EnvironmentFault, match=r"trainer\.devices=8: this machine has 2 gpu; allowed: 1 to 2"):
        check_machine(TrainerSettings(accelerator="gpu", devices=8))


@pytest.fixture
def torchrun(monkeypatch):
    """As if torchrun had started two processes."""
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)


def test_processes_that_nobody_asked_for_are_refused(torchrun):
    check_machine(TrainerSettings(accelerator="cpu", devices=2))
    check_machine(TrainerSettings(accelerator="cpu", num_nodes=2))
    with pytest.raises(EnvironmentFault, match=r"env\.ranks.*2 processes were started, and 1 x 1 are asked for"):
        check_machine(TrainerSettings(accelerator="cpu"))


def test_a_command_that_starts_processes_itself_is_not_started_twice(torchrun):
    with pytest.raises(EnvironmentFault, match=r"env\.ranks.*without torchrun"):
        check_alone("train -m")


def test_slurm_with_one_task_starts_no_rank(monkeypatch):
    for name, value in {"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_JOB_NAME": "submitit"}.items():
        monkeypatch.setenv(name, value)
    assert ranks_from_outside() is None
    check_alone("train -m")


def test_slurm_with_several_tasks_gives_the_ranks(monkeypatch):
    slurm = {"SLURM_NTASKS": "4", "SLURM_PROCID": "3", "SLURM_LOCALID": "1", "SLURM_NODEID": "1", "SLURM_JOB_ID": "7"}
    for name, value in {**slurm, "SLURM_JOB_NAME": "bakeoff"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EnvironmentFault, match=r"env\.slurm.*ntasks-per-node"):
        ranks_from_outside()
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "2")
    assert ranks_from_outside() == Ranks(3, 4)
    check_machine(TrainerSettings(accelerator="cpu", devices=2, num_nodes=2))


def test_compiling_needs_a_compiler(monkeypatch):
    check_machine(TrainerSettings(accelerator="cpu", compile=False))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"env\.no_compiler"):
        check_machine(TrainerSettings(accelerator="cpu", compile=True))


@pytest.mark.parametrize(
    "settings",
    [{"strategy": "fsdp"}, {"strategy": "fsdp", "devices": 2, "precision": "16-mixed"}, {"num_nodes": 0}],
)
def test_settings_that_contradict_each_other_are_refused(settings):
    with pytest.raises(ValueError, match=r"fsdp|num_nodes"):
        TrainerSettings(**settings)


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match=r"env\.not_writable"):
        check_folder(tmp_path / "file" / "run")


def test_a_full_disk_is_refused_with_what_is_free(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9, 5 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(EnvironmentFault, match="5 MB are free"):
        check_folder(tmp_path)


def test_the_output_folder_is_cleared_of_what_a_kill_cut_off(tmp_path):
    left_by_a_killed_writer(tmp_path / "plan.json")
    check_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []
