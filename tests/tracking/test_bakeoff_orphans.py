"""Ten seconds after a bakeoff's command was killed, no run is marked RUNNING and no process is left."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.slow

COMMAND = ["compare", "contenders=[lenet,mlp]", "baselines=[]", "seeds=3", "budget=none", "executor.workers=2"]
COMMAND += ["trainer.max_epochs=2000", "trainer.accelerator=cpu", "tracking.every_s=0.5"]


def statuses(uri):
    client = MlflowClient(uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.status for run in client.search_runs(experiments)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ten_seconds_after_the_end_of_a_bakeoff_nothing_runs(tmp_path, store_uri, number):
    command = [
        sys.executable,
        "-m",
        "bakeoff.cli",
        *COMMAND,
        f"tracking.uri={store_uri}",
        f"output_dir={tmp_path / 'o'}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 200
    while len(list(tmp_path.glob("o/trials/*/mlflow.json"))) < 2:
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    assert "RUNNING" in statuses(store_uri)
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, number)
    ended = time.monotonic()
    _, alive = psutil.wait_procs([psutil.Process(process.pid), *family], timeout=10)
    assert [member.name() for member in alive if member.status() != psutil.STATUS_ZOMBIE] == []
    assert time.monotonic() - ended < 10
    process.communicate()
    assert set(statuses(store_uri)) == {"KILLED"}
