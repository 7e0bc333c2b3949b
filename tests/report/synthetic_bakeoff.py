"""A finished bakeoff's folder with realistic numbers, made without training anything.

Predictions come from a latent difficulty per example that all contenders share, plus a seed effect and, where the
contenders are tuned, the effect of the point tried, so that scores, confusions, learning curves and intervals hang
together as they do in a real bakeoff. The verdict is the one that ``bakeoff.statistics`` draws from these scores.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bakeoff.tables import table_of, to_bytes
from tests.report.declared_metrics import FACTS
from tests.report.synthetic_search import draw_points, effect, searched
from tests.report.synthetic_verdict import Scores, draw_verdict


@dataclass(frozen=True)
class Entry:
    """One contender of the synthetic bakeoff: its name, family, skill (in logits) and size."""

    name: str
    family: str
    skill: float
    params: int
    role: str = "contender"
    seconds: float = 20.0
    latency_ms: float = 0.5


ENTRIES = (
    Entry("resnet", "cnn", 9.4, 99_214, seconds=24.1, latency_ms=0.83),
    Entry("renet", "rnn", 6.9, 101_870, seconds=41.7, latency_ms=1.94),
    Entry("vit", "transformer", 6.6, 98_432, seconds=18.3, latency_ms=0.61),
    Entry("mlp", "baseline", 5.2, 99_850, role="baseline", seconds=6.2, latency_ms=0.09),
    Entry("linear", "baseline", 4.3, 650, role="baseline", seconds=3.9, latency_ms=0.02),
)


@dataclass(frozen=True)
class Recipe:
    """What the synthetic bakeoff looks like."""

    seeds: int = 5
    examples: int = 360
    tune: int = 0
    best_of: int = 3
    looks: tuple[int, ...] = ()
    leaked_rows: int = 0
    budget: dict[str, Any] = field(default_factory=lambda: {"mode": "params", "value": 100_000, "tolerance": 0.05})
    class_names: tuple[str, ...] = tuple("0123456789")
    entries: tuple[Entry, ...] = ENTRIES
    epochs: int = 30
    verdict: str | None = None
    failed: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ("Early stopping ended 3 of 25 trials before their last epoch.",)
    command: str = (
        "bakeoff compare task=image_classification data=digits contenders=[resnet,renet,vit] "
        "budget=params budget.value=100_000 seeds=5"
    )
    environment: dict[str, Any] = field(
        default_factory=lambda: {
            "python": "3.11.9",
            "torch": "2.14.1",
            "pytorch_lightning": "2.6.6",
            "cpu": "AMD EPYC 7B13",
            "cores": 2,
            "memory_gb": 23.4,
            "gpus": [],
            "git_revision": "3f1c9e27b0aa",
            "platform": "Linux-6.1-x86_64",
        }
    )

    def runs_of(self, entry: Entry) -> int:
        """Trials planned for a contender or baseline; only contenders are tuned."""
        return self.tune if self.tune and entry.role == "contender" else self.seeds

    def seed_of(self, index: int) -> int:
        """Seed of a contender's trial: its number, or a fresh one where the contenders are tuned."""
        return 1_000_003 * (index + 1) % 99_991 if self.tune else index


def _skilled(**skills: float) -> tuple[Entry, ...]:
    return tuple(replace(entry, skill=skills.get(entry.name, entry.skill)) for entry in ENTRIES)


TUNED = Recipe(tune=12, entries=_skilled(resnet=9.6, renet=6.6, vit=8.8))
"""Three contenders of twelve trials each; the curves of resnet and vit cross."""
RACED = Recipe(seeds=20, looks=(5, 10, 20), entries=_skilled(resnet=7.9, renet=4.8, vit=6.3))
"""Three looks; renet leaves at the first, the second decides."""


def write_bakeoff(folder: Path, recipe: Recipe | None = None) -> Path:
    """Write the folder of a finished bakeoff and return it."""
    recipe = recipe or Recipe()
    rng = np.random.default_rng(7)
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.sort(rng.integers(0, len(recipe.class_names), recipe.examples))
    points = {entry.name: draw_points(entry.family, recipe.tune, recipe.seed_of) for entry in recipe.entries}
    probabilities = _probabilities(recipe, labels, points, rng)
    scores = _scores(recipe, probabilities, labels, rng)
    plan = _plan(recipe, points)
    verdict, runs = draw_verdict(scores, recipe, plan)
    rows = [_row(entry, scores.test, probabilities, labels, recipe, runs[entry.name]) for entry in recipe.entries]
    _dump(folder / "plan.json", plan)
    _dump(folder / "verdict.json", verdict | _extras(recipe, scores, rows))
    _write_scores(folder, scores, recipe, runs)
    (folder / "test_labels.arrow").write_bytes(to_bytes(table_of(label=labels)))
    _dump(folder / "test_examples.json", [f"digits/{index:05d}" for index in range(recipe.examples)])
    for entry, row in zip(recipe.entries, plan["contenders"], strict=True):
        for index, trial in enumerate(row["trials"][: runs[entry.name]]):
            is_failed = (entry.name, index) in recipe.failed
            found = None if is_failed else probabilities[entry.name][index]
            _write_trial(folder / "trials" / trial, entry, recipe, index, found, rng)
    return folder


def _scores(
    recipe: Recipe, probabilities: dict[str, np.ndarray], labels: np.ndarray, rng: np.random.Generator
) -> Scores:
    """Right or wrong per trial and example, and what each trial reached on validation; failed ones score trivially."""
    test = {name: np.stack([p.argmax(1) == labels for p in runs]).astype(float) for name, runs in probabilities.items()}
    for name, seed in recipe.failed:
        test[name][seed] = (labels == 0).astype(float)
    validation = {
        name: np.clip(runs.mean(1) + rng.normal(0.003, 0.004, len(runs)), 0, 1) for name, runs in test.items()
    }
    return Scores(test, validation)


def pictures(indices: Any) -> list[np.ndarray]:
    """8 x 8 grey images, one a requested test index, as a data module's ``images("test", indices)`` gives them."""
    grid = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    return [(grid * 3 + index % 50).astype(np.uint8) for index in indices]


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1))


def _probabilities(
    recipe: Recipe, labels: np.ndarray, points: dict[str, list[dict[str, Any]]], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Class probabilities per contender, shape (trials, examples, classes)."""
    n, k = recipe.examples, len(recipe.class_names)
    lure = (labels + rng.choice([1, 3, k - 2], n)) % k
    difficulty = np.exp(rng.normal(0, 0.9, n)) * 1.2
    easier = 1 + 0.25 * np.sin(np.arange(k))
    found = {}
    for entry in recipe.entries:
        taste, trials = rng.normal(0, 0.9, n), recipe.runs_of(entry)
        logits = rng.normal(0, 0.8, (trials, n, k))
        luck = rng.normal(0, 0.15, (trials, 1)) + np.array([effect(p) for p in points[entry.name]] or [0.0])[:, None]
        strength = entry.skill * easier[labels] + taste + luck
        logits[:, np.arange(n), labels] += strength + rng.normal(0, 0.5, (trials, n))
        logits[:, np.arange(n), lure] += difficulty * 1.35
        raised = np.exp(logits - logits.max(-1, keepdims=True))
        found[entry.name] = (raised / raised.sum(-1, keepdims=True)).astype(np.float32)
    return found


def _plan(recipe: Recipe, points: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "bakeoff_id": "b7f3a9c1",
        "created": "2026-11-23T17:02:11+00:00",
        "task": {
            "name": "image_classification",
            "metric": "accuracy",
            "direction": "maximize",
            "facts": [facts.to_dict() for facts in FACTS],
        },
        "data": {"name": "digits", "fingerprint": "9c1f0a77e2d4b3a8", "spec": _spec(recipe)},
        "budget": recipe.budget,
        "seeds": list(range(recipe.seeds)),
        "tune": {"trials": recipe.tune, "best_of": recipe.best_of, "sampler": "random", "seed": 0},
        "paired": False,
        "looks": list(recipe.looks) or None,
        "margin": None,
        "alpha": 0.05,
        "contenders": [_planned(entry, recipe, points[entry.name]) for entry in recipe.entries],
        "held_equal": [
            {"what": "trainable parameters", "value": "100,000 ± 5 %"},
            {"what": "epochs, at most", "value": 30},
            {"what": "batch size", "value": 64},
            {"what": "augmentation", "value": "rotation 10°, shift 1 px"},
            {"what": "data order", "value": "a function of seed and epoch"},
            {"what": "stopping rule", "value": "validation accuracy, patience 8"},
            {"what": "classification head", "value": "mean over the map, one linear layer"},
        ],
        "environment": recipe.environment,
        "command": recipe.command,
    }


def _spec(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": "digits",
        "fingerprint": "9c1f0a77e2d4b3a8",
        "split_fingerprint": "51d0c3aa",
        "channels": 1,
        "height": 8,
        "width": 8,
        "class_names": list(recipe.class_names),
        "mean": [0.305],
        "std": [0.376],
        "num_train": 1221,
        "num_val": 216,
        "num_test": recipe.examples,
        "leaked_rows": recipe.leaked_rows,
        "notes": [],
    }


def _planned(entry: Entry, recipe: Recipe, points: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": entry.name,
        "model": entry.name,
        "family": entry.family,
        "role": entry.role,
        "params": entry.params,
        "non_embedding_params": entry.params - 650,
        "train_flops_per_example": entry.params * 118.0,
        "size_args": {"width": 12.5},
        "relative_error": entry.params / 100_000 - 1 if entry.role == "contender" else None,
        "overrides": {},
        "config": {
            "task": {"name": "image_classification", "metric": "accuracy"},
            "data": {"name": "digits", "batch_size": 64, "split": {"val": 0.15, "test": 0.2, "seed": 0}},
            "model": {"name": entry.name, "net": {"_target_": f"bakeoff.models.{entry.name}", "width": 12.5}},
            "optimizer": {"_target_": "torch.optim.AdamW", "lr": 0.003 if entry.family == "cnn" else 0.001},
            "scheduler": {"name": "cosine", "warmup_fraction": 0.05},
            "trainer": {"max_epochs": 30, "accelerator": "cpu", "devices": 1},
            "augment": {"name": "light", "rotation_degrees": 10, "shift_px": 1},
        },
        "search": searched(entry.family) if points else {},
        "points": points,
        "trials": [f"{entry.name}-{index:02d}-a1b2c3" for index in range(recipe.runs_of(entry))],
    }


def _extras(recipe: Recipe, scores: Scores, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a bakeoff writes into verdict.json beside the statistics."""
    rows = sorted(rows, key=lambda row: -row["test"]["accuracy"]["mean"])
    ranked = [row["name"] for row in rows if row["role"] == "contender"]
    reached = {name: float(scores.validation[name].mean()) for name in ranked}
    return {
        "schema_version": 1,
        "leaderboard": rows,
        "trivial": 0.1028,
        "trivial_words": "always answering the most frequent class",
        "failures": [
            {
                "trial": f"{name}-{seed:02d}-a1b2c3",
                "contender": name,
                "seed": recipe.seed_of(seed),
                "status": "diverged",
                "why": "loss is NaN at step 120",
            }
            for name, seed in recipe.failed
        ],
        "flops_ratio": 2.1,
        "indicative": {
            "equal_flops": [{"name": name, "at_flops": 4.1e11, "value": reached[name] - 0.004} for name in ranked],
            "equal_time": [{"name": name, "at_seconds": 18.3, "value": reached[name] - 0.006} for name in ranked],
            "leader_changes": False,
        },
    }


def _estimate(runs: np.ndarray) -> dict[str, Any]:
    values = runs.mean(1)
    half = 2.6 * float(np.sqrt(values.var(ddof=1) / len(values) + runs.mean(0).var(ddof=1) / runs.shape[1]))
    mean = float(values.mean())
    return {
        "mean": mean,
        "low": mean - half,
        "high": min(mean + half, 1.0),
        "values": [float(value) for value in values],
    }


def _row(
    entry: Entry,
    correct: dict[str, np.ndarray],
    probabilities: dict[str, np.ndarray],
    labels: np.ndarray,
    recipe: Recipe,
    runs: int,
) -> dict[str, Any]:
    accuracy = _estimate(correct[entry.name][:runs])
    gap = probabilities[entry.name].max(-1).mean() - accuracy["mean"]
    near = {key: accuracy[key] - 0.002 for key in ("mean", "low", "high")}
    return {
        "name": entry.name,
        "family": entry.family,
        "role": entry.role,
        "params": entry.params,
        "non_embedding_params": entry.params - 650,
        "train_flops": entry.params * 118.0 * 1221 * recipe.epochs,
        "train_seconds": entry.seconds,
        "examples_seen": 1221 * recipe.epochs,
        "examples_per_second": 1221 * recipe.epochs / entry.seconds,
        "latency_ms": {"1": entry.latency_ms, "32": entry.latency_ms * 7.5},
        "latency_repeats_ms": {"1": [entry.latency_ms] * 7, "32": [entry.latency_ms * 7.5] * 7},
        "peak_memory_mb": 402.5 + entry.params / 2000,
        "energy_j": None,
        "co2e_g": None,
        "energy_by": None,
        "failures": sum(name == entry.name for name, _ in recipe.failed),
        "test": {
            "accuracy": accuracy,
            "f1_macro": {**near, "values": [value - 0.002 for value in accuracy["values"]]},
            "calibration_error": {
                "mean": abs(float(gap)),
                "low": 0.004,
                "high": 0.031,
                "values": [abs(float(gap))] * runs,
            },
        },
        "validation": {"accuracy": {"mean": accuracy["mean"] + 0.004, "low": 0.95, "high": 0.99, "values": []}},
    }


def _write_scores(folder: Path, scores: Scores, recipe: Recipe, runs: dict[str, int]) -> None:
    frames = []
    for name, correct in scores.test.items():
        trials, n = runs[name], correct.shape[1]
        index = np.repeat(np.arange(trials), n)
        columns = {
            "contender": name,
            "seed": [recipe.seed_of(k) for k in index],
            "example": np.tile(np.arange(n), trials),
        }
        columns |= {"trial": index} if recipe.tune else {}
        frames.append(pd.DataFrame({**columns, "score": correct[:trials].ravel()}))
    frame = pd.concat(frames, ignore_index=True)
    frame["example"] = "digits/" + frame["example"].astype(str).str.zfill(5)
    frame.to_parquet(folder / "scores.parquet")
    parts = [
        pd.DataFrame({"contender": name, "seed": map(recipe.seed_of, range(runs[name])), "score": found[: runs[name]]})
        for name, found in scores.validation.items()
    ]
    parts = [part.assign(trial=range(len(part))) for part in parts] if recipe.tune else parts
    pd.concat(parts, ignore_index=True).to_parquet(folder / "validation.parquet")


def _write_trial(
    folder: Path, entry: Entry, recipe: Recipe, seed: int, probabilities: np.ndarray | None, rng: np.random.Generator
) -> None:
    folder.mkdir(parents=True)
    status = "diverged" if probabilities is None else "finished"
    result = {
        "trial_id": folder.name,
        "contender": entry.name,
        "model": entry.name,
        "family": entry.family,
        "seed": recipe.seed_of(seed),
    }
    result |= {"role": entry.role, "status": status, "params": entry.params, "train_seconds": entry.seconds}
    _dump(folder / "result.json", {**result, "examples_seen": 1221 * recipe.epochs})
    top = 1 / (1 + np.exp(-0.62 * entry.skill))
    speed = 2.0 + entry.seconds / 15
    lines = []
    for epoch in range(recipe.epochs if probabilities is not None else 4):
        share = (epoch + 1) / recipe.epochs
        point = {"step": 20 * (epoch + 1), "epoch": epoch, "examples_seen": 1221 * (epoch + 1)}
        point |= {"flops": 1.0e9 * (epoch + 1), "seconds": entry.seconds * share * (1 + 0.03 * seed)}
        level = min(top - (top - 0.1) * np.exp(-(epoch + 1) / speed) + rng.normal(0, 0.006), 1.0)
        lines.append(json.dumps({"kind": "train", **point, "train/loss": float(2.3 * np.exp(-3 * share))}))
        lines.append(json.dumps({"kind": "val", **point, "val/loss": float(1 - level), "val/accuracy": float(level)}))
    (folder / "metrics.jsonl").write_text("\n".join(lines) + '\n{"kind": "val", "step": 6')
    if probabilities is not None:
        (folder / "test_predictions.arrow").write_bytes(to_bytes(table_of(probabilities=probabilities)))
