"""``bakeoff scale`` and ``bakeoff gradients`` from their configuration to their files."""

import pytest
from omegaconf import OmegaConf

from bakeoff.commands import gradients, scale
from bakeoff.comparison.measuring import campaign
from bakeoff.comparison.measuring.point import COSTS_OF_A_POINT
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.config.composition import Composer
from bakeoff.errors import ConfigError
from bakeoff.files import read_json

CONTENDERS = "contenders=[{model: gru, depth: 1}, {model: transformer, depth: 1}]"


@pytest.fixture
def texts(tmp_path):
    rows = "\n".join(f"{'good' if k % 2 else 'bad'} number {k},{k % 2}" for k in range(40))
    path = tmp_path / "texts.csv"
    path.write_text(f"text,label\n{rows}\n")
    return ["task=text_classification", "data=csv", f"data.file={path}", "trainer.accelerator=cpu", CONTENDERS]


@pytest.fixture
def measured(monkeypatch):
    """What was to be measured: network and length of each point; every point costs a second a step."""
    asked = []

    def made(config, spec, batch_size, allow_code, *, max_seconds):
        asked.append((config["model"]["net"], spec.typical_length))
        return dict.fromkeys(COSTS_OF_A_POINT, float(spec.typical_length)) | {"params": 1}

    monkeypatch.setattr(campaign, "in_fresh_process", made)
    return asked


def composed(pipeline, *overrides):
    return OmegaConf.to_container(Composer().compose(pipeline, list(overrides)).cfg, resolve=True)


SMALL = (
    "scale.lengths=[8,16,32,64]",
    "scale.widths=[16]",
    "scale.length=4",
    "scale.repeats=1",
    "scale.max_seconds=999",
)


def test_scale_measures_at_the_budget_and_writes_json_and_a_page(texts, measured, tmp_path, capsys):
    folder = tmp_path / "scale"
    scale.run(composed("scale", *texts, *SMALL, "budget=params", "budget.value=30_000", f"output_dir={folder}"))
    found = read_json(folder / "scale.json")
    assert [entry["name"] for entry in found["contenders"]] == ["gru (depth=1)", "transformer (depth=1)"]
    for entry in found["contenders"]:
        assert abs(entry["params"] / 30_000 - 1) < 0.05
        assert entry["exponents"]["length"]["train_seconds"]["value"] == pytest.approx(1.0)
        assert entry["exponents"]["length"]["train_seconds"]["sizes"] == [32, 64]
    assert [length for _, length in measured] == [8, 8, 16, 16, 32, 32, 64, 64, 4, 4]
    assert "exponent" in (folder / "scale.html").read_text()
    assert "training step (ms) by length" in capsys.readouterr().out


def test_scale_takes_the_contenders_of_a_bakeoff_at_their_sizes(texts, measured, tmp_path):
    folder = tmp_path / "bakeoff"
    plan = make_plan(composed("compare", *texts, "baselines=[]", "budget.value=30_000"))
    open_folder(folder, plan)
    scale.run(composed("scale", *SMALL, f"scale.bakeoff={folder}"))
    sizes = {contender.name: contender.size_args for contender in plan.contenders}
    nets = [net for net, length in measured if length == 8]
    for net, args in zip(nets, sizes.values(), strict=True):
        assert net["depth"] == 1
        assert args and args.items() <= net.items()
    assert [net["width"] for net, length in measured if length == 4] == [16, 16]
    found = read_json(folder / "scale.json")
    assert [entry["params"] for entry in found["contenders"]] == [contender.params for contender in plan.contenders]


def test_scale_refuses_what_cannot_be_measured(texts, tmp_path):
    with pytest.raises(ConfigError, match="tfidf is fitted in one go"):
        scale.run(composed("scale", *texts[:-1], "contenders=[tfidf]", f"output_dir={tmp_path}"))
    with pytest.raises(ConfigError, match="no bakeoff there"):
        scale.run(composed("scale", f"scale.bakeoff={tmp_path}"))
    with pytest.raises(ConfigError, match=r"scale.lengths=\[0, 8\]"):
        scale.run(composed("scale", "scale.lengths=[0,8]"))


def test_gradients_writes_json_and_a_page(tmp_path, capsys):
    small = ["contenders=[{model: lstm, width: 8}, {model: tcn, width: 8}]", "gradients.lengths=[5,20]"]
    gradients.run(composed("gradients", *small, f"output_dir={tmp_path}"))
    found = read_json(tmp_path / "gradients.json")
    assert [curve["length"] for entry in found["contenders"] for curve in entry["curves"]] == [5, 20, 5, 20]
    assert "lstm (width=8)" in (tmp_path / "gradients.html").read_text()
    assert "before training" in capsys.readouterr().out
