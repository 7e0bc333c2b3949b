"""`make bench`: measures, prints, and writes docs/results/speed_*.md.

python -m bench                      everything (hours on two cores)
python -m bench throughput           one part: throughput, first_step, parallel, executors, sequences,
                                     large, refusals, start, growth, detection, export, serving,
                                     recommendation, forecasting, segmentation, speech, stacked, template
                                     or whole
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from bakeoff.training.trial.environment import environment
from bench import (
    detection,
    executors,
    export,
    first_step,
    forecasting,
    growth,
    large,
    parallel,
    recommendation,
    refusals,
    segmentation,
    sequences,
    serving,
    speech,
    stacked,
    start,
    template,
    throughput,
    whole,
)

PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "throughput": lambda: throughput.measure(repeats=5),
    "first_step": lambda: first_step.measure(repeats=9),
    "parallel": lambda: parallel.measure(epochs=40),
    "executors": lambda: executors.measure(epochs=8),
    "sequences": lambda: sequences.measure(repeats=5),
    "large": lambda: large.measure(seeds=200),
    "refusals": lambda: refusals.measure(repeats=3),
    "start": lambda: start.measure(pairs=5),
    "growth": lambda: growth.measure(trials=(100, 1_000, 10_000)),
    "detection": lambda: detection.measure(repeats=9),
    "export": export.measure,
    "serving": serving.measure,
    "forecasting": forecasting.measure,
    "recommendation": lambda: recommendation.measure(epochs=1),
    "segmentation": lambda: segmentation.measure(repeats=7),
    "speech": lambda: speech.measure(repeats=5),
    "stacked": lambda: stacked.measure(repeats=5),
    "template": lambda: template.measure(pairs=5),
    "whole": lambda: whole.measure(repeats=3),
}
RESULTS = Path(__file__).parent.parent / "docs" / "results"
HEADER = "| what | bakeoff | reference | ratio | target |\n| --- | --- | --- | --- | --- |\n"


def main(names: list[str]) -> None:
    """Runs the named parts, or all; each keeps its page."""
    for name in names or PARTS:
        rows = PARTS[name]()
        usual = "at least" if name == "throughput" else "at most"
        lines = [
            f"| {row['what']} | {row['bakeoff']:,} | {row['reference']:,} | {row['ratio']} "
            f"| {row.get('better', usual)} {row['target']} |"
            for row in rows
        ]
        page = f"# Speed: {name}\n\n{_measured(name)}\n\n{PARTS_DOC[name]}\n\n{HEADER}" + "\n".join(lines) + "\n"
        (RESULTS / f"speed_{name}.md").write_text(page)
        print(page, flush=True)


PARTS_DOC = {
    "throughput": (throughput.__doc__ or "").strip() + " Figures: training examples a second.",
    "first_step": (first_step.__doc__ or "").strip(),
    "parallel": (parallel.__doc__ or "").strip(),
    "executors": (executors.__doc__ or "").strip(),
    "sequences": (sequences.__doc__ or "").strip(),
    "large": (large.__doc__ or "").strip(),
    "refusals": (refusals.__doc__ or "").strip(),
    "start": (start.__doc__ or "").strip(),
    "growth": (growth.__doc__ or "").strip(),
    "detection": (detection.__doc__ or "").strip(),
    "export": (export.__doc__ or "").strip(),
    "serving": (serving.__doc__ or "").strip(),
    "forecasting": (forecasting.__doc__ or "").strip(),
    "recommendation": (recommendation.__doc__ or "").strip(),
    "segmentation": (segmentation.__doc__ or "").strip(),
    "speech": (speech.__doc__ or "").strip(),
    "stacked": (stacked.__doc__ or "").strip(),
    "template": (template.__doc__ or "").strip(),
    "whole": (whole.__doc__ or "").strip(),
}


def _measured(name: str) -> str:
    about = environment()
    versions = ", ".join(f"{name} {about[name]}" for name in ("python", "torch", "pytorch-lightning"))
    machine = f"{about['cpu']}, {about['cores']} cores"
    return f"Measured {time.strftime('%Y-%m-%d')} by `python -m bench {name}`: {versions}; {machine}."


if __name__ == "__main__":
    main(sys.argv[1:])
