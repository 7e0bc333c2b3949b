"""Soon after a bakeoff's command was ended, no run is marked RUNNING and no process is left."""

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
def test_soon_after_the_end_of_a_bakeoff_no_run_is_running(tmp_path, store_uri, number):
    words = [*COMMAND, f"tracking.uri={store_uri}", f"output_dir={tmp_path / 'o'}"]
    command = [sys.executable, "-m", "bakeoff.cli", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 200
    while len(list(tmp_path.glob("o/trials/*/mlflow.json"))) < 2:
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    assert "RUNNING" in statuses(store_uri)
    family = psutil.Process(process.pid).children(recursive=True)
    (follower,) = [member for member in family if "bakeoff.tracking.following" in member.cmdline()]
    try:
        os.kill(process.pid, number)
        follower.wait(timeout=60)
        assert set(statuses(store_uri)) == {"KILLED"}
        process.wait(timeout=60)
        if number != signal.SIGKILL:  # what ends the trials of a parent that was killed is the executor's
            assert not psutil.wait_procs(family, timeout=60)[1]
    finally:
        for member in family:
            if member.is_running():
                member.kill()
        process.communicate()
