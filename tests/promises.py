"""What bakeoff promises of faults, each with the tests that do the fault and look at what became of it.

python -m tests.promises > docs/results/faults.md      some minutes; exit code 1 where a promise is not kept
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Promise:
    """A promise, what is done against it, and the tests that do so: files or single tests below ``tests/``."""

    promise: str
    fault: str
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "Settings that make no sense are refused before anything runs",
        "every numeric argument of every constructor and section, out of its range",
        ("contracts/test_numeric_keys.py",),
    ),
    Promise(
        "A group takes one of its files",
        "model=[linear,lenet] and lists for other groups",
        ("config/test_checking.py::test_a_group_takes_one_of_its_files",),
    ),
    Promise(
        "A class of another kind is not built",
        "a store or a layer as a model's target",
        ("config/test_checking.py::test_a_class_of_another_kind_is_refused_before_it_is_built",),
    ),
    Promise(
        "A bad command line gets one line and leaves nothing",
        "125 command lines over all commands",
        ("cli/test_bad_command_lines.py",),
    ),
    Promise(
        "What the configuration shows is refused before torch is imported",
        "settings and heads of files",
        ("commands/test_refusals.py",),
    ),
    Promise(
        "The fork server's death is a kill of its trials",
        "kill -9 of the fork server, idle and at work",
        ("comparison/test_executor.py::test_the_death_of_the_fork_server_is_that_of_its_trials",),
    ),
    Promise(
        "A killed trial is started once more with its seed",
        "kill -9 of a trial",
        ("comparison/test_executor.py::test_a_killed_trial_is_started_once_more_with_its_seed_and_noted",),
    ),
    Promise(
        "The process that sends to MLflow is replaced",
        "kill -9 of it between runs and within one",
        (
            "tracking/test_follower.py::test_a_process_that_died_is_replaced_and_goes_on_where_it_was",
            "tracking/test_follower.py::test_a_process_that_dies_while_a_run_goes_on_is_replaced_at_once",
        ),
    ),
    Promise(
        "No run stays RUNNING and no process stays",
        "kill -9 of the command",
        ("tracking/test_follower.py::test_after_kill_9_of_the_parent_no_run_stays_running_and_no_process_stays",),
    ),
    Promise(
        "A trial of Ray goes on where it was",
        "kill -9 of its worker and of its process",
        ("comparison/test_ray_executor.py::test_a_trial_whose_worker_or_process_is_killed_goes_on_where_it_was",),
    ),
    Promise(
        "A full disk is a fault of the machine, exit code 4",
        "no space, quota and read-only in trials and stores",
        (
            "comparison/test_executor.py::test_a_disk_that_fills_is_a_fault_of_the_machine",
            "training/test_preflight.py::test_a_full_disk_is_refused_with_what_is_free",
            "tracking/test_store.py::test_a_line_that_a_full_disk_cut_off_is_left_out_and_the_others_are_counted",
            "data/test_image_module.py::test_a_disk_without_space_is_refused_before_it_is_filled",
        ),
    ),
    Promise(
        "Damaged weights are not loaded, and the audit finds them",
        "one bit of weights.safetensors turned",
        (
            "training/test_saved_run.py::test_a_model_of_which_a_bit_has_changed_is_not_loaded",
            "comparison/test_audit.py::test_weights_of_which_a_bit_has_changed_are_found",
        ),
    ),
    Promise(
        "A damaged resume point gives way to the one before",
        "checkpoints cut off and overwritten",
        (
            "training/test_checkpoints.py",
            "training/test_resume.py::test_a_damaged_resume_point_gives_way_to_the_one_before",
        ),
    ),
    Promise(
        "Trials killed from outside can be run again while the test is sealed",
        "two kills of one trial",
        ("comparison/test_rerun.py",),
    ),
    Promise(
        "Intervals of bounded metrics stay in their range",
        "near-perfect scores",
        ("statistics/test_guards.py::test_own_intervals_stay_inside_the_range",),
    ),
    Promise(
        "Large images are refused by their header",
        "more pixels than data.max_megapixels",
        ("data/test_image_guards.py::test_an_image_of_too_many_pixels_is_not_decoded",),
    ),
    Promise(
        "No cell of predictions.csv runs as a formula",
        "answers that begin with =, +, - and @",
        ("commands/test_predictions_table.py",),
    ),
    Promise(
        "What hard kills leave is cleared at the next start",
        "kill -9 of writers, builders and commands",
        (
            "test_files.py",
            "cli/test_scratch.py",
            "training/test_preflight.py::test_the_output_folder_is_cleared_of_what_a_kill_cut_off",
            "data/test_image_module.py::test_a_failed_build_leaves_nothing_and_a_killed_one_is_cleared_away",
        ),
    ),
)


def outcomes(tests: Sequence[str]) -> list[str]:
    """The outcome of each case: ``passed``, ``failed`` or ``skipped``."""
    with TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--timeout=1200", f"--junitxml={report}"]
        subprocess.run([*command, *(f"tests/{test}" for test in tests)], cwd=ROOT, stdout=sys.stderr, check=False)
        cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    kinds = {"failure": "failed", "error": "failed", "skipped": "skipped"}
    return [next((kinds[part.tag] for part in case if part.tag in kinds), "passed") for case in cases]


def main() -> None:
    """Runs all of them, one promise after the other, and prints the page."""
    began, rows, kept = time.monotonic(), [], True
    for promise in PROMISES:
        found = outcomes(promise.tests)
        passed = found.count("passed")
        is_kept = 0 < passed == len(found)
        kept &= is_kept
        result = f"kept ({passed})" if is_kept else f"**not shown** ({passed} of {len(found)})"
        rows.append(f"| {promise.promise} | {promise.fault} | {result} |")
    versions = f"Python {platform.python_version()}, torch {torch.__version__.partition('+')[0]}"
    print("# Faults: what is promised, what was done, what became of it\n")
    print(f"`python -m tests.promises`, {time.strftime('%Y-%m-%d')}, {versions}, {time.monotonic() - began:.0f} s.")
    print("In brackets: how many cases did the fault. Storms of random kills: [reliability](reliability.md).\n")
    print("| promise | fault | result |\n| --- | --- | --- |")
    print("\n".join(rows))
    if not kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
