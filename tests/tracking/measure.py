"""Measures what docs/results/tracking.md says: python tests/tracking/measure.py [writers|large|away|probe ...]

Prints one JSON object a part, all parts by default. ``writers`` takes about five minutes on two cores, ``away`` nine,
``large`` three. ``writers=URI`` lets them write to a server that runs, ten rounds long.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil

from bakeoff.tracking.bakeoff_sync import BakeoffSync
from bakeoff.tracking.database import prepare_database
from bakeoff.tracking.folder_sync import Target, sync_folder
from bakeoff.tracking.server import StoreUnreachable, probe
from bakeoff.tracking.store import Store
from tests.tracking.synthetic import write_bakeoff
from tests.tracking.tracking_server import TrackingServer

WRITERS, ROUNDS, SERVER_ROUNDS, POINTS = 8, 50, 10, 50
CYCLES, CYCLE_S, LONG_S = 10, 15.0, 120.0


def writers(uri: str | None = None) -> dict[str, Any]:
    """Eight processes open a store at the same moment, and each writes a run; fifty rounds, or ten of a server.

    Args:
        uri: of a server, which has an experiment that does not exist yet for each round; None is a SQLite store that
            does not exist yet.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bakeoff.tracking.store", "mlflow.store.tracking.sqlalchemy_store"])
    failures, wrong, seconds, rounds = 0, 0, [], ROUNDS if uri is None else SERVER_ROUNDS
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            where, experiment = uri or f"sqlite:///{folder}/mlflow.db", f"{Path(folder).name}-{number}"
            barrier = context.Barrier(WRITERS)
            own = [(where, experiment, folder, writer, barrier) for writer in range(WRITERS)]
            processes = [context.Process(target=_write, args=arguments) for arguments in own]
            started = time.monotonic()
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            seconds.append(time.monotonic() - started)
            failures += sum(process.exitcode != 0 for process in processes)
            store = Store(where, experiment, Path(folder))
            runs = store.client.search_runs([store.experiment_id])
            whole = [run for run in runs if run.info.status == "FINISHED" and run.data.metrics["m"] == POINTS - 1]
            wrong += WRITERS - len(whole)
        print(f"round {len(seconds)}: {failures} failures, {wrong} runs missing, {seconds[-1]:.1f} s", file=sys.stderr)
    return {
        "rounds": rounds,
        "writers": WRITERS,
        "failures": failures,
        "runs_missing": wrong,
        "seconds_a_round": round(statistics.median(seconds), 1),
        "slowest_round": round(max(seconds), 1),
        "load": round(os.getloadavg()[1], 1),
    }


def _write(uri: str, experiment: str, folder: str, number: int, barrier: Any) -> None:
    barrier.wait()
    store = Store(uri, experiment, Path(folder))
    run_id = store.create_run(f"writer {number}", f"key-{number}", {})
    for step in range(0, POINTS, 10):
        store.log(run_id, metrics=[("m", float(s), 1000 + s, s) for s in range(step, step + 10)], params={"n": number})
    store.close_run(run_id, "FINISHED")


def large(trials: int = 1000) -> dict[str, Any]:
    """A finished bakeoff of 1,000 trials, 20 epochs each, sent to an empty SQLite store; then again, and once more."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_bakeoff(folder, trials=trials)
        target = Target(f"sqlite:///{folder / 'mlflow.db'}", folder / "mlflow-artifacts")
        prepare_database(target.uri)
        found: dict[str, Any] = {"trials": trials}
        for name in ("first", "again"):
            started, cpu = time.monotonic(), time.process_time()
            report = sync_folder(folder, target=target)
            assert not report.problems, report.problems
            found[f"{name}_points"] = report.points
            found[f"{name}_seconds"] = round(time.monotonic() - started, 1)
            found[f"{name}_cpu_seconds"] = round(time.process_time() - cpu, 1)
        sync = BakeoffSync(folder)
        store = Store(target.uri, target.experiment(folder), target.artifacts)
        sync.send(store)  # what a command that is given again does once
        started = time.monotonic()
        sync.send(store)
        found["pass_with_nothing_new_ms"] = round(1000 * (time.monotonic() - started))
        found["database_mb"] = round((folder / "mlflow.db").stat().st_size / 1e6, 1)
        return found


def away() -> dict[str, Any]:
    """Training with the server answering and silent in turns, then silent for two minutes; then what sync finds.

    Compared is the time that an optimizer step takes, of the same training in neighbouring windows: by the clock, and
    without the time in which the kernel let other programs run in its place, which on a busy machine changes by the
    minute. What training would wait for a tracker is in both.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder, template = Path(scratch), Path(scratch) / "template.db"
        prepare_database(f"sqlite:///{template}")
        server = TrackingServer(folder / "server", template)
        command = [sys.executable, "-m", "bakeoff.cli", "train", "model=lenet", "trainer.max_epochs=1000000"]
        command += ["trainer.accelerator=cpu", f"tracking.uri={server.uri}", f"output_dir={folder / 'run'}"]
        training = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return _watch(folder / "run", server, training)
        finally:
            server.signal(signal.SIGCONT)
            training.kill()
            server.stop()


def _watch(folder: Path, server: TrackingServer, training: subprocess.Popen) -> dict[str, Any]:
    while not (folder / "mlflow.json").exists() or len(_steps(folder)) < 20:
        time.sleep(0.5)
    follower = psutil.Process(training.pid).children()[0]
    clock, own, used = [], [], {False: 0.0, True: 0.0}
    for _ in range(CYCLES):
        pair = {}
        for silent in (False, True):
            before = sum(follower.cpu_times()[:2])
            pair[silent] = _window(folder, server, training.pid, silent=silent, seconds=CYCLE_S)
            used[silent] += (sum(follower.cpu_times()[:2]) - before) / (CYCLES * CYCLE_S)
        clock.append(pair[True][0] / pair[False][0])
        own.append(pair[True][1] / pair[False][1])
    around = [_window(folder, server, training.pid, silent=False, seconds=LONG_S / 2)]
    long = _window(folder, server, training.pid, silent=True, seconds=LONG_S)
    around.append(_window(folder, server, training.pid, silent=False, seconds=LONG_S / 2))
    server.signal(signal.SIGSTOP)
    training.send_signal(signal.SIGINT)
    code = training.wait(timeout=120)
    server.signal(signal.SIGCONT)
    report, again = sync_folder(folder), sync_folder(folder)
    return {
        "ratio_by_the_clock": _spread(clock),
        "ratio_of_own_time": _spread(own),
        "two_minutes_by_the_clock": round(long[0] / statistics.mean(window[0] for window in around), 3),
        "two_minutes_of_own_time": round(long[1] / statistics.mean(window[1] for window in around), 3),
        "follower_share_of_a_core": {"present": round(used[False], 4), "silent": round(used[True], 4)},
        "exit_code": code,
        "sent_by_sync": report.points,
        "sent_again": again.points,
        "problems": report.problems,
        "missing": _missing(folder, server),
        "load": round(os.getloadavg()[2], 1),
    }


def _spread(ratios: list[float]) -> dict[str, float]:
    """The median ratio and its standard error, by the mean absolute deviation of normal errors."""
    middle = statistics.median(ratios)
    deviation = 1.4826 * statistics.median(abs(ratio - middle) for ratio in ratios)
    return {
        "median": round(middle, 3),
        "error": round(1.25 * deviation / len(ratios) ** 0.5, 3),
        "windows": len(ratios),
    }


def _window(folder: Path, server: TrackingServer, pid: int, *, silent: bool, seconds: float) -> tuple[float, float]:
    """Seconds a step in the window: by the clock, and of training's own."""
    server.signal(signal.SIGSTOP if silent else signal.SIGCONT)
    waited, since = _waited(pid), time.time()
    time.sleep(seconds)
    length, waited = time.time() - since, _waited(pid) - waited
    inside = [(at, step) for at, step in _steps(folder) if since <= at <= since + length]
    a_step = (inside[-1][0] - inside[0][0]) / (inside[-1][1] - inside[0][1])
    return a_step, a_step * (length - waited) / length


def _waited(pid: int) -> float:
    """Seconds in which the process's main thread wanted a processor and had none."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9


def _steps(folder: Path) -> list[tuple[float, int]]:
    log = folder / "metrics.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    records = [json.loads(line) for line in lines]
    return [(record["time"], record["step"]) for record in records if record["kind"] == "val"]


def _missing(folder: Path, server: TrackingServer) -> int:
    """Points of the local logs that the tracker does not have."""
    client = Store(server.uri, "image_classification/digits", folder).client
    run_id = json.loads((folder / "mlflow.json").read_text())["run_id"]
    missing = 0
    for log in ("metrics.jsonl", "system.jsonl"):
        points: dict[str, set] = {}
        for record in map(json.loads, (folder / log).read_text().splitlines()):
            for name in (name for name in record if "/" in name):
                points.setdefault(name, set()).add((record["step"], record[name]))
        for name, own in points.items():
            missing += len(own - {(point.step, point.value) for point in client.get_metric_history(run_id, name)})
    return missing


def probes() -> dict[str, Any]:
    """Seconds until a server that is dead, and one that accepts connections and says nothing, count as away."""
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        found = {}
        for name, port in (("dead", 9), ("silent", silent.getsockname()[1])):
            started = time.monotonic()
            try:
                probe(f"http://127.0.0.1:{port}")
            except StoreUnreachable:
                found[f"{name}_seconds"] = round(time.monotonic() - started, 2)
        return found


PARTS = {"probe": probes, "away": away, "large": large, "writers": writers}

if __name__ == "__main__":
    for word in sys.argv[1:] or PARTS:
        part, _, where = word.partition("=")
        print(json.dumps({part: PARTS[part](*([where] if where else []))}), flush=True)
