"""The page that goes with a registered model: what it is, what it was trained on, how good it was, and its limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bakeoff.data.spec import Spec
from bakeoff.record.best_trial import BestTrial
from bakeoff.record.verdict import LeaderboardRow
from bakeoff.training.trial.configuration import TrialConfig


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    ``command`` trained it; ``sentence`` is the verdict of its bakeoff, or None, and ``row`` its contender's line of the
    leaderboard.
    """

    command: str | None
    sentence: str | None = None
    row: LeaderboardRow | None = None

    @classmethod
    def of_bakeoff(cls, found: BestTrial) -> Origin:
        """That of a bakeoff's trial."""
        row = next((row for row in found.verdict.leaderboard if row.name == found.trial.contender), None)
        return cls(found.plan.command or None, found.verdict.sentence, row)


def model_card(
    trial: TrialConfig,
    spec: Spec,
    result: Mapping[str, Any],
    origin: Origin,
    *,
    files: Mapping[str, str],
    note: str,
    added: Mapping[str, str] | None = None,
) -> str:
    """The card, in Markdown.

    Args:
        trial: its configuration.
        spec: what its data was.
        result: what was measured.
        origin: where it comes from.
        files: those beside the card but `FILES`, and what each holds.
        note: what it takes to use them.
        added: further sections, by title.
    """
    listed = "\n".join(f"- `{name}`: {what}" for name, what in {**FILES, **files}.items())
    sections = {
        "Data": _data(spec, result),
        "How good it was": _metrics(trial, result, origin),
        "Cost": _cost(result, origin),
        "Training": _training(trial, result, origin),
        **(added or {}),
        "Intended use": _use(trial, spec, result),
        "Limits": _limits(spec),
        "Files": f"{listed}\n\nNo file holds pickled objects. {note}",
    }
    head = f"# {result['model']} for {trial.task} on {spec.name}\n\n{_about(trial, result, origin)}"
    return "\n\n".join([head, *(f"## {title}\n\n{text}" for title, text in sections.items())]) + "\n"


FILES = {
    "weights.safetensors": "the selected weights",
    "config.json": "the resolved configuration of the run",
    "spec.json": "what the data was: sizes, classes or vocabulary, and the preprocessing that was fitted on it",
    "result.json": "what was measured, and what the run was called",
}


def _about(trial: TrialConfig, result: Mapping[str, Any], origin: Origin) -> str:
    paper = trial.raw["model"].get("paper")
    facts = [
        f"A {result['family']} of {result['params']:,} parameters, run {result['trial_id']}, seed {result['seed']}."
    ]
    facts += [f"Paper: {paper}."] if paper else []
    facts += [f"Verdict of its bakeoff: {origin.sentence}"] if origin.sentence else []
    return "\n".join(facts)


def _data(spec: Spec, result: Mapping[str, Any]) -> str:
    lines = [
        f"{spec.name}: {spec.num_train:,} examples to train, {spec.num_val:,} to validate, {spec.num_test:,} to test.",
        f"Fingerprint of the rows `{result['data_fingerprint']}`, of the split `{spec.split_fingerprint}`.",
    ]
    classes = getattr(spec, "class_names", ())
    if classes:
        shown = ", ".join(map(str, classes[:20])) + (", ..." if len(classes) > 20 else "")
        lines.append(f"{len(classes)} classes: {shown}.")
    if spec.leaked_rows:
        lines.append(f"{spec.leaked_rows:,} training rows are also in a later split.")
    return "\n".join([*lines, *spec.notes])


def _metrics(trial: TrialConfig, result: Mapping[str, Any], origin: Origin) -> str:
    names: dict[str, None] = {}
    for split in ("validation", "test"):
        names |= dict.fromkeys(result.get(split, {}))
    rows = [f"| {name} | {_value(result, 'validation', name)} | {_value(result, 'test', name)} |" for name in names]
    note = f"The run was selected by validation {trial.metric} ({trial.direction})."
    table = "\n".join(["| metric | validation | test |", "| --- | --- | --- |", *rows, "", note])
    mean = origin.row.quality(trial.metric) if origin.row else None
    if mean is None or mean.mean is None or mean.low is None or mean.high is None:
        return table
    seeds = f"over the {len(mean.values)} seeds of its bakeoff" if mean.values else "over the seeds of its bakeoff"
    return f"{table} Test {trial.metric} {seeds}: {mean.mean:.4f}, 95 % interval {mean.low:.4f} to {mean.high:.4f}."


def _cost(result: Mapping[str, Any], origin: Origin) -> str:
    """Figures of the leaderboard, which are means over seeds, before those of the run alone."""
    row = origin.row or LeaderboardRow()
    memory = row.peak_memory_mb or result.get("peak_memory_mb")
    latency = row.latency_ms or result.get("latency_ms") or {}
    facts = [f"{result['params']:,} parameters", f"{result['train_seconds']:,.1f} s to train"]
    facts += [f"{memory:,.0f} MB at the most"] if memory else []
    facts += [f"{value:.2f} ms to answer a batch of {size}" for size, value in latency.items()]
    return ", ".join(facts) + "."


def _value(result: Mapping[str, Any], split: str, name: str) -> str:
    value = result.get(split, {}).get(name)
    return "" if value is None else f"{value:.4f}"


def _training(trial: TrialConfig, result: Mapping[str, Any], origin: Origin) -> str:
    command = f"```\n{origin.command}\n```\n" if origin.command else ""
    cost = f"{result['epochs']} epochs, {result['examples_seen']:,} examples, {result['train_seconds']:,.1f} s"
    flops = f"{result['train_flops']:.3g} FLOPs" if result.get("train_flops") is not None else "FLOPs not counted"
    optimizer = trial.raw["optimizer"]["_target_"].rpartition(".")[2]
    rate = trial.raw["optimizer"].get("lr")
    return f"{command}\n{cost}, {flops}; {optimizer}, learning rate {rate}. All settings: `config.json`.".strip()


def _use(trial: TrialConfig, spec: Spec, result: Mapping[str, Any]) -> str:
    words = (
        f"Answers of the kind of {trial.task} on data like {spec.name}, prepared as `spec.json` says. The "
        "model takes inputs after that preparation; `bakeoff predict run=FOLDER` prepares files by itself."
    )
    if not result.get("settled"):
        return words
    found = json.dumps(result["settled"], ensure_ascii=False)
    return f"{words}\n\nSettled on validation, and applied by `bakeoff predict`, not by the model itself: `{found}`."


def _limits(spec: Spec) -> str:
    return (
        f"- The figures above hold for the test split of {spec.name}; for other data, measure: `bakeoff evaluate`.\n"
        "- One seed of one run. Other seeds spread, and the weights were chosen on the validation split.\n"
        "- Nothing was examined of fairness, of robustness against changed or hostile inputs, or of privacy.\n"
        "- The licence of the data is for whoever passes the model on to check."
    )
