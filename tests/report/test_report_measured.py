"""Scaling and gradient flow in the report, on pages of their own and on the terminal."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from bakeoff.files import write_json
from bakeoff.report.pages.measured import write_gradients_page, write_scaling_page
from bakeoff.report.palette import looks
from bakeoff.report.reading import read_bakeoff
from bakeoff.report.sections.gradients import gradient_warnings, power_of_ten, print_gradients, reaches
from bakeoff.report.sections.scaling import exponent_text, measured_axes, print_scaling, scaling_context
from tests.report.built_page import built
from tests.report.html_outline import outline
from tests.report.measured_files import FAMILIES, gradients_file, scale_file
from tests.report.synthetic_bakeoff import RACED, write_bakeoff


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The report of a bakeoff that was measured too, one of whose trials had vanishing gradients."""
    folder = write_bakeoff(tmp_path_factory.mktemp("measured") / "finished")
    write_json(folder / "scale.json", scale_file())
    write_json(folder / "gradients.json", gradients_file())
    path = folder / "trials" / "renet-01-a1b2c3" / "result.json"
    write_json(path, json.loads(path.read_text()) | {"gradients": "vanishing"})
    return built(folder)


def test_a_report_without_measurements_has_no_such_sections(report):
    assert 'id="scaling"' not in report.html and 'id="gradients"' not in report.html


def test_the_report_shows_exponents_and_what_was_skipped(measured):
    section = measured.html.split('<section id="scaling"')[1].split("</section>")[0]
    assert "2.00 ± 0.03" in section and "1.00 ± 0.03" in section
    assert "length 1,024: would take about 99 s &lt;b&gt;" in section
    assert section.count("<svg") - section.count('class="mark"') == 6


def test_the_report_shows_how_far_the_loss_reaches(measured):
    section = measured.html.split('<section id="gradients"')[1].split("</section>")[0]
    assert section.count("<svg") - section.count('class="mark"') == 4
    assert "Before training" in section and "After training" in section


def test_a_trial_with_vanishing_gradients_is_a_warning(measured, report):
    line = "Gradients vanished in 1 of 5 trials of renet: renet-01-a1b2c3."
    assert line in measured.html.split('<section id="failures"')[1].split("</section>")[0]
    assert "Gradients vanished" not in report.html


def test_trials_that_a_race_saved_are_not_counted_as_trained(tmp_path):
    folder = write_bakeoff(tmp_path / "b", RACED)  # renet leaves after 5 of 20 seeds
    path = folder / "trials" / "renet-01-a1b2c3" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"gradients": "vanishing"}))
    assert gradient_warnings(read_bakeoff(folder)) == ["Gradients vanished in 1 of 5 trials of renet: renet-01-a1b2c3."]


def test_pages_of_their_own_are_self_contained_and_escape_what_they_show(tmp_path):
    write_json(tmp_path / "scale.json", scale_file())
    write_json(tmp_path / "gradients.json", gradients_file() | {"command": "bakeoff gradients '<script>'"})
    for path in (write_scaling_page(tmp_path), write_gradients_page(tmp_path)):
        html = path.read_text()
        outline(html)
        assert "default-src 'none'" in html
        assert "<script" not in html and "http://" not in html.replace("http://www.w3.org", "")


def test_reach_counts_the_steps_above_a_thousandth():
    rows = {(row.name, row.state, row.length): row for row in reaches(gradients_file())}
    # 0.5 ** 9 is above a thousandth, 0.5 ** 10 is not.
    assert rows["renet", "before training", 50].steps == 9
    assert rows["renet", "after training", 50].steps == 49
    assert rows["vit", "after training", 50].steps == 4
    assert rows["vit", "after training", 50].far == "0"
    assert rows["renet", "before training", 10].far == "10^−2.7"
    assert (rows["renet", "before training", 10].layers, rows["renet", "before training", 10].smallest) == (
        "10^−3.0",
        "layers.0",
    )


@pytest.mark.parametrize(("ratio", "text"), [(1.0, "1"), (0.99, "1"), (0.0, "0"), (1e-3, "10^−3.0"), (100, "10^2.0")])
def test_powers_of_ten_are_readable(ratio, text):
    assert power_of_ten(ratio) == text


def test_exponents_tell_their_error_where_they_have_one():
    assert exponent_text(None) == "—"
    assert exponent_text({"value": -0.004, "standard_error": None}) == "−0.00"
    assert exponent_text({"value": 1.987, "standard_error": 0.016}) == "1.99 ± 0.02"


def test_an_axis_without_points_is_left_out():
    found = scale_file()
    for entry in found["contenders"]:
        entry["points"] = [p for p in entry["points"] if p["axis"] == "length"]
    assert [axis.name for axis in measured_axes(found)] == ["length"]
    context = scaling_context(found, looks(FAMILIES.items()))
    assert [len(axis.figures) for axis in context["scaling_axes"]] == [3]


def test_the_terminal_shows_every_size_the_exponent_and_what_was_skipped():
    console = Console(width=120)
    with console.capture() as captured:
        print_scaling(scale_file(), console)
        print_gradients(gradients_file(), console)
    text = captured.get()
    assert "training step (ms) by length 64 128 256 512 1,024 exponent" in " ".join(text.split())
    assert "2.00 ± 0.03" in text
    assert "skipped: vit, length 1,024" in text
    assert "after training" in text
