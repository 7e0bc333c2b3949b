"""Kills `bakeoff train` with SIGKILL at random moments, goes on with the same command, and looks what it comes to.

python -m tests.training.kill_train [--rounds 10] [--kills 5] [--seed 0]    about 20 minutes on two free cores

Each round is a run of its own, killed some times: all its processes at once, its own process alone, or the one that
sends it to MLflow, after which it goes on by itself. Prints one JSON object; exit code 1 where a check fails.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.comparison.kill_storm import Run, family, tracked

COMMAND = (
    *(sys.executable, "-m", "bakeoff.cli", "train", "model=lenet", "data=digits", "trainer.accelerator=cpu"),
    *("trainer.checkpoint_every_s=0.3", "trainer.max_epochs=80", "tracking.every_s=0.5"),
)
VICTIMS = ("tree", "parent", "follower")
CLOCKS = ("seconds", "started", "step_at", "per_second", "memory", "latency", "peak", "host", "wall")
"""Figures of a result that tell of time or of the machine."""


def figures(folder: Path) -> dict[str, Any]:
    """What a run's result says of the model: equal for equal training."""
    result = json.loads((folder / "result.json").read_text())
    return {key: value for key, value in result.items() if not any(word in key for word in CLOCKS)}


def killed_round(folder: Path, expected: dict[str, Any], *, kills: int, lasts_s: float, chance: random.Random) -> dict:
    """One run under kills: what was killed, and what is wrong."""
    done: Counter[str] = Counter()
    marks, problems, began = [], [], False
    run = Run(folder, COMMAND)
    marks.append(run.mark)
    while done.total() < kills:
        if run.ended_within(chance.uniform(0.0, 0.6 * lasts_s)):
            break
        victim = chance.choice(VICTIMS)
        began = began or (folder / "metrics.jsonl").exists()
        if run.strike(victim, chance):
            done[f"{victim}, {'training' if began else 'starting'}"] += 1
            if victim != "follower":
                run = Run(folder, COMMAND)
                marks.append(run.mark)
    code = run.wait()
    if code != 0:
        problems.append(f"exit code {code}: {''.join(run.lines[-5:])}")
    elif (found := figures(folder)) != expected:
        problems.append(f"the result differs in {sorted(key for key in expected if found.get(key) != expected[key])}")
    problems += tracked(folder, num_runs=1)
    deadline = time.monotonic() + 20
    while any(list(family(mark)) for mark in marks) and time.monotonic() < deadline:
        time.sleep(0.2)
    problems += [f"{left} lives on" for mark in marks for left in family(mark)]
    return {"kills": done, "problems": problems}


def main() -> None:
    """Reads the words of the command, and runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--kills", type=int, default=5, help="of a round, unless it ends before")
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    chance, done, problems = random.Random(words.seed), Counter(), []
    with tempfile.TemporaryDirectory(prefix="kill-train-") as scratch:
        calm = Path(scratch) / "calm"
        began = time.monotonic()
        if Run(calm, COMMAND).wait() != 0:
            raise SystemExit("the undisturbed run failed")
        lasts_s, expected = time.monotonic() - began, figures(calm)
        for number in range(words.rounds):
            folder = Path(scratch) / f"round{number}"
            found = killed_round(folder, expected, kills=words.kills, lasts_s=lasts_s, chance=chance)
            done += found["kills"]
            problems += [f"round {number}: {problem}" for problem in found["problems"]]
            print(f"round {number}: {dict(found['kills'])} {found['problems']}", file=sys.stderr, flush=True)
    print(json.dumps({"kill_train": {"kills": dict(done), "problems": problems}, "seed": words.seed}))
    if problems:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
