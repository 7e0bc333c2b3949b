"""Trials that another bakeoff has finished are taken over: a contender that enters later has nobody train again.

A trial's id is the hash of its configuration, its seed and its data, so a trial of the same id is the same trial. Its
sealed predictions come along, and so does the record of when the other bakeoff opened its test: whoever enters a
contender then knows what the others reached, and the guard on openings stamps the verdict for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bakeoff.comparison.running.job import Job
from bakeoff.files import read_json, write_json
from bakeoff.record.bakeoff import require_bakeoff
from bakeoff.record.layout import OPENINGS, PLAN, RESULT, RUN, SYNCED, TRACKING, TRACKING_LOCK, trial_folder

_UNFINISHED = ".taking"
_THEIR_OWN = (SYNCED, TRACKING, TRACKING_LOCK)
"""What says where the other bakeoff sent its trials."""


def take_trials(jobs: Sequence[Job], source: Path, folder: Path) -> int:
    """Copies those trials that another bakeoff has finished and this one has not begun; returns how many.

    Args:
        jobs: trials of this bakeoff.
        source: folder of the other one.
        folder: of this one.

    Raises:
        ConfigError: ``source`` holds no bakeoff.
    """
    require_bakeoff(source, PLAN, key="trials_from", next_step="name the output_dir of a compare")
    taken = [job for job in jobs if not job.folder.exists() and _take(job, source, folder)]
    opened = source / OPENINGS
    if taken and opened.exists() and not (folder / OPENINGS).exists():
        shutil.copyfile(opened, folder / OPENINGS)
    return len(taken)


def _take(job: Job, source: Path, folder: Path) -> bool:
    """Whether the other bakeoff had it; nothing stands in its place before all of it does."""
    theirs = trial_folder(source, job.label.trial_id)
    if not (theirs / RESULT).exists() or read_json(theirs / RESULT)["status"] != "finished":
        return False
    copy = folder / _UNFINISHED
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(theirs, copy, ignore=shutil.ignore_patterns(*_THEIR_OWN))
    for name in (RUN, RESULT):
        write_json(copy / name, read_json(copy / name) | asdict(job.label))
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    copy.rename(job.folder)
    return True
