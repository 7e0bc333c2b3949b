"""The test in parts that are alike: who is good where, with intervals worked by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bakeoff.files import read_json, write_json
from bakeoff.report.analysis.slices import slices_of
from bakeoff.report.pages.report import write_report
from bakeoff.report.reading import read_bakeoff
from tests.report.synthetic_bakeoff import Recipe, write_bakeoff


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bakeoff whose leader is right on the first half of the test alone, and vit on the second alone."""
    path = write_bakeoff(tmp_path_factory.mktemp("cut") / "bakeoff", Recipe(warnings=()))
    examples = read_json(path / "test_examples.json")
    half = len(examples) // 2
    scores = pd.read_parquet(path / "scores.parquet")
    place = scores["example"].astype(str).map({name: number for number, name in enumerate(examples)}).astype(int)
    name = scores["contender"].astype(str)
    right = np.where(name == "resnet", place < half, np.where(name == "vit", place >= half, place % 2 == 0))
    scores.assign(score=right.astype(float)).to_parquet(path / "scores.parquet", index=False)
    lengths = [float(number // 20) for number in range(len(examples))]
    places = ["here" if number < half else "<there>" for number in range(len(examples))]
    write_json(path / "test_attributes.json", {"words": lengths, "place": places, "same": [1.0] * len(examples)})
    return path


def test_parts_have_means_intervals_and_who_is_ahead_of_the_leader(cut: Path) -> None:
    found = {(part.attribute, part.label): part for part in slices_of(read_bakeoff(cut))}
    assert {attribute for attribute, _ in found} == {"words", "place"}, "what is the same everywhere cuts nothing"
    there, here = found["place", "<there>"], found["place", "here"]
    assert (there.count, here.count) == (180, 180)
    assert (there.cells["resnet"][0], there.cells["vit"][0]) == (0.0, 1.0)
    assert np.isnan(there.cells["vit"][1]), "examples that are all alike say nothing of how others spread"
    mean, half = there.cells["renet"]
    assert mean == 0.5
    assert half == pytest.approx(1.96 * np.sqrt(0.25 * 180 / 179 / 180))
    assert list(there.ahead) == ["renet", "vit"] and list(here.ahead) == []
    assert [label for attribute, label in found if attribute == "words"] == ["0 to 4", "5 to 8", "9 to 13", "14 to 17"]
    assert sum(part.count for (attribute, _), part in found.items() if attribute == "words") == 360


def test_too_few_examples_have_no_interval_and_many_words_cut_nothing(cut: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(cut, tmp_path / "few"))
    count = len(read_json(folder / "test_examples.json"))
    own = {"kind": ["rare"] * 5 + ["usual"] * (count - 5), "id": [str(number) for number in range(count)]}
    write_json(folder / "test_attributes.json", own)
    parts = {part.label: part for part in slices_of(read_bakeoff(folder))}
    assert set(parts) == {"rare", "usual"}
    assert np.isnan(parts["rare"].cells["vit"][1])


def test_a_metric_that_is_no_mean_and_attributes_of_other_examples_cut_nothing(cut: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(cut, tmp_path / "other"))
    plan = read_json(folder / "plan.json")
    write_json(folder / "plan.json", plan | {"task": plan["task"] | {"metric": "f1_macro"}})
    assert slices_of(read_bakeoff(folder)) == []
    write_json(folder / "plan.json", plan)
    write_json(folder / "test_attributes.json", {"words": [1.0, 2.0]})
    assert slices_of(read_bakeoff(folder)) == []
    assert '<section id="slices"' not in write_report(folder).read_text()


def test_the_page_shows_them_escaped_with_those_ahead_in_bold(cut: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(cut, tmp_path / "page"))
    page = write_report(folder).read_text()
    section = page.split('<section id="slices"')[1].split("</section>")[0]
    assert "&lt;there&gt;" in section and "<there>" not in section
    assert "<strong>100" in section
