"""Folders of trials and bakeoffs as training leaves them, without any training."""

import json

from bakeoff.files import write_json

CONFIG = {"seed": 3, "optimizer": {"lr": 0.003, "betas": [0.9, 0.999]}, "note": "x" * 600}
LABEL = {
    "trial_id": "abc123",
    "contender": "vit",
    "role": "contender",
    "bakeoff_id": "b0",
    "task": "image_classification",
    "data": "digits",
    "model": "vit",
    "family": "transformer",
    "seed": 3,
}
PLAN = {
    "bakeoff_id": "b0",
    "task": {"name": "image_classification", "metric": "accuracy", "direction": "maximize"},
    "data": {"name": "digits", "fingerprint": "f"},
    "contenders": [{"name": "vit"}],
    "seeds": [3],
    "budget": {"mode": "params", "value": 1000},
    "environment": {"git_revision": "r1"},
}


def record(step, accuracy):
    counts = {"epoch": step, "examples_seen": 10 * step, "flops": 1e3 * step, "seconds": 0.1 * step}
    return {"kind": "val", "step": step, "time": 1000.0 + step, "val/accuracy": accuracy, **counts}


def write_log(folder, records):
    (folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in records))


def make_trial(folder, records, **label):
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "run.json", LABEL | label)
    write_log(folder, records)
    return folder


def finish(trial, status="finished", **more):
    result = {"status": status, "started": 1000.0, "wall_seconds": 5.0, "params": 100, "validation": {"accuracy": 0.7}}
    write_json(trial / "result.json", result | more)


def make_bakeoff(folder):
    write_json(folder / "plan.json", PLAN)


def make_verdict(folder):
    board = [{"name": "vit", "test": {"accuracy": {"mean": 0.9}}}]
    verdict = {"verdict": "WINS", "winner": "vit", "sentence": "vit wins.", "leaderboard": board}
    write_json(folder / "verdict.json", verdict)
    (folder / "report.html").write_text("<html></html>")
    (folder / "scores.parquet").write_bytes(b"scores")
