#!/usr/bin/env bash
# mlflow 3.17.2 (SQLite store): of two values of one step and time, a run shows the larger one, not the later one.
# Expected: the value logged last is a run's metric; log_batch keeps the order of its list.
# Happens: "latest" is the largest of (step, time, value). A loss of 0.9 corrected to 0.2 within a millisecond, or written with the
# same timestamp in one log_batch, stays 0.9; an accuracy so corrected to a lower value stays high. A value written
# later at a lower step (a run taken up from an older checkpoint) does not count at all until it passes the old step.
# Matters: the runs table, search_runs and every comparison read this value: batched loggers report the worst loss and the best
# accuracy of a step, and a resumed run is judged by the training that was thrown away.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1
"$work/venv/bin/python" - <<'PY'
import logging
import os
import tempfile

os.environ["GIT_PYTHON_REFRESH"] = "quiet"

import mlflow
from mlflow.entities import Metric

logging.disable(logging.INFO)
folder = tempfile.TemporaryDirectory()
client = mlflow.MlflowClient(f"sqlite:///{folder.name}/runs.db")
experiment = client.create_experiment("one", artifact_location=folder.name)


def shown(*logged):
    """What a run shows after values with (time, step), all in one batch."""
    run = client.create_run(experiment).info.run_id
    client.log_batch(run, metrics=[Metric("m", value, time, step) for value, time, step in logged])
    return client.get_run(run).data.metrics["m"]


found = {
    "0.9, then 0.2, same step and time": shown((0.9, 1, 5), (0.2, 1, 5)),
    "0.2, then 0.9, same step and time": shown((0.2, 1, 5), (0.9, 1, 5)),
    "0.9, then 0.2 a millisecond later": shown((0.9, 1, 5), (0.2, 2, 5)),
    "0.9 at step 100, then 0.2 an hour later at step 30": shown((0.9, 1, 100), (0.2, 3_600_001, 30)),
}
for name, value in found.items():
    print(f"{name}: {value}")
assert list(found.values()) == [0.9, 0.9, 0.2, 0.9]
folder.cleanup()
PY
