"""Scaling: exponents against power laws, the order and the limits of a campaign, and one point measured for real."""

import dataclasses
import math
import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.measuring import campaign
from bakeoff.comparison.measuring.exponent import fit_exponent
from bakeoff.comparison.measuring.point import COSTS_OF_A_POINT, at_length, measure
from bakeoff.comparison.planning.contenders import enter
from bakeoff.config.composition import Composer
from bakeoff.data.image.spec import ImageSpec
from bakeoff.data.text.spec import LabelledTextSpec, TextPairSpec, TextStreamSpec
from bakeoff.errors import ConfigError
from bakeoff.training.trial.configuration import TrialConfig

COMMON = {
    "name": "made",
    "fingerprint": "f",
    "split_fingerprint": "s",
    "num_train": 8,
    "num_val": 2,
    "num_test": 2,
}
LABELLED = LabelledTextSpec(
    **COMMON,
    tokenizer={"kind": "byte"},
    vocab_size=11,
    class_names=("a", "b"),
    multi_label=False,
    max_length=9,
    typical_length=5,
)
STREAM = TextStreamSpec(**COMMON, tokenizer={"kind": "byte"}, vocab_size=11, sequence_length=8, bytes_per_token=1.0)
PAIRS = TextPairSpec(
    **COMMON,
    source_tokenizer={"kind": "byte"},
    target_tokenizer={"kind": "byte"},
    source_vocab_size=9,
    target_vocab_size=7,
    max_source_length=6,
    max_target_length=6,
    typical_source_length=5,
    typical_target_length=4,
)
SPECS = {"text_classification": LABELLED, "language_modeling": STREAM, "translation": PAIRS}


def contenders(task="text_classification", names=("gru", "transformer")):
    overrides = [f"task={task}", f"contenders=[{','.join(names)}]", "trainer.accelerator=cpu"]
    config = OmegaConf.to_container(Composer().compose("scale", overrides).cfg, resolve=True)
    small = [{"model": name, "width": 8, **({"depth": 1} if name != "tcn" else {})} for name in names]
    return enter(config, small, "contender")


def found(seconds):
    return dict.fromkeys(COSTS_OF_A_POINT, seconds) | {"params": 10}


def points_of(entered, lengths, widths=()):
    return campaign.make_points(entered, entered, lengths=lengths, widths=widths, length=4)


def run(points, monkeypatch, seconds, **settings):
    """Measures with made figures; returns what was asked for, in order."""
    asked = []

    def made(config, spec, batch_size, allow_code, *, max_seconds):
        point = (config["model"]["name"], spec.sequence_length)
        asked.append(point)
        return seconds(*point, asked)

    monkeypatch.setattr(campaign, "in_fresh_process", made)
    settings = {"batch_size": 2, "repeats": 1, "max_seconds": 100.0, "say": lambda line: None} | settings
    campaign.measure_points(points, STREAM, **settings)
    return asked


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0, 1.5])
def test_a_power_law_gives_its_exponent_without_error(power):
    fitted = fit_exponent([64, 128, 256, 512], [3e-3 * size**power for size in (64, 128, 256, 512)])
    assert fitted.value == pytest.approx(power, abs=1e-12)
    assert fitted.standard_error is None
    assert fitted.sizes == (256, 512)


def test_a_fixed_cost_at_small_sizes_does_not_enter():
    sizes = [2**k for k in range(8)]
    costs = [max(size, 10.0) for size in sizes]
    assert fit_exponent(sizes, costs).value == pytest.approx(1.0)


def test_the_standard_error_is_that_of_least_squares():
    # Of the upper half the logarithms are 0, 1, 2 and 0, 3, 3: slope 1.5, residuals -0.5, 1, -0.5, and so the root of
    # 1.5 / (3 - 2) / 2.
    fitted = fit_exponent([0.1, 0.2, 1.0, math.e, math.e**2], [9.0, 9.0, 1.0, math.e**3, math.e**3])
    assert fitted.value == pytest.approx(1.5)
    assert fitted.standard_error == pytest.approx(math.sqrt(0.75))


def test_too_little_gives_no_exponent():
    assert fit_exponent([64], [1.0]) is None
    assert fit_exponent([64, 128, 256, 512], [1.0, 1.0, 1.0, 0.0]) is None


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_data_take_any_length(spec):
    inputs = at_length(spec, 17).example_inputs(3)
    assert {part.shape for part in (inputs if isinstance(inputs, tuple) else (inputs,))} == {(3, 17)}


def test_data_without_length_are_refused():
    images = ImageSpec(**COMMON, channels=1, height=8, width=8, class_names=("a",), mean=(0.0,), std=(1.0,))
    with pytest.raises(ConfigError, match="data of kind image have no sequence length"):
        at_length(images, 8)


def test_contenders_take_turns_at_each_size_and_rounds_follow_each_other(monkeypatch):
    points = points_of(contenders("language_modeling"), [16, 8])
    asked = run(points, monkeypatch, lambda *_: found(1e-3), repeats=2)
    once = [("gru", 8), ("transformer", 8), ("gru", 16), ("transformer", 16)]
    assert asked == once + once


def test_the_median_of_the_rounds_is_told(monkeypatch):
    points = points_of(contenders("language_modeling", ["gru"]), [8])
    run(points, monkeypatch, lambda name, length, asked: found([3.0, 9.0, 4.0][len(asked) - 1]), repeats=3)
    assert points[0].to_dict()["train_seconds"] == 4.0
    assert points[0].to_dict()["rounds"] == 3


def test_a_point_that_would_take_too_long_is_not_tried(monkeypatch):
    points = points_of(contenders("language_modeling"), [8, 16, 32, 64])
    # Each point takes 4 times its figure: the GRU's grows with the square, and 64 steps would take 16 s.
    seconds = {"gru": lambda length: (length / 32) ** 2, "transformer": lambda length: 1e-3}
    asked = run(points, monkeypatch, lambda name, length, _: found(seconds[name](length)), max_seconds=10.0)
    assert ("gru", 32) in asked and ("gru", 64) not in asked and ("transformer", 64) in asked
    assert [p.skipped for p in points if p.skipped] == ["would take about 16 s, more than scale.max_seconds=10"]


def test_after_one_that_took_too_long_the_larger_ones_are_skipped_too(monkeypatch):
    slow = {"skipped": "took more than scale.max_seconds=100"}
    points = points_of(contenders("language_modeling", ["gru"]), [8, 16, 32])
    asked = run(points, monkeypatch, lambda name, length, _: slow if length == 16 else found(1e-3))
    assert asked == [("gru", 8), ("gru", 16)]
    assert points[2].skipped == "length 16 took too long for scale.max_seconds=100 already"


def test_widths_are_those_of_the_yaml_with_another_width():
    entered = contenders("language_modeling")
    sized = contenders("language_modeling")
    sized[0].config["model"]["net"]["hidden"] = 5
    points = campaign.make_points(sized, entered, lengths=[8], widths=[16, 32], length=4)
    nets = [(p.size, p.length, p.config["model"]["net"]) for p in points if p.contender.model == "gru"]
    assert [(size, length, net["width"], net["hidden"]) for size, length, net in nets] == [
        (8, 8, 8, 5),
        (16, 4, 16, None),
        (32, 4, 32, None),
    ]


def test_what_could_not_be_measured_says_why(monkeypatch):
    entered = contenders("language_modeling", ["gru"])
    points = points_of(entered, [8])
    run(points, monkeypatch, lambda *_: {"skipped": "no room"})
    with pytest.raises(ConfigError, match="no room"):
        campaign.summarised(points, entered)


@pytest.mark.parametrize("task", SPECS)
@pytest.mark.parametrize("model", ["tcn", "gru", "transformer"])
def test_every_task_of_text_is_measured(task, model):
    (entered,) = contenders(task, [model])
    costs = measure(TrialConfig.of(entered.config), at_length(SPECS[task], 6), batch_size=2)
    assert set(costs) == {*COSTS_OF_A_POINT, "params"}
    assert all(math.isfinite(value) and value >= 0 for value in costs.values())


def test_several_labels_are_measured_too():
    (entered,) = contenders(names=["gru"])
    spec = dataclasses.replace(LABELLED, multi_label=True)
    assert measure(TrialConfig.of(entered.config), at_length(spec, 6), batch_size=2)["train_seconds"] > 0


def test_a_process_of_its_own_tells_what_it_found_or_what_is_wrong():
    gru, transformer = contenders("language_modeling")
    told = campaign.in_fresh_process(gru.config, at_length(STREAM, 6), 2, [], max_seconds=60)
    assert told["train_seconds"] > 0 and told["train_memory_mb"] >= told["inference_memory_mb"]
    transformer.config["model"]["net"]["heads"] = 3
    wrong = campaign.in_fresh_process(transformer.config, at_length(STREAM, 6), 2, [], max_seconds=60)
    assert "heads" in wrong["skipped"]
    late = campaign.in_fresh_process(gru.config, at_length(STREAM, 6), 2, [], max_seconds=1e-6)
    assert late["skipped"] == "took more than scale.max_seconds=1e-06"


@pytest.mark.skipif(sys.platform != "linux", reason="memory of libraries is told apart on Linux")
def test_peak_memory_is_what_was_written_and_given_back_too():
    program = """
import torch
from bakeoff.comparison.measuring.point import PeakMemory
memory = PeakMemory()
torch.ones(64 * 2**18)
print(memory.above_start_mb())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(64, abs=4)
