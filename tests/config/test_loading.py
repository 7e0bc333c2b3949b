"""A file of a configuration is read once a process, and what is composed of it is what Hydra composes."""

from __future__ import annotations

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.types import RunMode
from omegaconf import OmegaConf

from bakeoff.config.composition import Composer
from bakeoff.config.loading import Loader
from bakeoff.config.running import run_pipeline

WORDS = {
    "train": ["model=vit", "model.net.depth=3", "+trainer.new=1"],
    "compare": ["experiment=demo", "contenders=[lenet,vit]", "budget.value=30_000"],
}


@pytest.mark.parametrize("pipeline", WORDS)
def test_each_composition_is_that_of_hydra_whatever_was_composed_before(pipeline):
    composer = Composer()
    hydras = ConfigLoaderImpl(composer.loader.config_search_path)

    def composed(loader, words):
        cfg = loader.load_configuration(pipeline, words, RunMode.RUN, from_shell=False, validate_sweep_overrides=False)
        return OmegaConf.to_yaml(cfg)

    for words in (WORDS[pipeline], [], WORDS[pipeline]):
        assert composed(composer.loader, words) == composed(hydras, words)


def test_a_file_is_read_once_and_again_when_it_has_changed(tmp_path, monkeypatch):
    own = tmp_path / "optimizer" / "own.yaml"
    own.parent.mkdir()
    own.write_text("lr: 1\n")
    read = []
    original = OmegaConf.load
    monkeypatch.setattr(OmegaConf, "load", lambda file: read.append(file) or original(file))

    def lr():
        return Composer(config_dir=tmp_path).compose("train", ["optimizer=own"]).cfg.optimizer.lr

    assert lr() == 1
    read.clear()
    assert lr() == 1
    assert read == []
    own.write_text("lr: 2\n")
    assert lr() == 2
    assert len(read) == 1


@pytest.mark.parametrize(("words", "times"), [(["seed=3"], 2), (["hydra.mode=RUN"], 3)])
def test_a_command_is_composed_to_be_checked_and_to_be_run(words, times, monkeypatch):
    """A third time only where it may say of itself how often Hydra runs it."""
    composed, got = [], []
    original = Loader.load_configuration

    def counted(loader, *arguments, **named):
        composed.append(arguments)
        return original(loader, *arguments, **named)

    monkeypatch.setattr(Loader, "load_configuration", counted)
    run_pipeline("train", lambda config: got.append(config["seed"]), argv=words)
    assert len(composed) == times
    assert len(got) == 1
