"""What `scale` and `gradients` write, with made figures."""

from __future__ import annotations

from typing import Any

COSTS = ("train_seconds", "inference_seconds", "train_memory_mb", "inference_memory_mb")
FAMILIES = {"resnet": "cnn", "renet": "rnn", "vit": "transformer"}


def point(axis: str, size: int, cost: float) -> dict[str, Any]:
    about = {"axis": axis, "size": size, "skipped": None, "rounds": 3, "params": 100}
    return about | {name: cost / (place + 1) for place, name in enumerate(COSTS)}


def scale_file() -> dict[str, Any]:
    """Three contenders with exponents 1, 1 and 2 in the length; the last has a point that was skipped."""
    contenders = []
    for name, family in FAMILIES.items():
        power = 2 if name == "vit" else 1
        points = [point("length", size, 1e-4 * size**power) for size in (64, 128, 256, 512)]
        points += [point("width", size, 1e-3 * size) for size in (16, 32)]
        fitted = {cost: {"value": float(power), "standard_error": 0.034, "sizes": [256, 512]} for cost in COSTS}
        contenders.append(
            {
                "name": name,
                "model": name,
                "family": family,
                "params": 100,
                "points": points,
                "exponents": {"length": fitted, "width": {}},
            }
        )
    contenders[-1]["points"].append(
        {"axis": "length", "size": 1024, "skipped": "would take about 99 s <b>", "rounds": 0}
    )
    return {
        "schema_version": 1,
        "created": "2026-11-25T12:00:00+0000",
        "task": "text_classification",
        "data": "tweets",
        "length": 256,
        "batch_size": 8,
        "repeats": 3,
        "max_seconds": 20,
        "threads": 1,
        "contenders": contenders,
        "environment": {"cpu": "AMD EPYC 7B13", "gpus": []},
        "command": "bakeoff scale task=text_classification",
    }


def gradients_file() -> dict[str, Any]:
    """Norms that halve with each step before training and stay as they are after it; the last reaches 5 steps."""
    contenders = []
    for name, family in FAMILIES.items():
        for state, base in (("initial", 0.5), ("trained", 1.0)):
            curves = [
                {
                    "length": length,
                    "by_distance": [base**k if name != "vit" or k < 5 else 0.0 for k in range(length)],
                    "by_layer": {"layers.0": 1e-3, "layers.1": 1.0},
                }
                for length in (10, 50)
            ]
            contenders.append({"name": name, "family": family, "state": state, "curves": curves})
    return {
        "schema_version": 1,
        "created": "2026-11-25T12:00:00+0000",
        "run": "outputs/compare/x",
        "lengths": [10, 50],
        "batch_size": 4,
        "seed": 0,
        "contenders": contenders,
        "environment": {},
        "command": "bakeoff gradients run=outputs/compare/x",
    }
