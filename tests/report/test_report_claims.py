"""Stamps, race, audit, protocol and Markdown: they say what the files say, and fit the kind of claim."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bakeoff.report.numbers import prose
from bakeoff.report.pages.markdown import write_markdown
from bakeoff.report.reading import read_bakeoff
from bakeoff.report.sections.protocol import protocol
from bakeoff.report.sections.stamps import stamps, undeclared_openings
from tests.report.built_page import Built, built
from tests.report.declared_metrics import FACTS
from tests.report.synthetic_bakeoff import RACED, TUNED, Recipe, write_bakeoff

FEW = {"examples": 60, "epochs": 2}


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(write_bakeoff(tmp_path_factory.mktemp("raced") / "finished", RACED))


def plain(tmp_path: Path, **more: Any) -> Path:
    return write_bakeoff(tmp_path / "b", Recipe(**FEW, **more))


def labels(folder: Path) -> list[str]:
    return [stamp.label for stamp in stamps(read_bakeoff(folder))]


def put(folder: Path, name: str, value: Any) -> None:
    (folder / name).write_text(json.dumps(value))


def audit(agrees: bool, *checks: tuple[str, float, float], **more: Any) -> dict[str, Any]:
    rows = [{"what": what, "stored": a, "derived": b, "agrees": a == b} for what, a, b in checks]
    return {"schema_version": 1, "agrees": agrees, "checks": rows, "findings": [], **more}


def opening(seeds: int, digest: str) -> str:
    return json.dumps({"time": 1.7e9, "purpose": "verdict", "seeds": seeds, "trials": 9, "scores_sha256": digest})


def text_of(page: Built) -> str:
    return re.sub(r"\s+", " ", page.outline.text)


def test_a_clean_bakeoff_carries_no_stamp(tmp_path: Path) -> None:
    assert labels(plain(tmp_path)) == []


def test_a_test_set_opened_twice_is_stamped_and_opening_the_same_scores_again_is_not(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    (folder / "openings.jsonl").write_text("\n".join([opening(5, "a"), opening(5, "a"), '{"cut']))
    assert labels(folder) == []
    (folder / "openings.jsonl").write_text("\n".join([opening(5, "a"), opening(5, "b")]))
    assert labels(folder) == ["test opened twice"]
    page = built(folder)
    assert "TEST OPENED TWICE" in page.outline.text and "2023-11-14 22:13:20 UTC" in page.outline.text


def test_declared_looks_may_open_the_test_once_each() -> None:
    openings = [json.loads(opening(20, digest)) for digest in "abc"]
    assert undeclared_openings(openings, declared=3) == 0
    assert undeclared_openings(openings, declared=2) == 1


def test_leaks_and_undeclared_seeds_are_stamped_with_a_sentence(tmp_path: Path) -> None:
    folder = plain(tmp_path, leaked_rows=4)
    put(folder, "plan.json", json.loads((folder / "plan.json").read_text()) | {"exploratory": True})
    assert labels(folder) == ["exploratory", "duplicates across splits"]
    text = built(folder).outline.text
    assert "4 rows of training or validation are also in a later split" in text
    assert "the error rate is not guaranteed" in text


def test_an_audit_that_agrees_is_a_quiet_stamp(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    put(folder, "audit.json", audit(True, ("pairs/a/p", 0.1, 0.1), ("margin", 2, 2)))
    assert labels(folder) == ["audit agrees"]
    page = built(folder)
    assert (
        "2 figures were derived again from the stored scores, by edition 1 of the protocol, and are the same"
        in page.outline.text
    )
    assert '<ul class="stamps">' not in page.html


def test_an_audit_that_differs_shows_both_figures(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    put(folder, "audit.json", audit(False, ("pairs/a/p", 0.125, 0.25), ("margin", 2, 2)))
    assert labels(folder) == ["audit differs"]
    page = built(folder)
    assert "1 of 2 figures is not what the stored scores give" in page.outline.text
    row = re.search(r'<th scope="row">pairs/a/p</th><td>(.*?)</td><td>(.*?)</td>', page.html)
    assert row is not None and row.groups() == ("0.125", "0.25")


def test_an_audit_of_other_files_is_outdated(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    digest = hashlib.sha256((folder / "verdict.json").read_bytes()).hexdigest()
    put(folder, "audit.json", audit(True, sha256={"verdict.json": digest}))
    assert labels(folder) == ["audit agrees"]
    put(folder, "audit.json", audit(True, sha256={"verdict.json": "0" * 64}))
    assert labels(folder) == ["audit outdated"]
    assert "verdict.json changed since" in built(folder).outline.text


def test_what_the_guards_found_is_stamped_by_severity_and_escaped(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    findings = [
        {"guard": "test_openings", "severity": "stamp", "problem": "The test was opened at 7 seeds."},
        {"guard": "manifest", "severity": "refuse", "problem": "margin was changed <script>x</script>"},
        {"guard": "timing", "severity": "warn", "problem": "Latency is not settled."},
    ]
    put(folder, "audit.json", audit(False) | {"findings": findings})
    assert labels(folder) == ["test opened too often", "rules changed", "audit differs"]
    page = built(folder)
    assert page.outline.tags["script"] == 0
    assert all(finding["problem"] in page.outline.text for finding in findings)


def test_a_bakeoff_that_was_never_audited_says_how(report: Built) -> None:
    assert "has not been audited" in report.outline.text and "bakeoff audit DIR" in report.outline.text


def test_the_race_tells_who_left_when_and_what_was_saved(raced: Built) -> None:
    assert [look["racing"] for look in raced.verdict["looks"]] == [["resnet", "vit"], []]
    rows = dict(re.findall(r'<bdi>(\w+)</bdi></span></th>((?:<td class="nowrap">.*?</td>)+)', raced.html))
    told = {name: re.findall(r"<td[^>]*>(?:<span[^>]*>)?(.*?)(?:</span>)?</td>", cells) for name, cells in rows.items()}
    assert told["resnet"] == ["stayed", "won", "—"]
    assert told["vit"] == ["stayed", "beaten by resnet", "—"]
    assert told["renet"] == ["left, beaten by resnet", "—", "—"]
    assert "55 of 100 planned trials (55\u202f%) were not needed" in raced.outline.text


def test_trials_that_a_race_made_needless_are_not_reported_missing(raced: Built) -> None:
    assert "has no result" not in raced.outline.text
    assert raced.outline.nesting_errors == [] and raced.outline.anchors <= set(raced.outline.ids)


def test_pairs_carry_their_level_in_the_matrix_and_when_they_were_settled(raced: Built) -> None:
    for pair in raced.verdict["pairs"]:
        level = f"{round(100 * pair['level'], 1):g}\u202f%"
        assert raced.html.count(f"at {level}</span></td>") == 2
    assert raced.outline.text.count("at 5 seeds") == 2


def test_sections_on_tuning_and_race_are_there_only_where_there_was_one(report: Built, raced: Built) -> None:
    assert not {"tuning", "race"} & set(report.outline.ids)
    assert "race" in raced.outline.ids and "tuning" not in raced.outline.ids


def words(tmp_path: Path, recipe: Recipe, **plan: Any) -> str:
    folder = write_bakeoff(tmp_path / "b", recipe)
    put(folder, "plan.json", json.loads((folder / "plan.json").read_text()) | plan)
    bakeoff = read_bakeoff(folder)
    return " ".join(protocol(bakeoff, bakeoff.metric))


def test_protocol_of_fixed_settings(tmp_path: Path) -> None:
    told = words(tmp_path, Recipe(**FEW))
    assert "trained 5 times at fixed settings" in told
    assert "The clearest is tested at 1.7\u202f%" in told and "Shaffer" in told
    assert "jackknife" not in told and "look" not in told.replace("look better", "").replace("Tests that look", "")


def test_protocol_of_a_family(tmp_path: Path) -> None:
    told = words(tmp_path, TUNED)
    assert "12 trials, each at a point drawn at random" in told
    assert "the best of 3 trials by validation" in told and "the jackknife" in told
    assert "fixed settings" not in told


def test_protocol_of_a_race_gives_looks_and_levels(tmp_path: Path) -> None:
    told = words(tmp_path, RACED)
    assert "5, 10 and 20, which may spend 1\u202f%, 1.5\u202f% and 2.5\u202f%" in told
    assert "sealed until a declared look" in told and "level of the look" in told


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"mode": "params", "value": 100_000, "tolerance": 0.05}, "100,000 trainable parameters each, within 5\u202f%"),
        ({"mode": "flops", "value": 1e12}, "1.00T training FLOPs each. Training stops when that compute is spent"),
        ({"mode": "flops", "value": None}, "the same training FLOPs, those of the cheapest contender"),
        ({"mode": "time", "value": 60}, "60 seconds of training each. Training stops when that time is over"),
        ({"mode": "examples", "value": 36_000}, "36,000 training examples each. Sizes are free"),
        ({"mode": "none", "value": None}, "no budget: each contender as configured. Sizes and compute are free"),
    ],
)
def test_protocol_says_what_the_budget_holds_equal(budget: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in words(tmp_path, Recipe(**FEW, budget=budget))


@pytest.mark.parametrize(("seeds", "said"), [(5, "needs 10 seeds, so it was not used"), (10, "pair by pair")])
def test_protocol_says_whether_pairing_was_used(seeds: int, said: str, tmp_path: Path) -> None:
    assert said in words(tmp_path, Recipe(seeds=seeds, **FEW), paired=True)


def test_a_race_that_ended_before_ten_seeds_paired_nothing(tmp_path: Path) -> None:
    entries = [replace(entry, skill=skill) for entry, skill in zip(RACED.entries, (9.9, 2, 4, 1, 1), strict=True)]
    recipe = replace(RACED, looks=(5, 10), seeds=10, entries=tuple(entries))
    assert "needs 10 seeds, so it was not used" in words(tmp_path, recipe, paired=True)


def test_protocol_of_a_metric_that_is_no_mean_names_pseudo_values(tmp_path: Path) -> None:
    task = {"name": "image_classification", "metric": "f1_macro", "direction": "maximize"}
    declared = task | {"facts": [facts.to_dict() for facts in FACTS]}
    assert "macro-F1 is not a mean over examples" in words(tmp_path / "declared", Recipe(**FEW), task=declared)
    assert "pseudo-value" in words(tmp_path / "older", Recipe(**FEW), task=task)
    unknown = task | {"metric": "novel_score", "facts": []}
    assert "pseudo-value" not in words(tmp_path / "unknown", Recipe(**FEW), task=unknown)


def test_equivalence_is_told_at_the_level_at_which_it_was_tested(tmp_path: Path) -> None:
    assert "these are at 90\u202f%, wider" in words(tmp_path / "plain", Recipe(**FEW))
    assert "these are at 97\u202f%, wider" in words(tmp_path / "raced", RACED)  # the second look decides, at .015


def test_more_than_three_contenders_are_tested_by_holm(tmp_path: Path) -> None:
    entries = Recipe().entries
    more = (*entries, replace(entries[0], name="lenet", skill=7.0))
    assert "levels that rise from 0.8\u202f% to 5\u202f% (Holm's procedure)" in words(
        tmp_path, Recipe(**FEW, entries=more)
    )


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_markdown_says_what_the_verdict_says(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", TUNED)
    put(folder, "audit.json", audit(True))
    path = write_markdown(folder)
    text = path.read_text(encoding="utf-8")
    verdict = json.loads((folder / "verdict.json").read_text())
    assert path.name == "verdict.md" and text == write_markdown(folder).read_text(encoding="utf-8")
    assert text.startswith("## CNN, RNN or Transformer for image classification on digits?\n")
    assert all(
        " ".join(prose(said).split()) in text
        for said in (verdict["sentence"], verdict["claim"], verdict["advice"]["text"])
    )
    assert "**audit agrees**" in text and Recipe().command in text
    board = {row[0]: row for row in map(cells, text.splitlines()) if len(row) == 7}
    for row in verdict["contenders"]:
        assert board[row["name"]][2] == f"{100 * row['mean']:.2f}\u202f%"
    assert list(board)[2:5] == [row["name"] for row in verdict["contenders"]]
    assert "vit leads with a search of 1 trial" in text


def test_markdown_keeps_names_from_being_markup(tmp_path: Path) -> None:
    folder = plain(tmp_path)
    evil = "a|b\n<script>`x`</script>[y](z)"
    for name in ("plan.json", "verdict.json"):
        (folder / name).write_text((folder / name).read_text().replace('"renet"', json.dumps(evil)))
    put(folder, "plan.json", json.loads((folder / "plan.json").read_text()) | {"command": "run ``` --x"})
    text = write_markdown(folder).read_text(encoding="utf-8")
    assert "a\\|b \\<script\\>\\`x\\`\\</script\\>\\[y\\](z)" in text
    assert not re.search(r"(?<!\\)<", text)
    rows = [cells(line) for line in text.splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {6, 7}
    assert "````\nrun ``` --x\n````" in text
