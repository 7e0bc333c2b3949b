"""What makes a GPU faster changes nothing else, and where there is none it changes nothing at all."""

import os
import warnings

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from pytorch_lightning.plugins.precision import MixedPrecision
from safetensors.torch import load_file
from torch import nn

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.training.loop.trainer import make_trainer
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial
from bakeoff.training.trial.settings import TrainerSettings

LABEL = TrialLabel("t0", "m")
FASTER = [
    "trainer.channels_last=true",
    "trainer.compile=true",
    "trainer.tf32=true",
    "trainer.pin_memory=false",
    "trainer.persistent_workers=true",
]


def config(*overrides):
    small = ["trainer.accelerator=cpu", "model=lenet", "trainer.max_epochs=1", "trainer.max_examples=320", *overrides]
    return TrialConfig.of(OmegaConf.to_container(Composer().compose("train", small).cfg, resolve=True))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    return run_trial(Training(config(), folder), label=LABEL), load_file(folder / "weights.safetensors")


@pytest.fixture
def traced_only(monkeypatch):
    """torch.compile without its compiler, which takes tens of seconds: the network is traced, and run as it was."""
    original = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self: original(self, backend="eager"))


@pytest.mark.parametrize("option", FASTER)
def test_an_option_for_speed_changes_no_result(tmp_path, plain, traced_only, option):
    result, weights = plain
    found = run_trial(Training(config(option), tmp_path), label=LABEL)
    assert found["validation"] == pytest.approx(result["validation"], abs=1e-5)
    saved = load_file(tmp_path / "weights.safetensors")
    assert saved.keys() == weights.keys()
    assert all(torch.allclose(saved[name], tensor, atol=1e-5) for name, tensor in weights.items())


def test_only_the_first_trainer_looks_for_callbacks_in_all_that_is_installed(monkeypatch):
    make_trainer(TrainerSettings(accelerator="cpu"))
    monkeypatch.setattr("importlib.metadata.distributions", None)
    make_trainer(TrainerSettings(accelerator="cpu"))


def test_a_login_node_of_slurm_gets_no_advice(tmp_path, monkeypatch):
    (tmp_path / "srun").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        make_trainer(TrainerSettings(accelerator="cpu"))
    assert [str(one.message) for one in told] == []


def test_tf32_is_for_all_products_or_for_none():
    make_trainer(TrainerSettings(accelerator="cpu", tf32=True))
    assert torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32
    make_trainer(TrainerSettings(accelerator="cpu"))
    assert not torch.backends.cuda.matmul.allow_tf32 and not torch.backends.cudnn.allow_tf32


@pytest.fixture(scope="module")
def digits():
    data = build(config().raw["data"]["module"], "data.module", seed=0)
    data.setup()
    return data


def one_call(digits, plugins):
    """A module after one call's optimizer steps, and what its weights were before."""
    pl.seed_everything(0, verbose=False)
    task = config().module(digits.spec)
    task.progress = lambda step: 0.5
    before = torch.cat([parameter.detach().flatten().clone() for parameter in task.net.parameters()])
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=1,
        limit_train_batches=1,
        limit_val_batches=0,
        enable_model_summary=False,
        use_distributed_sampler=False,
        plugins=plugins,
        **quiet,
    )
    trainer.fit(task, train_dataloaders=digits.train_dataloader())
    return task, before


def test_half_precision_clips_the_unscaled_gradients_of_a_fused_optimizer(digits):
    plain, before = one_call(digits, None)
    half = MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu", init_scale=1024.0))
    scaled, _ = one_call(digits, half)
    assert scaled.optimizers().optimizer.defaults["fused"]
    assert scaled.gradient_clip_norm == 1.0
    assert scaled.global_step == plain.global_step == 1
    assert float(scaled.norm_before_clipping) == pytest.approx(float(plain.norm_before_clipping), rel=0.02)
    moved = [torch.cat([p.detach().flatten() for p in task.net.parameters()]) - before for task in (plain, scaled)]
    assert torch.nn.functional.cosine_similarity(*moved, dim=0) > 0.95
