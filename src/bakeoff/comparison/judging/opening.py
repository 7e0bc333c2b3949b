"""Opening the test: the only code of a bakeoff that sees a test label.

A trial leaves sealed predictions. When its turn to be judged has come, they are scored here, once; from then on the
verdict is made from ``scores.parquet`` alone. The opening is noted in ``openings.jsonl`` before that file is there: a
bakeoff that is killed in between opens again, to the same scores, and notes nothing new.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from bakeoff.comparison.judging.scoring import Trivial
from bakeoff.data.contract import TaskData
from bakeoff.files import atomic_writer, write_json
from bakeoff.record import answers
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import OPENINGS, SCORES, TEST_ATTRIBUTES, TEST_EXAMPLES, TEST_LABELS, TEST_METRICS
from bakeoff.record.plan import PlannedTrial
from bakeoff.record.reading import damaged
from bakeoff.record.trials import RecordedTrial
from bakeoff.tables import to_bytes
from bakeoff.training.trial.predictions import sealed_answers

COLUMNS = ["contender", "seed", "trial", "example", "score"]
CLUSTER = "cluster"
"""A further column, where examples hang together: what they share."""


def open_scores(bakeoff: RecordedBakeoff, trivial: Trivial) -> pd.DataFrame:
    """The scores of the trials up to the stage; those that were not opened before are opened now (rules 8 and 19).

    Args:
        bakeoff: with a result for each of those trials.
        trivial: what failed trials are scored with, and the data whose labels are opened.

    Returns:
        One row per trial and example, of the bakeoff's trials up to now.

    Raises:
        CheckpointError: sealed predictions are not what the trial wrote.
    """
    table = read_scores(bakeoff.path) if (bakeoff.path / SCORES).exists() else None
    known = set() if table is None else set(table[["contender", "trial"]].drop_duplicates().itertuples(index=False))
    closed = [(trial, found) for trial, found in bakeoff.ran if (trial.contender, trial.number) not in known]
    if closed:
        opened = _open(closed, trivial)
        if bakeoff.plan.paired:
            opened = opened.assign(split=_splits(closed, opened))
        _write_labels(bakeoff.path, trivial.data)
        _write(bakeoff, opened if table is None else pd.concat([table, opened], ignore_index=True), len(closed))
    return read_scores(bakeoff.path)


def _write(bakeoff: RecordedBakeoff, table: pd.DataFrame, num_opened: int) -> None:
    content = io.BytesIO()
    names = [name for name in ("contender", "example", CLUSTER, "split") if name in table.columns]
    table.astype(dict.fromkeys(names, "category")).to_parquet(content, index=False)
    seeds = len({trial.number for trial, _ in bakeoff.ran})
    purpose = "verdict" if bakeoff.stage is None else "look"
    _note(bakeoff, content.getvalue(), purpose=purpose, trials=num_opened, seeds=seeds)
    with atomic_writer(bakeoff.path / SCORES) as file:
        file.write(content.getvalue())


def read_scores(folder: Path) -> pd.DataFrame:
    """What has been opened so far.

    Raises:
        DataError: there is no such table.
    """
    path = folder / SCORES
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise damaged(path, f"no table of scores: {error}") from error


def read_labels(folder: Path) -> pa.Table:
    """The opened test labels.

    Raises:
        DataError: no such file, or one that is no table.
    """
    try:
        return answers.read_labels(folder)
    except (OSError, ValueError) as error:
        raise damaged(answers.labels_file(folder), f"no test labels: {error}") from error


def _open(trials: Sequence[tuple[PlannedTrial, RecordedTrial]], trivial: Trivial) -> pd.DataFrame:
    labels, examples = trivial.data.labels("test"), trivial.data.examples("test")
    scorer, units, parts = trivial.scorer, trivial.data.units("test"), []
    for planned, recorded in trials:
        answers = trivial.answers if recorded.failed else sealed_answers(recorded.folder, recorded.raw)
        write_json(recorded.folder / TEST_METRICS, scorer.metrics(answers, labels))
        row = {"contender": planned.contender, "seed": recorded.seed, "trial": planned.number}
        part = pd.DataFrame({**row, "example": examples, "score": scorer.scores(answers, labels)})[COLUMNS]
        parts.append(part if units is None else part.assign(**{CLUSTER: units}))
    return pd.concat(parts, ignore_index=True)


def _splits(trials: Sequence[tuple[PlannedTrial, RecordedTrial]], opened: pd.DataFrame) -> list[str]:
    """The split of train and validation that each row's trial had, for pairing to be checked against.

    One that failed before it wrote its own down has that of the others of its seed.
    """
    of_seed = {recorded.seed: recorded.spec["split_fingerprint"] for _, recorded in trials if recorded.spec}
    of_trial = {
        (planned.contender, planned.number): (recorded.spec or {}).get("split_fingerprint", of_seed.get(recorded.seed))
        for planned, recorded in trials
    }
    return [str(of_trial[key]) for key in zip(opened["contender"], opened["trial"], strict=True)]


def _write_labels(folder: Path, data: TaskData) -> None:
    """Lays the opened labels beside the verdict, for the report and for audits."""
    with atomic_writer(folder / TEST_LABELS) as file:
        file.write(to_bytes(data.labels("test")))
    write_json(folder / TEST_EXAMPLES, data.examples("test"))
    units = data.units("test")
    attributes = data.attributes("test") | ({} if units is None else {"group": units})
    if attributes:
        write_json(folder / TEST_ATTRIBUTES, attributes)


def _note(bakeoff: RecordedBakeoff, scores: bytes, **what: Any) -> None:
    """Adds a line to the record of openings, unless it knows of these scores."""
    path, digest = bakeoff.path / OPENINGS, hashlib.sha256(scores).hexdigest()
    lines = [line for line in path.read_text().splitlines() if line.endswith("}")] if path.exists() else []
    if any(digest in line for line in lines):
        return
    record = {"time": time.time(), "bakeoff_id": bakeoff.plan.bakeoff_id, **what, "scores_sha256": digest}
    with atomic_writer(path) as file:
        file.write("".join(f"{line}\n" for line in [*lines, json.dumps(record)]).encode())
