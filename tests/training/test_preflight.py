"""What this machine lacks is said before anything is trained."""

import shutil
from collections import namedtuple

import pytest
import torch

from bakeoff.errors import EnvironmentFault
from bakeoff.training.preflight import check_folder, check_machine
from bakeoff.training.settings import TrainerSettings


@pytest.mark.skipif(torch.cuda.is_available(), reason="the refusal is of machines without a GPU")
@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (TrainerSettings(accelerator="gpu"), "env.no_accelerator"),
        (TrainerSettings(devices=8), "env.devices"),
        (TrainerSettings(precision="16-mixed"), "env.precision"),
    ],
)
def test_what_the_machine_lacks_is_refused(settings, code):
    with pytest.raises(EnvironmentFault) as refused:
        check_machine(settings)
    assert refused.value.code == code
    assert refused.value.exit_code == 4


def test_bfloat16_runs_on_a_cpu():
    check_machine(TrainerSettings(accelerator="cpu", precision="bf16-mixed"))


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match=r"env\.not_writable"):
        check_folder(tmp_path / "file" / "run")


def test_a_full_disk_is_refused_with_what_is_free(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9, 5 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(EnvironmentFault, match="5 MB are free"):
        check_folder(tmp_path)
