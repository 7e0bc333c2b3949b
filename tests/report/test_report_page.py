"""The page as a whole: it stands alone, says what the files say, and is the same every time."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bakeoff.errors import DataError
from bakeoff.report.numbers import prose
from bakeoff.report.pages.report import SECTIONS, write_report
from tests.report.built_page import Built, built
from tests.report.declared_metrics import metric as declared
from tests.report.html_outline import outline
from tests.report.synthetic_bakeoff import Recipe, pictures, write_bakeoff

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
SMALL = {"seeds": 3, "examples": 60, "epochs": 4}


def edit(path: Path, change: Any) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def numbers_in(value: Any) -> set[str]:
    """Every float of a nested JSON value, as the page writes it."""
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(numbers_in, value))
    return {str(value)} if isinstance(value, float) else set()


def test_every_number_of_the_leaderboard_and_of_the_pairs_is_on_the_page_in_full_precision(report: Built) -> None:
    rows = [
        {key: row[key] for key in row if key not in ("examples_seen", "validation")}
        for row in report.verdict["leaderboard"]
    ]
    for row in rows:
        for metric in ("f1_macro", "calibration_error"):
            del row["test"][metric]["values"]
    pairs = [
        {key: pair[key] for key in ("difference", "low", "high", "p", "level", "df")}
        for pair in report.verdict["pairs"]
    ]
    assert numbers_in(rows) | numbers_in(pairs) <= set(report.outline.data)


def test_printed_numbers_are_those_of_the_files_rounded(report: Built) -> None:
    printed = re.findall(r'<data value="([\d.e-]+)">([\d.]+)\u202f%</data>', report.html)
    assert len(printed) > 50
    for exact, text in printed:
        decimals = len(text.partition(".")[2])
        assert float(text) == pytest.approx(100 * float(exact), abs=0.5001 * 10**-decimals)


def test_headline_names_the_winner_the_word_and_the_sentence(report: Built) -> None:
    assert report.verdict["verdict"] == "WINS"
    headline = re.search(r'<p class="headline">(.*?)</p>', report.html)
    assert headline is not None and headline[1] == f"{report.verdict['winner']} wins"
    assert prose(report.verdict["sentence"]) in report.outline.text
    assert "CNN, RNN or Transformer for image classification on digits?" in report.outline.text


def test_page_holds_no_script_no_address_and_a_strict_policy(report: Built) -> None:
    assert report.outline.policy == POLICY
    assert report.outline.tags["script"] == report.outline.tags["link"] == report.outline.tags["iframe"] == 0
    assert report.outline.event_handlers == []
    assert all(address.startswith("data:image/png;base64,") for address in report.outline.addresses)
    assert not re.search(r"https?://|@import|url\((?!#)", report.html)


def test_tags_nest_ids_are_unique_and_links_lead_somewhere(report: Built) -> None:
    assert report.outline.nesting_errors == []
    assert [name for name, times in report.outline.ids.items() if times > 1] == []
    assert report.outline.anchors <= set(report.outline.ids)
    assert {name for name, _ in SECTIONS} - {
        "tuning",
        "race",
        "scaling",
        "gradients",
        "exhibits",
        "overview",
        "slices",
        "looked",
        "robustness",
        "data_sizes",
    } <= set(report.outline.ids)


def test_headings_descend_one_level_at_a_time_from_a_single_h1(report: Built) -> None:
    levels = report.outline.headings
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_figures_pictures_and_scroll_boxes_have_a_text_for_those_who_cannot_see_them(report: Built) -> None:
    assert report.outline.unlabelled == []
    assert report.outline.tags["img"] > 0


def test_no_sentinel_colour_is_left_in_a_figure(report: Built) -> None:
    assert not re.search(r"#0a5e[0-9a-f]{2}", report.html)
    used = set(re.findall(r"var\(--([a-z]+-?\d?)\)", report.html))
    defined = set(re.findall(r"--([a-z]+-?\d?):", report.html))
    assert used <= defined


def test_same_folder_gives_the_same_bytes(report: Built) -> None:
    before = (report.folder / "report.html").read_bytes()
    assert write_report(report.folder, examples=pictures).read_bytes() == before


@pytest.mark.parametrize("word", ["WINS_SMALL", "EQUIVALENT", "NOT_ENOUGH_EVIDENCE"])
def test_each_verdict_has_its_headline(word: str, tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(verdict=word, **SMALL))
    edit(folder / "verdict.json", lambda raw: raw.update(equivalent=["renet", "vit"]))
    expected = {
        "WINS_SMALL": "wins, by less than the margin that matters",
        "EQUIVALENT": "renet and vit are equally good",
        "NOT_ENOUGH_EVIDENCE": "Not enough evidence to name a winner",
    }
    page = built(folder).html
    assert expected[word] in page
    assert "PROVISIONAL" in page


def test_a_baseline_that_no_contender_beats_is_named_in_the_headline(report: Built, tmp_path: Path) -> None:
    assert "No contender is better" not in report.outline.text
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))

    def raise_linear(raw: dict[str, Any]) -> None:
        next(row for row in raw["leaderboard"] if row["name"] == "linear")["test"]["accuracy"]["mean"] = 0.9999

    edit(folder / "verdict.json", raise_linear)
    assert "No contender is better than the baseline linear, which reaches 99.99\u202f%" in built(folder).outline.text


HOSTILE = [
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "</style><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}",
    "$\\frac{",
]


def test_hostile_names_are_printed_and_never_run(tmp_path: Path) -> None:
    folder = write_bakeoff(
        tmp_path / "b", Recipe(class_names=(*HOSTILE, "a\x0bb", "\ud800", "日本"), warnings=tuple(HOSTILE), **SMALL)
    )
    text = (folder / "verdict.json").read_text().replace('"resnet"', json.dumps(HOSTILE[0]))
    (folder / "verdict.json").write_text(text)
    text = (folder / "plan.json").read_text().replace('"resnet"', json.dumps(HOSTILE[0]))
    (folder / "plan.json").write_text(text.replace('"AMD EPYC 7B13"', json.dumps(HOSTILE[1])))
    page = built(folder)
    assert page.outline.tags["script"] == 0
    assert page.outline.event_handlers == []
    assert page.outline.nesting_errors == []
    assert all(address.startswith("data:image/png") for address in page.outline.addresses)
    for name in HOSTILE:
        assert name in page.outline.text


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (["test_labels.arrow"], "test labels are missing, so there is no confusion matrix"),
        (["test_examples.json"], "test_examples.json is not there"),
        (["trials/resnet-00-a1b2c3/result.json"], "Trial resnet-00-a1b2c3 of resnet has no result"),
        ([f"trials/vit-0{k}-a1b2c3/test_predictions.arrow" for k in range(3)], "No trial of vit has predictions"),
    ],
)
def test_a_missing_piece_is_named_and_the_rest_is_built(lost: list[str], said: str, tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))
    for name in lost:
        (folder / name).unlink()
    page = built(folder)
    assert said in page.outline.text
    assert page.outline.nesting_errors == []
    assert prose(page.verdict["sentence"]) in page.outline.text


def test_a_plan_and_a_verdict_alone_make_a_page(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    write_bakeoff(folder, Recipe(**SMALL))
    kept = {name: (folder / name).read_text() for name in ("plan.json", "verdict.json")}
    bare = tmp_path / "bare"
    bare.mkdir()
    for name, text in kept.items():
        (bare / name).write_text(text)
    page = built(bare, images=None)
    assert "No metric log of a finished trial was found" in page.outline.text
    assert page.outline.nesting_errors == []


def test_unknown_numbers_are_dashes(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))

    def forget(raw: dict[str, Any]) -> None:
        for row in raw["leaderboard"]:
            row.update(train_seconds=None, peak_memory_mb=None, latency_ms={}, train_flops=None)
            row["test"]["calibration_error"].update(low=None, high=None)
        raw["pairs"][0].update(low=None, high=None, p=None, vex=None)
        raw.update(
            margin=None, trivial=None, indicative={}, flops_ratio=None, advice={"text": "Ten seeds.", "seeds": 10}
        )

    edit(folder / "verdict.json", forget)
    page = built(folder)
    assert "None" not in page.outline.text and "nan" not in page.outline.text.lower().split()
    assert "Ten seeds." in page.outline.text
    assert page.outline.nesting_errors == []


def test_a_broken_archive_of_predictions_counts_as_missing(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))
    for trial in (folder / "trials").glob("renet-*"):
        (trial / "test_predictions.arrow").write_bytes(b"PK\x03\x04 cut off")
    assert "No trial of renet has predictions" in built(folder).outline.text


def test_failed_trials_are_listed_with_their_reason(tmp_path: Path) -> None:
    page = built(write_bakeoff(tmp_path / "b", Recipe(failed=(("renet", 1),), **SMALL)))
    assert "1 FAILED TRIAL" in page.outline.text
    assert "loss is NaN" in page.outline.text and "renet-01-a1b2c3" in page.outline.text


def test_data_that_is_gone_costs_the_pictures_only(tmp_path: Path) -> None:
    def gone(indices: Any) -> list[np.ndarray]:
        raise DataError("data.not_found", "data.path", "digits", "no such folder")

    page = built(write_bakeoff(tmp_path / "b", Recipe(**SMALL)), images=gone)
    assert "The examples can't be shown: error[data.not_found]" in page.outline.text
    assert page.outline.tags["img"] == 0


def test_a_folder_without_a_verdict_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))
    (folder / "verdict.json").unlink()
    with pytest.raises(DataError, match=r"error\[report.unfinished\].*no verdict.json.*next: run the same"):
        write_report(folder)
    assert not (folder / "report.html").exists()


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))
    edit(folder / "plan.json", lambda raw: raw.update(schema_version=2))
    with pytest.raises(DataError, match=r"report.schema.*allowed: 1"):
        write_report(folder)


def test_twenty_seeds_and_a_hundred_classes_stay_below_two_megabytes(tmp_path: Path) -> None:
    names = tuple(f"species {number:03d}" for number in range(100))
    folder = write_bakeoff(tmp_path / "b", Recipe(seeds=20, examples=1000, class_names=names))
    big = [np.random.default_rng(k).integers(0, 255, (224, 224, 3), dtype=np.uint8) for k in range(24)]
    page = write_report(folder, examples=lambda indices: big[: len(indices)])
    assert page.stat().st_size < 2_000_000
    assert outline(page.read_text(encoding="utf-8")).tags["img"] == 24 + 5


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("params", "Training compute was unequal: the costliest contender takes 3.0 times"),
        ("flops", "Training compute was equal: the costliest contender takes 3.0 times"),
        ("time", "Training time was equal: the costliest contender takes 3.0 times"),
    ],
)
def test_what_the_budget_made_equal_is_not_called_unequal(mode: str, said: str, tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(budget={"mode": mode, "value": 1e6}, **SMALL))
    edit(folder / "verdict.json", lambda raw: raw.update(flops_ratio=3.0))
    text = " ".join(built(folder).outline.text.split())
    assert f"{said} the FLOPs of the cheapest for an example." in text


def test_failures_and_intervals_are_explained_as_they_were_computed(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(failed=(("renet", 1),), **SMALL))
    edit(folder / "verdict.json", lambda raw: raw.update(trivial_words="giving every byte the same probability"))
    text = " ".join(built(folder).outline.text.split())
    assert "each scores as the trivial predictor does: giving every byte the same probability." in text
    assert "of accuracy over seeds and test examples, of the other metrics over seeds alone" in text


def test_metrics_are_named_and_explained_by_the_facts_of_the_plan(report: Built, tmp_path: Path) -> None:
    text = report.outline.text
    assert declared("f1_macro").facts.meaning in text
    assert declared("mae").facts.meaning not in text, "the page does not show that metric"
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))

    def rename(raw: dict[str, Any]) -> None:
        facts = next(facts for facts in raw["task"]["facts"] if facts["name"] == "f1_macro")
        facts |= {"label": "balanced F <1>", "meaning": "By & by.", "unit": "none"}

    edit(folder / "plan.json", rename)
    renamed = built(folder)
    assert "macro-F1" not in renamed.outline.text
    assert "balanced F <1>" in renamed.outline.text and "By & by." in renamed.outline.text


def test_a_folder_from_before_metrics_were_declared_keeps_its_percent(report: Built, tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe())
    edit(folder / "plan.json", lambda raw: raw["task"].pop("facts"))
    older = built(folder).outline
    mean = report.verdict["leaderboard"][0]["test"]["accuracy"]["mean"]
    assert f"{100 * mean:.2f}\u202f%" in older.text and "macro-F1" in older.text
    assert older.data == report.outline.data


def test_what_the_t_distribution_puts_outside_of_a_metric_is_not_shown(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", Recipe(**SMALL))

    def widen(raw: dict[str, Any]) -> None:
        raw["leaderboard"][0]["test"]["accuracy"].update(low=0.9, high=1.07)
        raw["leaderboard"][0]["test"]["calibration_error"].update(low=-0.0123, high=0.02)

    edit(folder / "verdict.json", widen)
    page = built(folder)
    assert "90.00 – 100.00" in page.outline.text and "0.00 – 2.00" in page.outline.text
    assert "interval 90.00\u202f% to 100.00\u202f%" in page.html, "what a screen reader says of the figure"
    assert {"1.07", "-0.0123"} <= set(page.outline.data), "exact numbers stay those of the file"
