"""The command ``train``, before it trains."""

import pytest
from filelock import FileLock
from omegaconf import OmegaConf

from bakeoff.commands import train
from bakeoff.config.composition import Composer
from bakeoff.errors import ConfigError


def test_two_commands_do_not_train_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "LEFTOVERS_S", 0.0)
    words = ["data=digits", "model=lenet", "tracking=none", "trainer.accelerator=cpu", f"output_dir={tmp_path}"]
    config = OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True)
    with FileLock(tmp_path / ".lock"), pytest.raises(ConfigError, match=r"config.folder_busy\] output_dir="):
        train.run(config)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    monkeypatch.setattr(train, "run_trial", lambda *_, **__: {"status": "pruned", "why": "enough"})
    assert train.run(config)["status"] == "pruned", "the lock is let go of"
