"""Writes docs/results/sweeps.md: `OMP_NUM_THREADS=1 .venv/bin/python -m tests.sweeps.measure`."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

import optuna

from tests.sweeps import real_sweeps as real

PAGE = Path(__file__).parents[2] / "docs" / "results" / "sweeps.md"
PACKAGES = ("torch", "hydra-core", "hydra-joblib-launcher", "hydra-submitit-launcher", "submitit", "ray", "optuna")
TRIALS = 20
KILLS = (3, 8, 14)


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="bakeoff-sweeps-") as folder:
        os.environ["BAKEOFF_CACHE"] = f"{folder}/cache"
        lines = [*_head(), *_launchers(Path(folder)), *_studies(Path(folder))]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _head() -> list[str]:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        "# Sweeps: launchers, and studies that are killed",
        "",
        f"{datetime.date.today():%Y-%m-%d}, `nice -n 10 .venv/bin/python -m tests.sweeps.measure`, OMP_NUM_THREADS=1;"
        f" Python {platform.python_version()}, {versions}; {os.cpu_count()} CPU cores"
        f" (load {os.getloadavg()[2]:.0f} at the end): times beside other work do not rank the launchers.",
        "",
    ]


def _launchers(folder: Path) -> list[str]:
    """A table with a row for each launcher."""
    rows, reference = [], None
    for launcher in real.LAUNCHERS:
        own = folder / launcher
        own.mkdir()
        first, results = real.run_grid(launcher, own), real.grid_results(own)
        statuses = real.mlflow_statuses(own)
        again = real.run_grid(launcher, own)
        metrics = {trial: value for trial, (value, _) in results.items()}
        reference = reference or metrics
        same = "yes" if metrics == reference else "NO"
        kept = "none" if real.grid_results(own) == results else "SOME"
        finished = sum('"finished"' in value for value in metrics.values())
        told = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
        cells = [launcher, finished, len(metrics) - finished, same, told, first.code, f"{first.seconds:.0f} s"]
        rows.append([*cells, kept, f"{again.seconds:.0f} s"])
        print(*rows[-1], flush=True)
    return [
        "## Twenty jobs through each launcher",
        "",
        f"`bakeoff train -m hydra/launcher=... {' '.join(real.GRID)}`: ten jobs train, ten diverge by design (learning"
        " rate 1e30), and none of those ends the sweep (exit code 6). The same command again trains nothing.",
        "",
        "| launcher | finished | diverged | same as basic | MLflow | exit code | time | trained again | time again |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *("| " + " | ".join(map(str, row)) + " |" for row in rows),
        "",
    ]


def _studies(folder: Path) -> list[str]:
    """A table of killed and resumed studies."""
    rows = []
    for launcher in ("basic", "joblib"):
        words = real.study_words(launcher, TRIALS)
        whole, killed = folder / f"{launcher}-whole", folder / f"{launcher}-killed"
        whole.mkdir()
        killed.mkdir()
        real.run(words, whole)
        left = [real.kill_study(words, killed, after=after)["RUNNING"] for after in KILLS]
        real.run(words, killed)
        ended, undisturbed = real.study_trials(killed), real.study_trials(whole)
        finished = sum(trial.state is optuna.trial.TrialState.COMPLETE for trial in ended)
        pairs = [[(trial.params, trial.value) for trial in trials] for trials in (ended, undisturbed)]
        same = "yes" if pairs[0] == pairs[1] else "NO"
        rows.append([launcher, len(KILLS), " + ".join(map(str, left)), len(ended), finished, same])
        print(*rows[-1], flush=True)
    return [
        "## Optuna studies killed and resumed",
        "",
        f"`bakeoff train -m {' '.join(real.study_words('basic', TRIALS))}`, the process group killed by SIGKILL three"
        f" times, then resumed by the same command. Wanted: {TRIALS} trials, with the parameters and values of a study"
        " that nobody disturbed.",
        "",
        "| launcher | kills | trials running at the kills | trials at the end | finished | same as undisturbed |",
        "| --- | --- | --- | --- | --- | --- |",
        *("| " + " | ".join(map(str, row)) + " |" for row in rows),
    ]


if __name__ == "__main__":
    main()
