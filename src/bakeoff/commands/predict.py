"""``predict``: a finished run on new files, or a language model on a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from bakeoff.commands.chosen import chosen_run
from bakeoff.config import build
from bakeoff.config.composition import compose_section
from bakeoff.data.contract import Reading
from bakeoff.errors import ConfigError, EnvironmentFault
from bakeoff.files import atomic_writer
from bakeoff.record.answers import answers_file
from bakeoff.statistics.shift import FEWEST, shifts
from bakeoff.training.trial.saved_run import SavedRun, load_run

WRITERS = {
    ".csv": lambda table, file: table.map(_plain_text).to_csv(file, index=False),
    ".parquet": lambda table, file: table.to_parquet(file, index=False),
    ".jsonl": lambda table, file: table.to_json(file, orient="records", lines=True),
}
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
SHOWN_ROWS, SHOWN_COLUMNS = 10, 3


def run(config: Mapping[str, Any]) -> pd.DataFrame:
    """Writes one row an input: what names it, and what the task says of it.

    Raises:
        ConfigError: an output of another kind than .csv, .parquet or .jsonl, or an option that the task lacks.
        CheckpointError: not a run to trust.
        DataError: no inputs, or unreadable ones.
        EnvironmentFault: the output can't be written.
    """
    output = Path(config["output"])
    if output.suffix not in WRITERS:
        raise ConfigError("config.bad_value", "output", output, "unknown kind of table", allowed=WRITERS)
    saved = load_run(chosen_run(config)[0])
    table = _answers(saved, config)
    try:
        with atomic_writer(output) as file:
            WRITERS[output.suffix](table, file)
    except OSError as error:
        problem = f"can't be written ({error.strerror})"
        raise EnvironmentFault("env.not_writable", "output", output, problem, next_step="output=FILE.csv") from error
    print(f"{len(table)} predictions in {output}")
    return table


def _answers(saved: SavedRun, config: Mapping[str, Any]) -> pd.DataFrame:
    """The table to write, shown as it comes."""
    options = _options(saved, config["task"]["predict"] or {})
    names = ("column", "sep", "quote", "header", "encoding", "on_bad", "batch_size")
    how = {name: config[name] for name in names}
    text = config["text"]
    source = config["input"] if text is None else text
    reading = Reading(source=str(source), is_text=text is not None, trained=saved.trial.raw["data"], **how)
    new = saved.trial.data_class.read_new(saved.spec, reading)
    for note in new.notes:
        print(note)
    said = saved.task.predict(saved, new, **options)
    if drifted := drift(saved, said):
        print(f"warning: {drifted}")
    table = pa.table({**new.shown, **dict(zip(said.column_names, said.columns, strict=True))}).to_pandas()
    if not saved.task.shows_its_answers:
        unnamed = [name for name in table if name != "input"]
        print(table[unnamed[:SHOWN_COLUMNS]].head(SHOWN_ROWS).to_string(index=False))
    return table


def drift(saved: SavedRun, said: pa.Table) -> str:
    """A sentence where new inputs are answered otherwise than those of the test were; empty where they are not.

    Args:
        saved: the run, with its sealed answers.
        said: what it says of the new inputs.
    """
    new = saved.task.traits(said)
    if len(said) < FEWEST or not new or not answers_file(saved.folder).exists():
        return ""
    old = saved.task.traits(saved.task.predicted(saved.sealed()))
    found = shifts(old, new)
    if not found:
        return ""
    num_old, farthest = len(next(iter(old.values()))), found[0]
    moved = "; ".join(f"{one.name} {one.new:.2f} on average, {one.old:.2f} there" for one in found[:SHOWN_COLUMNS])
    tested = f"Kolmogorov-Smirnov distance up to {farthest.distance:.2f}, p {farthest.p:.1g} over {len(new)} classes"
    return (
        f"these {len(said):,} inputs are answered otherwise than the {num_old:,} of the test: {moved} ({tested}). "
        "If they are of another kind than the data of training, test figures do not hold for them [data.drift]"
    )


def _plain_text(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, behind an apostrophe, by which it shows it as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


def _options(saved: SavedRun, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the run's task (``task.predict``), as installed, with these changes."""
    name = saved.trial.task
    options = compose_section("task", name).get("predict") or {}
    unknown = sorted(changes.keys() - options.keys())
    if unknown:
        problem = f"the task {name} has no such option"
        allowed = [f"task.predict.{option}" for option in options] or None
        raise ConfigError("config.unknown_key", f"task.predict.{unknown[0]}", None, problem, allowed=allowed)
    changed = compose_section("task", name, {"predict": dict(changes)} if changes else None)
    found: dict[str, Any] = build(changed.get("predict") or {}, "task.predict")
    return found
