"""The command ``train``, before it trains."""

import pytest
from filelock import FileLock
from omegaconf import OmegaConf

from bakeoff.commands import train
from bakeoff.config.composition import Composer
from bakeoff.errors import ConfigError
from bakeoff.tasks.text_classification.task import TextClassification


def test_two_commands_do_not_train_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "LEFTOVERS_S", 0.0)
    words = ["data=digits", "model=lenet", "tracking=none", "trainer.accelerator=cpu", f"output_dir={tmp_path}"]
    config = OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True)
    with FileLock(tmp_path / ".lock"), pytest.raises(ConfigError, match=r"config.folder_busy\] output_dir="):
        train.run(config)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    monkeypatch.setattr(train, "run_trial", lambda *_, **__: {"status": "pruned", "why": "enough"})
    assert train.run(config)["status"] == "pruned", "the lock is let go of"


WITHOUT = [
    (["a", "b", "c"], [], "f1", "it is of two classes, one an example; there is the macro average"),
    (["a", "b", "a|b"], ["data.columns.label_separator='|'"], "calibration_error", "it is of one label an example"),
    (["a", "b", "a|b"], ["data.columns.label_separator='|'"], "recall", "it is of two classes, one an example"),
    (["a", "b"], [], "mae", "it is of classes in an order, task.module.ordinal=true"),
    (["a", "b"], [], "accuracy_top_k", "task.module.top_k says of how many"),
]


@pytest.mark.parametrize(("labels", "words", "metric", "why"), WITHOUT)
def test_a_metric_that_the_data_cannot_have_is_refused_before_training(tmp_path, labels, words, metric, why):
    rows = [f"text number {n},{labels[n % len(labels)]}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *rows]))
    given = [f"data.file={tmp_path / 't.csv'}", f"task.metric={metric}", f"output_dir={tmp_path / 'run'}", *words]
    facts = TextClassification.facts(metric)
    composed = Composer().compose(
        "train", ["task=text_classification", "data=csv", f"task.direction={facts.direction}", "tracking=none", *given]
    )
    with pytest.raises(ConfigError) as error:
        train.run(OmegaConf.to_container(composed.cfg, resolve=True))
    assert f"task.metric={metric}: it is not measured of this data: {why}" in error.value.line()
    assert "; allowed: accuracy, balanced_accuracy, " in error.value.line()
    assert not (tmp_path / "run").exists()
