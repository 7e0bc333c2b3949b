"""All points of a scaling measurement: each in a fresh process, interleaved, within a time each."""

from __future__ import annotations

import copy
import math
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bakeoff.comparison.measuring.exponent import fit_exponent
from bakeoff.comparison.measuring.point import COSTS_OF_A_POINT, at_length, work
from bakeoff.config.processes import caller_hidden
from bakeoff.data.spec import Spec
from bakeoff.errors import ConfigError
from bakeoff.record.contenders import Contender

AXES = ("length", "width")
START_S = 60.0
"""What a process may take until it measures: the first one waits for the imports."""
STEEPEST = 3.0
"""Costs grow at most with this power of the size where what a point will take is foretold."""


@dataclass
class SizePoint:
    """One contender at one length and width."""

    contender: Contender
    axis: str
    size: int
    length: int
    config: dict[str, Any]
    rounds: list[dict[str, Any]] = field(default_factory=list)
    skipped: str | None = None

    def cost(self, name: str) -> float:
        """The median over the rounds."""
        return float(median(found[name] for found in self.rounds))

    @property
    def seconds(self) -> float:
        """What measuring takes at the least: each call once to warm up, once timed."""
        return 2 * (self.cost("train_seconds") + self.cost("inference_seconds"))

    def to_dict(self) -> dict[str, Any]:
        """What ``scale.json`` holds."""
        about = {"axis": self.axis, "size": self.size, "skipped": self.skipped, "rounds": len(self.rounds)}
        if not self.rounds:
            return about
        return about | {"params": self.rounds[0]["params"]} | {name: self.cost(name) for name in COSTS_OF_A_POINT}


def make_points(
    contenders: Sequence[Contender],
    unsized: Sequence[Contender],
    *,
    lengths: Sequence[int],
    widths: Sequence[int],
    length: int,
) -> list[SizePoint]:
    """Points in the order in which they are measured: size by size, one of each contender after the other.

    Args:
        contenders: at their sizes, for the lengths.
        unsized: the same with the arguments of their YAML, so that depth and proportions stay as the width changes.
        lengths: time steps.
        widths: of the model.
        length: time steps of the points along the width.
    """
    points = [SizePoint(c, "length", size, size, c.config) for size in sorted(set(lengths)) for c in contenders]
    for size in sorted(set(widths)):
        for contender, as_written in zip(contenders, unsized, strict=True):
            config = copy.deepcopy(as_written.config)
            point = SizePoint(contender, "width", size, length, config)
            if "width" in config["model"]["net"]:
                config["model"]["net"]["width"] = size
            else:
                point.skipped = "the model has no argument width"
            points.append(point)
    return points


def measure_points(
    points: Sequence[SizePoint],
    spec: Spec,
    *,
    batch_size: int,
    repeats: int,
    max_seconds: float,
    allow_code: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> None:
    """Measures every point ``repeats`` times, all points once before any twice.

    A point that takes, or by the growth so far would take, more than ``max_seconds`` is skipped, and so are the larger
    ones of its contender along the same axis.

    Raises:
        ConfigError: the data are no sequences.
    """
    specs = {point.length: at_length(spec, point.length) for point in points}
    for index in range(repeats):
        say(f"round {index + 1} of {repeats}")
        for point in points:
            if index == 0:
                point.skipped = point.skipped or _foretold(point, points, max_seconds)
            if point.skipped:
                continue
            found = in_fresh_process(
                point.config, specs[point.length], batch_size, list(allow_code), max_seconds=max_seconds
            )
            # A later round that met a busy moment takes nothing from what the earlier ones found.
            if "skipped" not in found:
                point.rounds.append(found)
            elif not point.rounds:
                point.skipped = found["skipped"]


def in_fresh_process(
    config: Mapping[str, Any], spec: Spec, batch_size: int, allow_code: list[str], *, max_seconds: float
) -> dict[str, Any]:
    """What `work` sends, or ``skipped``: why there is nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([work.__module__])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(config, spec, batch_size, allow_code, theirs))
    with caller_hidden():
        process.start()
    theirs.close()
    try:
        if ours.poll(START_S):
            ours.recv()
            if ours.poll(max_seconds):
                return ours.recv()
        return {"skipped": f"took more than scale.max_seconds={max_seconds:g}"}
    except EOFError:
        process.join()
        return {"skipped": f"its process ended with exit code {process.exitcode}: out of memory, perhaps"}
    finally:
        process.kill()
        process.join()
        ours.close()


def _foretold(point: SizePoint, points: Sequence[SizePoint], max_seconds: float) -> str | None:
    """Why a point is not tried, from the smaller ones of its contender."""
    smaller = [p for p in points if p.contender is point.contender and p.axis == point.axis and p.size < point.size]
    for other in smaller:
        if other.skipped and "max_seconds" in other.skipped:
            return f"{point.axis} {other.size} took too long for scale.max_seconds={max_seconds:g} already"
    measured = [other for other in smaller if other.rounds]
    if not measured:
        return None
    last, power = measured[-1], 1.0
    if len(measured) > 1:
        before = measured[-2]
        power = math.log(last.seconds / before.seconds) / math.log(last.size / before.size)
    expected = last.seconds * (point.size / last.size) ** min(max(power, 1.0), STEEPEST)
    if expected <= max_seconds:
        return None
    return f"would take about {expected:.0f} s, more than scale.max_seconds={max_seconds:g}"


def summarised(points: Sequence[SizePoint], contenders: Sequence[Contender]) -> list[dict[str, Any]]:
    """What ``scale.json`` says of each contender: its points and, for each axis and cost, the exponent.

    Raises:
        ConfigError: nothing could be measured.
    """
    if not any(point.rounds for point in points):
        why = next((point.skipped for point in points if point.skipped), "there are no points")
        raise ConfigError("config.nothing_measured", "scale", None, str(why), next_step="a larger scale.max_seconds")
    return [
        {
            "name": contender.name,
            "model": contender.model,
            "family": contender.family,
            "params": contender.params,
            "points": [point.to_dict() for point in points if point.contender is contender],
            "exponents": {axis: _exponents(points, contender, axis) for axis in AXES},
        }
        for contender in contenders
    ]


def _exponents(points: Sequence[SizePoint], contender: Contender, axis: str) -> dict[str, Any]:
    own = [point for point in points if point.contender is contender and point.axis == axis and point.rounds]
    fitted = {name: fit_exponent([p.size for p in own], [p.cost(name) for p in own]) for name in COSTS_OF_A_POINT}
    return {
        name: {"value": found.value, "standard_error": found.standard_error, "sizes": list(found.sizes)}
        for name, found in fitted.items()
        if found is not None
    }
