"""Checks of cost and effort: slower for nothing, unequal, or searched at the edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bakeoff.record.verdict import LeaderboardRow
from bakeoff.report.checks.check import Check
from bakeoff.report.reading import Bakeoff

TIMES_SLOWER = 3.0
TIMES_FLOPS = 1.5
PARAMS_APART = 0.1
FEWEST_TRIALS = 10


def _leader(bakeoff: Bakeoff) -> LeaderboardRow | None:
    return next((row for row in bakeoff.contenders if row.name == bakeoff.verdict.leader), None)


def _as_good_and_faster(bakeoff: Bakeoff, others: list[LeaderboardRow]) -> Iterator[str]:
    """Those within the margin of the leader that answer much faster than it does."""
    leader, name, margin = _leader(bakeoff), bakeoff.plan.metric, bakeoff.verdict.margin
    if leader is None or margin is None or (reached := leader.quality(name).mean) is None:
        return
    for row in others:
        mean = row.quality(name).mean
        if row.name == leader.name or mean is None or bakeoff.metric.facts.sign * (reached - mean) > margin:
            continue
        sizes = leader.latency_ms.keys() & row.latency_ms.keys()
        times = min((leader.latency_ms[size] / row.latency_ms[size] for size in sizes), default=0.0)
        if times > TIMES_SLOWER:
            yield (
                f"{row.name} is within the margin of {leader.name} in {bakeoff.metric.label}, and answers {times:.1f} "
                "times as fast."
            )


def slower_than_a_rival(bakeoff: Bakeoff) -> Iterator[str]:
    """Another contender does as well, and answers faster."""
    yield from _as_good_and_faster(bakeoff, bakeoff.contenders)


def slower_than_a_baseline(bakeoff: Bakeoff) -> Iterator[str]:
    """A baseline does as well, and answers faster."""
    yield from _as_good_and_faster(bakeoff, bakeoff.baselines)


def unequal_flops(bakeoff: Bakeoff) -> Iterator[str]:
    """Training cost some contenders more."""
    ratio, mode = bakeoff.verdict.flops_ratio, bakeoff.plan.budget.get("mode")
    if ratio is not None and ratio > TIMES_FLOPS and mode not in ("flops", "time"):
        yield f"Training FLOPs an example differ by {ratio:.1f} times (budget=flops holds them equal)."


def unequal_sizes(bakeoff: Bakeoff) -> Iterator[str]:
    """Some contenders are larger."""
    sizes = {row.name: row.params for row in bakeoff.contenders if row.params}
    if len(sizes) > 1 and max(sizes.values()) > (1 + PARAMS_APART) * min(sizes.values()):
        largest, smallest = max(sizes, key=lambda name: sizes[name]), min(sizes, key=lambda name: sizes[name])
        yield (
            f"{largest} has {sizes[largest] / sizes[smallest]:.1f} times the parameters of {smallest} (budget=params "
            "holds them equal)."
        )


def leader_by_cost(bakeoff: Bakeoff) -> Iterator[str]:
    """Another contender leads where all have spent the same."""
    if bakeoff.verdict.indicative.get("leader_changes"):
        yield "At equal training FLOPs or equal time another contender leads on validation."


def unsettled_times(bakeoff: Bakeoff) -> Iterator[str]:
    """Latencies that did not settle are not told."""
    rows = [*bakeoff.contenders, *bakeoff.baselines]
    if not any(row.latency_ms for row in rows):
        return
    sizes = {size for row in rows for size in row.latency_ms}
    for row in rows:
        fitted = not row.train_flops
        if not fitted and (missing := sorted(sizes - row.latency_ms.keys(), key=int)):
            yield f"How long {row.name} takes for a batch of {' and '.join(missing)} did not settle on this machine."


def at_the_edge(bakeoff: Bakeoff) -> Iterator[str]:
    """A better setting may lie beyond what was searched; nothing lies below a range that begins at nothing."""
    for edge in bakeoff.verdict.edges:
        if edge["low"] == 0 and edge["value"] < edge["high"] / 2:
            continue
        yield (
            f"The best trial of {edge['contender']} has {edge['key']} = {edge['value']:.3g}, at the edge of "
            f"{edge['low']:.3g} to {edge['high']:.3g}."
        )


def short_search(bakeoff: Bakeoff) -> Iterator[str]:
    """Too few trials to find a good setting."""
    count = bakeoff.plan.num_tuning
    if 0 < count < FEWEST_TRIALS:
        yield f"Each contender's search has {count} trials; fewer than {FEWEST_TRIALS} find good settings by luck."


def nothing_tuned(bakeoff: Bakeoff) -> Iterator[str]:
    """One model's defaults may suit these data better than another's."""
    settings: Mapping[str, object] = bakeoff.plan.tune
    if bakeoff.plan.entered and bakeoff.verdict.leaderboard and not settings.get("trials"):
        yield "Nothing was tuned: what is compared are default settings (tune.trials=20 gives each the same search)."


CHECKS = (
    Check("B401", "slower than a contender that is as good", slower_than_a_rival),
    Check("B402", "slower than a baseline that is as good", slower_than_a_baseline),
    Check("B403", "unequal training FLOPs", unequal_flops),
    Check("B404", "unequal sizes", unequal_sizes),
    Check("B405", "another leader at equal cost", leader_by_cost),
    Check("B406", "latencies that did not settle", unsettled_times),
    Check("B501", "tuning at the edge of its range", at_the_edge),
    Check("B502", "a short search", short_search),
    Check("B503", "nothing tuned", nothing_tuned),
)
