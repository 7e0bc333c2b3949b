"""Kills a tuned bakeoff with SIGKILL, its processes at once or one of them, again and again, and looks what came of it.

python -m tests.comparison.kill_storm [--kills 50] [--seed 0] [--victims tree,parent,trial,server,follower] [--ray]

Twelve trials of a search for each of two contenders, and a baseline. First once undisturbed, then in another folder,
with the same command after every kill that ends it. A fifth of starts are killed at any time from the first import on,
the others once they train, or, when all is trained, in what follows (scoring, verdict, report, tracking). A command
that loses a trial, the fork server, the follower of the tracker or a worker of Ray goes on, and is hit again. Prints
one JSON object; exit code 1 where a check fails. 50 kills of whole trees take about 25 minutes on two free cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import psutil

os.environ.setdefault("OMP_NUM_THREADS", "1")

COMMAND = (
    *(sys.executable, "-m", "bakeoff.cli", "compare", "contenders=[lenet,{model: mlp, name: dense}]"),
    *("baselines=[linear]", "seeds=3", "tune.trials=12", "tune.best_of=3", "budget=none", "trainer.accelerator=cpu"),
    *("trainer.checkpoint_every_s=0.3", "rerun=killed"),
)
EXECUTORS = {False: ("executor.workers=2",), True: ("executor=ray", "executor.cpus_per_trial=1")}
"""Without and with Ray."""
NUM_TRIALS = 2 * 12 + 3
MARK = "BAKEOFF_KILL_STORM"
"""An environment variable by which all processes of a command are known, whoever their parent is by now."""
FINAL = ("config.json", "run.json", "spec.json", "metrics.jsonl", "weights.safetensors", "test_predictions.arrow")
"""What a trial that runs again would write again, beside its result."""
Phase = Literal["any", "training", "ending"]
VICTIMS = ("tree", "parent", "trial", "server", "follower")
ENDS_THE_COMMAND = ("tree", "parent")
KILLED_TRIALS = 6
"""The exit code while there are trials that were killed twice, and that the same command runs again."""


@dataclass
class Timeline:
    """Seconds of an undisturbed run: until the first trial writes, until the last has its result, until the end."""

    starting: float = 0.0
    training: float = 0.0
    ending: float = 0.0

    def shorten(self, phase: Phase) -> None:
        """A command ended before its kill: this phase takes less time by now than it did undisturbed."""
        if phase == "any":
            self.starting /= 2
        elif phase == "ending":
            self.ending /= 2


@dataclass
class Storm:
    """What is known so far."""

    folder: Path
    epochs: int
    finished: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """Size and time of change (ns) of a finished trial's files, as first seen."""
    kills: Counter = field(default_factory=Counter)
    """By victim and by what the bakeoff was doing."""
    beside_finished: int = 0
    """Kills while there were finished trials."""
    marks: list[str] = field(default_factory=list)
    """Of all commands that were started."""
    victims: tuple[str, ...] = VICTIMS
    ray: bool = False
    starts: int = 0
    problems: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Compares finished trials with what they were, and remembers those that finished since."""
        for result in self.folder.glob("trials/*/result.json"):
            if result.parent.name not in self.finished and _json(result)["status"] != "finished":
                continue  # killed twice: it runs again
            files = {name: _stamp(result.with_name(name)) for name in (*FINAL, result.name)}
            before = self.finished.setdefault(result.parent.name, files)
            changed = [name for name, stamp in files.items() if before[name] not in (stamp, (0, 0))]
            if changed:
                self.problems.append(f"trial {result.parent.name} was finished, and then {', '.join(changed)} changed")
                self.finished[result.parent.name] = files
        lost = [name for name in self.finished if not (self.folder / "trials" / name / "result.json").exists()]
        self.problems += [f"the result of trial {name} is gone" for name in lost]


class Run:
    """The command, with every line that it prints."""

    def __init__(self, folder: Path, words: Sequence[str]) -> None:
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        environment = os.environ | {MARK: self.mark, "PYTHONUNBUFFERED": "1"}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*words, f"output_dir={folder}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=folder.parent,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):
            self.lines += iter(self.process.stdout.readline, "")

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        code = self.process.wait()
        self._reader.join(timeout=10)
        return code

    def ended_within(self, seconds: float) -> bool:
        """Whether it ends by itself within so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def strike(self, victim: str, chance: random.Random) -> bool:
        """SIGKILL to a process of a kind, or to all; whether there was one."""
        if victim == "tree":
            self.kill()
            return True
        found = sorted(self._of_kind(victim), key=lambda process: process.pid)
        if not found:
            return False
        with suppress(psutil.NoSuchProcess):
            chance.choice(found).send_signal(signal.SIGKILL)
        if victim == "parent":
            self.wait()
        return True

    def _of_kind(self, victim: str) -> list[psutil.Process]:
        if victim == "parent":
            return [psutil.Process(self.process.pid)] if self.process.poll() is None else []
        named = [(process, " ".join(process.cmdline())) for process in family(self.mark)]
        if victim == "worker":
            return [process for process, words in named if words.startswith("ray::")]
        servers = [process for process, words in named if "forkserver import main" in words]
        heads = {process.pid for process in servers if process.ppid() == self.process.pid}
        if victim == "follower":
            return [process for process, words in named if words.count(" -c import sys; sys.path") == 1]
        return [process for process in servers if (process.pid in heads) == (victim == "server")]

    def kill(self) -> None:
        """SIGKILL to all of its processes, until none is left."""
        while True:
            left = list(family(self.mark))
            if not left:
                break
            for member in left:
                with suppress(psutil.NoSuchProcess):
                    member.send_signal(signal.SIGKILL)
            psutil.wait_procs(left, timeout=10)
        self.wait()


def family(mark: str) -> Iterator[psutil.Process]:
    """The living processes of a command, whoever their parent is by now."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def storm(folder: Path, *, kills: int, seed: int, epochs: int, victims: tuple[str, ...], ray: bool) -> dict[str, Any]:
    """Runs the bakeoff undisturbed, then under kills, and checks; what it returns holds ``problems``."""
    undisturbed, disturbed = folder / "undisturbed" / "out", folder / "disturbed" / "out"
    for place in (undisturbed, disturbed):
        place.parent.mkdir(parents=True)
    times = _undisturbed(undisturbed, epochs, ray)
    _say(f"undisturbed: {times}")
    found, chance = Storm(disturbed, epochs, victims=victims, ray=ray), random.Random(seed)
    began = time.monotonic()
    while found.kills.total() < kills:
        _one_kill(found, times, left=kills - found.kills.total(), chance=chance)
    code = KILLED_TRIALS
    while code == KILLED_TRIALS:
        last = _start(found)
        code = last.wait()
        found.look()
    if code != 0:
        found.problems.append(f"the last command ended with exit code {code}: {''.join(last.lines[-5:])}")
    found.problems += [
        *_ids(disturbed),
        *_same(undisturbed, disturbed),
        *tracked(disturbed, num_runs=NUM_TRIALS + 1),
        *_audited(disturbed),
    ]
    found.problems += [f"{left} of a killed command lives on" for mark in found.marks for left in family(mark)]
    return {
        "kills": dict(found.kills),
        "beside_finished_trials": found.beside_finished,
        "starts": found.starts,
        "trials": len(found.finished),
        "seconds": round(time.monotonic() - began),
        "left_behind": _left_behind(disturbed),
        "problems": found.problems,
    }


def _words(epochs: int, ray: bool) -> list[str]:
    return [*COMMAND, *EXECUTORS[ray], f"trainer.max_epochs={epochs}"]


def _start(found: Storm) -> Run:
    run = Run(found.folder, _words(found.epochs, found.ray))
    found.starts += 1
    found.marks.append(run.mark)
    return run


def _undisturbed(folder: Path, epochs: int, ray: bool) -> Timeline:
    run = Run(folder, _words(epochs, ray))
    first = last = 0.0
    while not run.ended_within(0.05):
        now = time.monotonic()
        first = first or (now if _newest(folder) else 0.0)
        last = last or (now if len(list(folder.glob("trials/*/result.json"))) == NUM_TRIALS else 0.0)
    if run.wait() != 0:
        raise SystemExit(f"the undisturbed run failed: {''.join(run.lines)}")
    return Timeline(first - run.started, last - first, time.monotonic() - last)


def _one_kill(found: Storm, times: Timeline, *, left: int, chance: random.Random) -> None:
    """One start of the command, and kills at random moments until one of them ends it, or it ends before."""
    run = _start(found)
    num_done = len(found.finished)
    phase = _phase(num_done, left, chance)
    if _reached(run, found.folder, phase):
        unfinished = times.training * (NUM_TRIALS - num_done) / NUM_TRIALS
        longest = {"any": times.starting, "training": 2 * unfinished / max(left * 0.7, 1), "ending": times.ending}
        ended = run.ended_within(chance.uniform(0, longest[phase]))
    else:
        ended = True
    if ended:
        times.shorten(phase)
        _ended(found, run)
        return
    while True:
        victim = chance.choice(found.victims)
        num_done = len(found.finished)
        if run.strike(victim, chance):
            found.look()
            what = "ending" if phase == "ending" or num_done == NUM_TRIALS else phase
            found.kills[f"{victim}, {what}"] += 1
            found.beside_finished += num_done > 0
            since = time.monotonic() - run.started
            _say(f"kill {found.kills.total()} ({victim}, {what}) after {since:.1f} s: {len(found.finished)} done")
            left -= 1
            if victim in ENDS_THE_COMMAND:
                return
        if run.ended_within(chance.uniform(0.2, 2.0)) or left <= 0:
            _ended(found, run)
            return


def _ended(found: Storm, run: Run) -> None:
    """What a command left to itself came to: all is well, or some trials were killed twice."""
    code = run.wait()
    found.look()
    if code not in (0, KILLED_TRIALS):
        found.problems.append(f"a command ended with exit code {code}: {''.join(run.lines[-5:])}")


def _phase(num_done: int, left: int, chance: random.Random) -> Phase:
    """What to kill; a fifth of the starts are killed at any time, the rest once the command works on what is left."""
    if chance.random() < 0.2:
        return "any"
    return "ending" if num_done == NUM_TRIALS else "training"


def _reached(run: Run, folder: Path, phase: Phase) -> bool:
    """Waits until the command has come to a phase; False where it ended before."""
    before = _newest(folder)
    while phase != "any":
        at_work = _newest(folder) != before
        if at_work if phase == "training" else any("finished before" in line for line in run.lines):
            break
        if run.ended_within(0.02):
            return False
    return True


def _newest(folder: Path) -> int:
    """The time of the latest change of a trial's log or resume point; 0 where there is none."""
    files = (path for pattern in ("metrics.jsonl", "*.ckpt") for path in folder.glob(f"trials/*/{pattern}"))
    return max((_stamp(path)[1] for path in files), default=0)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _ids(folder: Path) -> list[str]:
    """One folder, one result and one row of scores a trial that was planned, and none beside."""
    planned = [name for entry in _json(folder / "plan.json")["contenders"] for name in entry["trials"]]
    results = {path.parent.name: _json(path) for path in folder.glob("trials/*/result.json")}
    there = [path.name for path in folder.glob("trials/*")]
    problems = [] if sorted(planned) == sorted(set(there)) == sorted(results) else ["trials are not those planned"]
    problems += [f"trial {name} calls itself {r['trial_id']}" for name, r in results.items() if r["trial_id"] != name]
    failed = [f"trial {name} {r['status']}: {r.get('why')}" for name, r in results.items() if r["status"] != "finished"]
    scores = pd.read_parquet(folder / "scores.parquet")
    if scores.duplicated(["contender", "trial", "example"]).any():
        problems.append("scores.parquet holds an example of a trial twice")
    return [*problems, *failed]


def _same(undisturbed: Path, disturbed: Path) -> list[str]:
    """Verdict, scores and validation are those of the undisturbed bakeoff, clocks aside."""
    from tests.commands.test_compare_survives_kill import verdict_without_clocks

    problems = []
    one, other = (verdict_without_clocks(folder) for folder in (undisturbed, disturbed))
    for verdict in (one, other):
        told = verdict.get("warnings", ())
        verdict["warnings"] = [line for line in told if not line.startswith("Killed from outside")]
    differing = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
    if differing:
        problems.append(f"verdict.json differs from the undisturbed one in {', '.join(sorted(differing))}")
    for name in ("scores.parquet", "validation.parquet"):
        if not pd.read_parquet(undisturbed / name).equals(pd.read_parquet(disturbed / name)):
            problems.append(f"{name} differs from the undisturbed one")
    openings = {json.loads(line)["scores_sha256"] for line in (disturbed / "openings.jsonl").read_text().splitlines()}
    return problems if len(openings) == 1 else [*problems, f"the test was opened {len(openings)} times"]


def tracked(folder: Path, *, num_runs: int) -> list[str]:
    """What is wrong with the runs in MLflow: so many, each once, and each ended well."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    runs = client.search_runs([item.experiment_id for item in client.search_experiments()])
    problems = [f"run {run.info.run_name} is {run.info.status}" for run in runs if run.info.status != "FINISHED"]
    keys = Counter(run.data.tags.get("bakeoff.key") for run in runs)
    problems += [f"{count} runs have the key {key}" for key, count in keys.items() if count > 1]
    return problems if len(runs) == num_runs else [*problems, f"MLflow has {len(runs)} runs"]


def _audited(folder: Path) -> list[str]:
    command = [sys.executable, "-m", "bakeoff.cli", "audit", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"the audit differs: {done.stderr or done.stdout}"]


def _left_behind(folder: Path) -> dict[str, int]:
    """Files that nobody needs any more, by kind: resume points of finished trials, and halves of files."""
    return {
        "checkpoints": len(list(folder.glob("trials/*/*.ckpt"))),
        "unfinished_files": len([path for path in folder.glob("**/.*") if path.is_file() and path.suffix != ".lock"]),
    }


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Reads the words of the command, and cleans up behind a storm without problems."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=60, help="of every trial: a few seconds of training")
    parser.add_argument("--victims", help=f"some of {', '.join(VICTIMS)}, worker (of Ray)")
    parser.add_argument("--ray", action="store_true", help="trials as tasks of Ray")
    parser.add_argument("--folder", type=Path, help="where to run, a new folder; none is a temporary one")
    words = parser.parse_args()
    folder = words.folder or Path(tempfile.mkdtemp(prefix="kill-storm-"))
    victims = words.victims or ",".join(("tree", "parent", "worker") if words.ray else VICTIMS)
    about = {"kills": words.kills, "seed": words.seed, "epochs": words.epochs, "ray": words.ray}
    found = storm(folder.resolve(), victims=tuple(victims.split(",")), **about)
    print(json.dumps({"kill_storm": found, "seed": words.seed}))
    if found["problems"]:
        raise SystemExit(1)
    if words.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
