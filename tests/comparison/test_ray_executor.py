"""The same trials on Ray: started here, real, and ended with the bakeoff; the verdict is that of this machine alone."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from bakeoff.comparison.running.job import Needs
from bakeoff.comparison.running.ray_executor import RayExecutor
from bakeoff.errors import EnvironmentFault
from bakeoff.files import read_json
from tests.comparison.clockless import verdict_without_clocks
from tests.comparison.test_executor import job

COMMAND = [
    *("-m", "bakeoff.cli", "compare", "contenders=[lenet,{model: mlp, name: dense}]", "baselines=[linear]"),
    *("seeds=3", "budget=none", "trainer.max_epochs=2", "trainer.accelerator=cpu", "tracking=none"),
]


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'bakeoff\[ray\]'"):
        RayExecutor().warm_up([])


@pytest.mark.parametrize("wrong", [{"cpus_per_trial": 0}, {"gpus_per_trial": -1.0}])
def test_a_share_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        RayExecutor(**wrong)


def test_a_cluster_that_does_not_answer_is_refused():
    with pytest.raises(EnvironmentFault, match="no Ray cluster answers there"):
        RayExecutor(address="127.0.0.1:9").warm_up([])


def on_nodes(*nodes, **shares):
    """An executor on a cluster of such nodes."""
    executor = RayExecutor(**shares)
    total = {name: sum(node.get(name, 0) for node in nodes) for name in ("CPU", "GPU")}
    executor._cluster = SimpleNamespace(nodes=lambda: list(nodes), resource=total.get)
    return executor


def test_a_trial_takes_what_its_devices_take():
    nodes = [{"CPU": 8, "GPU": 4}, {"CPU": 6, "GPU": 1}]
    assert on_nodes(*nodes).slots(Needs()) == 5
    assert on_nodes(*nodes).slots(Needs(devices=2)) == 2, "the lone GPU of the second node is no place for two"
    assert on_nodes(*nodes).slots(Needs(threads=2, devices=2)) == 2
    assert on_nodes(*nodes).slots(Needs(threads=2, devices=2, on_cpu=True)) == 3
    assert on_nodes(*nodes, cpus_per_trial=0.5, gpus_per_trial=0).slots(Needs(devices=2)) == 28


def test_a_trial_that_no_node_has_room_for_is_refused():
    with pytest.raises(EnvironmentFault, match=r"gpus_per_trial=2.*no node of the cluster has more than 1"):
        on_nodes({"CPU": 8, "GPU": 1}, {"CPU": 8, "GPU": 1}).slots(Needs(devices=2))
    with pytest.raises(EnvironmentFault, match=r"cpus_per_trial=4.*more than 2; next: fewer trainer\.devices"):
        on_nodes({"CPU": 2}, {"CPU": 2}).slots(Needs(devices=4))


@pytest.fixture(scope="module")
def on_ray():
    """An executor whose Ray runs on this machine; half a CPU a trial."""
    executor = RayExecutor(cpus_per_trial=0.5)
    before = signal.getsignal(signal.SIGTERM)
    executor.warm_up([])
    assert signal.getsignal(signal.SIGTERM) is before, "Ray's handler would exit with 15"
    yield executor
    family = [member for member in psutil.Process().children(recursive=True) if "ray" in member.name()]
    assert family
    executor.close()
    assert not psutil.wait_procs(family, timeout=60)[1]


def run(executor, jobs):
    ended = []
    executor.run(jobs, on_end=lambda job, result: ended.append((job.label.trial_id, result["status"])))
    return ended


@pytest.mark.slow
def test_trials_end_in_results_whatever_becomes_of_one(on_ray, tmp_path):
    bad = job(tmp_path, "data=image_folder", f"data.path={tmp_path / 'nowhere'}", name="bad")
    jobs = [job(tmp_path, f"seed={seed}", name=f"t{seed}") for seed in range(2)]
    assert sorted(run(on_ray, [*jobs, bad])) == [("bad", "failed"), ("t0", "finished"), ("t1", "finished")]
    assert "data.not_found" in read_json(bad.folder / "result.json")["why"]
    assert run(on_ray, jobs) == []


@pytest.mark.slow
def test_a_trial_over_its_time_is_stopped_and_scored_as_failed(on_ray, tmp_path):
    slow = job(tmp_path, "trainer.max_epochs=1000000")
    on_ray.timeout_s = 3.0
    try:
        assert run(on_ray, [slow]) == [("t0", "failed")]
    finally:
        on_ray.timeout_s = None
    assert "stopped after 3 s" in read_json(slow.folder / "result.json")["why"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("victim", "noted"), [("ray::attempt", "the end of Ray's worker (WorkerCrashedError)"), ("trial", "exit code -9")]
)
def test_a_trial_whose_worker_or_process_is_killed_goes_on_where_it_was(on_ray, tmp_path, victim, noted):
    trial = job(tmp_path, "trainer.max_epochs=40", "trainer.checkpoint_every_s=0", name="killed")
    killer = threading.Thread(target=kill_once_it_trains, args=(trial.folder, victim))
    killer.start()
    assert run(on_ray, [trial]) == [("killed", "finished")]
    killer.join()
    assert f"the process ended with {noted} and no result" in (trial.folder / "log.txt").read_text()


def kill_once_it_trains(folder, victim):
    while not (folder / "last.ckpt").exists():
        time.sleep(0.02)
    (worker,) = [process for process in psutil.process_iter() if process.name() == "ray::attempt"]
    if victim == "trial":
        ((worker,),) = [server.children() for server in worker.children() if server.children()]
    worker.kill()


@pytest.mark.slow
def test_it_is_reached_from_this_machine_only(on_ray):
    listening = [
        connection.laddr.ip
        for member in psutil.Process().children(recursive=True)
        if member.is_running()
        for connection in member.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert {address.removeprefix("::ffff:") for address in listening} <= {"127.0.0.1", "::1"}


@pytest.mark.slow
def test_every_node_has_to_see_the_folder(on_ray, tmp_path, monkeypatch):
    monkeypatch.setattr(on_ray.cluster, "address", "10.0.0.1:6379")  # as if it were a cluster that ran before
    on_ray.cluster.check_nodes(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    monkeypatch.setattr(Path, "touch", lambda path: None)
    with pytest.raises(EnvironmentFault, match="does not see this folder"):
        on_ray.cluster.check_nodes(tmp_path / "out")


@pytest.mark.slow
def test_a_cluster_without_room_for_a_trial_is_refused(on_ray):
    on_ray.cpus_per_trial = 1000
    try:
        with pytest.raises(EnvironmentFault, match=r"executor\.cpus_per_trial=1000"):
            on_ray.slots(Needs())
    finally:
        on_ray.cpus_per_trial = 0.5


@pytest.mark.slow
def test_the_verdict_is_that_of_the_local_executor(tmp_path):
    records = {}
    for executor in ("local", "ray"):
        folder = tmp_path / executor
        command = [sys.executable, *COMMAND, f"executor={executor}", f"output_dir={folder}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        records[executor] = verdict_without_clocks(folder), sorted(path.name for path in folder.glob("trials/*"))
    assert records["ray"] == records["local"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_bakeoff_of_60_trials_over_three_nodes_outlives_the_death_of_one(tmp_path):
    folder, alone = tmp_path / "nodes", tmp_path / "alone"
    words = [sys.executable, *COMMAND, "seeds=20"]
    with three_nodes() as cluster:
        on_nodes_words = ["executor=ray", f"executor.address={cluster.address}", "executor.cpus_per_trial=1"]
        bakeoff = subprocess.Popen(
            [*words, *on_nodes_words, f"output_dir={folder}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(list(folder.glob("trials/*/result.json"))) < 12:
            assert bakeoff.poll() is None, bakeoff.communicate()
            time.sleep(0.1)
        cluster.remove_node(sorted(cluster.worker_nodes, key=id)[0], allow_graceful=False)
        said, errors = bakeoff.communicate(timeout=1200)
    assert bakeoff.returncode == 0, errors
    told = [line.partition("]")[0] for line in said.splitlines() if line.startswith("[")]
    assert len(told) == len(set(told)) == 60  # nothing is lost, nothing ends twice
    lost = [path for path in folder.glob("trials/*/log.txt") if "no result" in path.read_text()]
    assert lost, "no trial was running on the node that died"
    subprocess.run([*words, f"output_dir={alone}"], check=True, capture_output=True, timeout=1200)
    assert verdict_without_clocks(folder) == verdict_without_clocks(alone)


@contextmanager
def three_nodes():
    """A Ray cluster of three nodes of one CPU each, on this machine."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()
