"""A finished bakeoff of any number of trials, as training leaves its folder; nothing is trained."""

import json

from bakeoff.files import write_json
from tests.tracking.folders import CONFIG, LABEL, PLAN, finish, make_verdict

EPOCHS = 20
METRICS = ("accuracy", "loss", "f1_macro", "calibration_error")


def write_bakeoff(folder, *, trials, contenders=20):
    """Writes a plan, a verdict, and so many trials with 20 epochs of training and validation records."""
    names = [f"contender{index}" for index in range(contenders)]
    write_json(folder / "plan.json", PLAN | {"contenders": [{"name": name} for name in names]})
    for index in range(trials):
        trial = folder / "trials" / f"{index:012x}"
        trial.mkdir(parents=True)
        label = {"trial_id": trial.name, "contender": names[index % contenders], "seed": index // contenders}
        (trial / "run.json").write_text(json.dumps(LABEL | label | {"started": 1000.0}))
        settings = {f"setting{number}": number / 7 for number in range(50)}
        (trial / "config.json").write_text(json.dumps(CONFIG | {"model": settings}))
        (trial / "metrics.jsonl").write_text("".join(_records()))
        finish(trial, validation=dict.fromkeys(METRICS, 0.5))
        (trial / "spec.json").write_text("{}")
    make_verdict(folder)


def _records():
    for epoch in range(EPOCHS):
        about = {"step": 10 * epoch, "epoch": epoch, "time": 1000.0 + epoch, "seconds": 0.1 * epoch}
        about |= {"examples_seen": 100 * epoch, "flops": 1e6 * epoch}
        yield json.dumps({"kind": "train", **about, "train/loss": 1.0, "train/accuracy": 0.5, "lr": 0.1}) + "\n"
        yield json.dumps({"kind": "val", **about, **{f"val/{name}": 0.5 for name in METRICS}}) + "\n"
