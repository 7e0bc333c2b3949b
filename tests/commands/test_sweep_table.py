"""What `train -m` ends with: a table of its runs."""

import pytest

from bakeoff.commands.sweeping import _print_runs


def run(model, seed, lr, val, test):
    task = {"metric": "accuracy", "direction": "maximize"}
    config = {"task": task, "model": {"name": model}, "seed": seed, "optimizer": {"lr": lr}, "data": {"name": "digits"}}
    result = {
        "validation": {"accuracy": val},
        "test": {} if test is None else {"accuracy": test},
        "train_seconds": 1.25,
    }
    return config, result


def test_runs_are_listed_best_first_with_what_tells_them_apart(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run("vit", 0, 1e-3, 0.5, 0.4), run("lenet", 0, 1e-3, 0.75, 0.7), run("lenet", 1, 1e-3, 0.625, None)]
    _print_runs([config for config, _ in runs], [result for _, result in runs])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["model.name", "seed", "val/accuracy", "test/accuracy", "training"],
        ["lenet", "0", "0.7500", "0.7000", "1.2", "s"],
        ["lenet", "1", "0.6250", "1.2", "s"],
        ["vit", "0", "0.5000", "0.4000", "1.2", "s"],
    ]
    _print_runs([], [])
    assert capsys.readouterr().out == ""
