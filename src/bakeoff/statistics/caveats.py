"""Everything that weakens a verdict, one sentence each (rules 13, 14, 16, 17, 19, 24)."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.statistics.decisions import Decision
from bakeoff.statistics.options import MIN_SEEDS, Options, Stage
from bakeoff.statistics.rows import Contender
from bakeoff.statistics.setting import Setting

FEW_EXAMPLES = 100
HEAVY = 0.1


def caveats(
    decision: Decision, rows: Sequence[Contender], options: Options, stage: Stage, *, setting: Setting
) -> list[str]:
    """The caller's notes, then what was found."""
    found = list(options.notes)
    if stage.provisional:
        found.append(f"provisional: {stage.num_seeds} seeds, and a verdict needs at least {MIN_SEEDS}")
    if stage.exploratory and options.looks is not None:
        declared = ", ".join(map(str, options.looks.seeds))
        seeds = " and ".join(map(str, sorted({row.num_seeds for row in rows})))
        undeclared = f"exploratory: {seeds} seeds are no look that was declared ({declared})"
        found.append(f"{undeclared}; the error rate is not guaranteed")
    for row in rows:
        if row.unstable:
            found.append(f"unstable: {failures(row)} ({row.name}) and score as the trivial predictor")
    if options.margin is None:
        found.append(
            "there is no margin (none was given, or the best validation error is 0), "
            "so neither equivalence nor a small win can be shown"
        )
    num_examples = setting.units.num_examples
    if num_examples < FEW_EXAMPLES:
        examples = "1 test example" if num_examples == 1 else f"{num_examples} test examples"
        found.append(f"only {examples}: the t interval is a large-sample result")
    heavy = [pair for pair in decision.pairs if pair.estimate.skewness is not None and pair.estimate.heaviest > HEAVY]
    if heavy and num_examples >= FEW_EXAMPLES:
        worst = max(heavy, key=lambda pair: pair.estimate.heaviest)
        found.append(
            f"one {setting.units.name} carries {worst.estimate.heaviest:.0%} of the variance between {worst.a} and "
            f"{worst.b}: with tails so heavy any interval is rough; a logarithm or a bounded score would hold better"
        )
    if any(pair.estimate.v_seeds == 0 and pair.estimate.vex == 0 for pair in decision.pairs):
        found.append("some differences do not vary at all over seeds and examples; check that the runs really differ")
    return found


def failures(row: Contender) -> str:
    """How many trials of a contender failed."""
    return f"{len(row.failed)} of {row.num_seeds} trials failed"
