"""The report's sentences: the question, the verdict, the protocol and the glossary, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.report.numbers import Metric, compact, count, is_number, share
from bakeoff.report.reading import Bakeoff
from bakeoff.report.records import Pair, Plan

FAMILY_NAMES = {"cnn": "CNN", "rnn": "RNN", "transformer": "Transformer"}
_BUDGETS = {
    "params": ("{} trainable parameters each", count),
    "flops": ("{} training FLOPs each", compact),
    "time": ("{} seconds of training each", count),
    "examples": ("{} training examples each", count),
}

GLOSSARY = {
    "seed": "The number that starts all randomness of a trial: initial weights, order of the data, augmentation. "
    "Another seed gives a slightly different model, so one seed proves little.",
    "trial": "One training run of one contender with one seed.",
    "contender": "A model entered in the bakeoff, at the size that meets the budget.",
    "baseline": "A simple reference model. It cannot win; it tells what little effort already reaches.",
    "interval": "The range in which the true value plausibly lies. A 95 % interval misses it once in twenty.",
    "level": "The error rate allowed to one comparison. It is stricter than 5 % where several pairs are compared, so "
    "that the whole bakeoff names a false winner at most once in twenty.",
    "margin": "The smallest difference that is worth caring about, fixed before the test set was opened.",
    "macro-F1": "The harmonic mean of precision and recall, averaged over classes: rare classes count fully.",
    "calibration error": "How far the stated confidence is from the share that is right; 0 is perfect.",
    "Pareto front": "The models for which no other is both cheaper and better.",
    "FLOPs": "Floating-point operations: a machine-independent count of the work that training took.",
    "latency": "Time from input to answer for one batch, after warm-up, on the machine named under Environment.",
    "provisional": "Fewer than five seeds: a first impression, without a winner.",
}


def question(plan: Plan) -> str:
    """What the bakeoff asked: ``CNN, RNN or Transformer for image classification on digits?``"""
    entered = [contender for contender in plan.contenders if not contender.is_baseline]
    families = list(dict.fromkeys(contender.family for contender in entered))
    names = [FAMILY_NAMES.get(family, family) for family in families]
    if len(names) < 2:
        names = [contender.name for contender in entered]
    subject = one_of(names) if 2 <= len(names) <= 5 else "Which model"
    return f"{subject} for {plan.task.replace('_', ' ')} on {plan.data}?"


def headline(bakeoff: Bakeoff) -> str:
    """The verdict in a few words."""
    verdict = bakeoff.verdict
    if verdict.winner and verdict.verdict == "WINS_SMALL":
        return f"{verdict.winner} wins, by less than the margin that matters"
    if verdict.winner:
        return f"{verdict.winner} wins"
    if verdict.verdict == "EQUIVALENT":
        return f"{all_of(verdict.equivalent) or 'The best'} are equally good"
    return "Not enough evidence to name a winner"


def closest_rival(bakeoff: Bakeoff) -> Pair | None:
    """The pair of the leader and the contender whose mean is nearest to its own, seen from the leader."""
    leader = bakeoff.verdict.leader
    own = [pair.seen_from(leader) for pair in bakeoff.verdict.pairs if leader in (pair.a, pair.b)] if leader else []
    known = [pair for pair in own if is_number(pair.difference)]
    return min(known, key=lambda pair: (abs(pair.difference or 0.0), pair.b)) if known else None


def budget_words(plan: Plan) -> str:
    """What was held equal, in short: ``100,000 trainable parameters each, within 5 %``."""
    mode, value = plan.budget.get("mode", "none"), plan.budget.get("value")
    if mode not in _BUDGETS or not is_number(value):
        return "no budget: each contender as configured"
    pattern, printed = _BUDGETS[mode]
    tolerance = plan.budget.get("tolerance")
    return pattern.format(printed(value)) + (f", within {share(tolerance)}" if tolerance else "")


def protocol(bakeoff: Bakeoff, metric: Metric) -> list[str]:
    """How the verdict was reached and why in this way, a paragraph each."""
    plan, verdict = bakeoff.plan, bakeoff.verdict
    num_contenders = len(bakeoff.contenders)
    num_test = plan.spec.get("num_test") or (len(bakeoff.labels) if bakeoff.labels is not None else None)
    examples = f"the same {count(num_test)} test examples" if num_test else "the same test examples"
    return [
        f"Every contender was trained {len(plan.seeds)} times, each time with a fresh seed, under the same budget: "
        f"{budget_words(plan)}. Each trial then answered {examples}. Those answers stayed sealed until the last trial "
        "had ended, and training never saw a test label.",
        "Two things can make a worse model look better: a lucky seed and a lucky test set. The test used here, a "
        "crossed t over seeds and examples, adds up both. Tests that look at seeds alone take the test set for the "
        "whole world: in simulations with equal models they named a winner in 11 to 51 of 100 bakeoffs, and more seeds "
        "made them worse. The crossed t did so in 4 to 5.",
        f"{_multiplicity(num_contenders, plan.alpha)} Each interval in this report is drawn at the level at which its "
        "pair was tested.",
        f"A difference matters here if it is larger than {metric.size(verdict.margin)}"
        + (f", {share(plan.margin_fraction)} of the best validation error" if plan.margin_fraction else "")
        + ", and was fixed before the test set was opened. A contender wins if its interval against every other lies "
        "above zero; the win is small if an interval also ends below the margin. Contenders that nobody beats are "
        "equally good if the intervals of the differences between them lie within the margin; these are at 90 %, wider "
        "where several pairs are compared. Everything else is not enough evidence.",
        "Trials that diverged or failed are not dropped: they score like the most frequent class, because a model that "
        "sometimes fails to train is a worse choice.",
    ]


def one_of(names: Sequence[str]) -> str:
    """``a, b or c``."""
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def all_of(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _multiplicity(num_contenders: int, alpha: float) -> str:
    if num_contenders <= 2:
        return f"There is one pair to compare, tested at {share(alpha)}."
    if num_contenders == 3:
        return (
            f"With three contenders there are three pairs. The clearest is tested at {share(alpha / 3)}; only if it "
            f"holds are the other two tested at {share(alpha)} (Shaffer's procedure), so that all three together "
            f"name a false winner at most {share(alpha)} of the time."
        )
    pairs = num_contenders * (num_contenders - 1) // 2
    return (
        f"With {num_contenders} contenders there are {pairs} pairs, tested from the clearest to the least clear at "
        f"levels that start at {share(alpha / pairs)} (Holm's procedure), so that all together name a false winner at "
        f"most {share(alpha)} of the time."
    )
