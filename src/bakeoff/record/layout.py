"""What the folders of a bakeoff and of a trial hold: the name of every file, for who writes it and who reads it."""

from __future__ import annotations

from pathlib import Path

# Of a bakeoff ---------------------------------------------------------------------------------------------------------

PLAN = "plan.json"
"""What was decided before the first trial: contenders at their sizes, trials, data, rules of judging."""
MANIFEST = "manifest.json"
"""The hash of what the verdict must not change after the first trial, and those rules."""
MARGIN = "margin.json"
"""The smallest difference that matters, fixed before the test is opened."""
OPENINGS = "openings.jsonl"
"""One line each time that the test labels were used."""
SCORES = "scores.parquet"
"""A row a trial and test example: all that the verdict is drawn from, but for validation scores of a search."""
VALIDATION = "validation.parquet"
"""What the trials of a search were selected by."""
TEST_LABELS = "test_labels.arrow"
"""The test labels, once they have been opened."""
OLDER_TEST_LABELS = "test_labels.npy"
"""What they were before they were tables."""
TEST_EXAMPLES = "test_examples.json"
"""A name for each of them."""
TEST_ATTRIBUTES = "test_attributes.json"
"""What each of them is like, by name, where that is known."""
VERDICT = "verdict.json"
"""Who wins, and everything that stands beside it."""
RULING = "ruling.json"
"""What the verdict makes of the published claim that the plan holds, where it holds one."""
EXHIBITS = "exhibits.json"
"""What each contender answered to a few test examples."""
OLDER_EXHIBITS = "illustrations.json"
"""What the exhibits of text and attention were called before there were others."""
AUDIT = "audit.json"
"""Every figure of the verdict, derived again."""
SCALE = "scale.json"
"""What contenders cost against length and width; in a folder of its own, or a bakeoff's."""
GRADIENTS = "gradients.json"
"""How far back their loss reaches; likewise."""
EXPLANATIONS = "explanations.json"
"""What contenders' networks look at, and whether that is so; of a bakeoff or a run."""
ROBUSTNESS = "robustness.json"
"""What they are worth on spoilt test inputs; likewise."""
REPORT = "report.html"
"""The report."""
SUMMARY = "verdict.md"
"""The verdict as Markdown."""
TRIALS = "trials"
"""The folder of the trials' folders, each named by its trial id."""

# Of a trial -----------------------------------------------------------------------------------------------------------

CONFIG = "config.json"
"""The resolved configuration."""
RUN = "run.json"
"""What the trial is called and belongs to."""
METRICS = "metrics.jsonl"
"""The metric log."""
CHECKPOINT = "last.ckpt"
"""The resume point, while it trains."""
WEIGHTS = "weights.safetensors"
"""The selected weights."""
SPEC = "spec.json"
"""What the data was: classes, shapes, normalisation."""
PREDICTIONS = "test_predictions.arrow"
"""What it says of the test inputs, sealed by a hash in its result."""
OLDER_PREDICTIONS = "test_predictions.npz"
"""What that was before it was a table."""
TEST_METRICS = "test_metrics.json"
"""What that is worth, written by the scorer when the test is opened."""
ERROR = "error.json"
"""What ended it without a result, until it is run again."""
RESULT = "result.json"
"""Written last; a folder with a result is never run again."""
SHORTAGES = "out_of_memory.json"
"""How often memory ran out, where it did."""
KILLS = "kills.jsonl"
"""A line each time that its process was killed."""
LOG = "log.txt"
"""What its process printed."""
ENVIRONMENT = "environment.json"
"""What a run of its own was measured on."""

# Of either ------------------------------------------------------------------------------------------------------------

LOCK = ".lock"
"""Held by the process that works there."""
SYSTEM = "system.jsonl"
"""What the machine did meanwhile."""
TRACKING = "tracking.json"
"""Where the folder's runs are sent, and who works on it."""
SYNCED = "mlflow.json"
"""What the tracker has of it."""
TRACKING_LOCK = ".tracking.lock"
"""Held by the process that sends it."""


def trial_folder(bakeoff: Path, trial_id: str) -> Path:
    """Where one of a bakeoff's trials lies."""
    return bakeoff / TRIALS / trial_id


def trials_with(bakeoff: Path, name: str) -> list[Path]:
    """Folders of a bakeoff's trials that hold such a file, in the order of their names."""
    return sorted(path.parent for path in bakeoff.glob(f"{TRIALS}/*/{name}"))
