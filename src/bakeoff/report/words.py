"""The report's sentences: the question, the verdict and the glossary, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.record.plan import RecordedPlan
from bakeoff.record.verdict import RecordedPair, RecordedVerdict
from bakeoff.report.numbers import Metric, compact, count, is_number, share
from bakeoff.report.reading import Bakeoff

FAMILY_NAMES = {"cnn": "CNN", "rnn": "RNN", "transformer": "Transformer"}
_BUDGETS = {
    "params": ("{} trainable parameters each", count),
    "flops": ("{} training FLOPs each", compact),
    "time": ("{} seconds of training each", count),
    "examples": ("{} training examples each", count),
}
_UNSAID = {
    "params": "the same number of trainable parameters",
    "flops": "the same training FLOPs, those of the cheapest contender",
    "time": "the same time of training",
    "examples": "the same number of training examples",
}

GLOSSARY = {
    "seed": "The number that starts all randomness of a trial: initial weights, order of the data, augmentation. "
    "Another seed gives a slightly different model, so one seed proves little.",
    "trial": "One training run of one contender with one seed; where contenders are tuned, at one point of the search.",
    "contender": "A model entered in the bakeoff, at the size that meets the budget.",
    "baseline": "A simple reference model. It cannot win; it tells what little effort already reaches.",
    "interval": "The range in which the true value plausibly lies. A 95 % interval misses it once in twenty.",
    "all at once": "Intervals so wide that all those of a picture hold together, in 95 of 100 bakeoffs unless another "
    "rate was set. Those by which pairs are judged each stand for themselves.",
    "level": "The error rate allowed to one comparison. It is stricter than that of the whole bakeoff, 5 % unless "
    "another was set, where several pairs are compared, so that all together keep to it.",
    "margin": "The smallest difference that is worth caring about, fixed before the test set was opened.",
    "Pareto front": "The models for which no other is both cheaper and better.",
    "FLOPs": "Floating-point operations: a machine-independent count of the work that training took.",
    "latency": "Time from input to answer for one batch, after warm-up, on the machine named under Environment.",
    "best of m": "What a search of m trials ends with: the one that is best on validation, judged on the test set.",
    "search space": "The settings that tuning may change, each with its range.",
    "look": "A reading of the test scores, at a number of seeds (of a search: trials) declared before the first run.",
    "audit": "Every figure of the verdict, derived again from the stored scores and compared.",
    "provisional": "Fewer than five seeds: a first impression, without a winner.",
}


def glossary(metrics: Sequence[Metric]) -> dict[str, str]:
    """What the words of the page mean, and the metrics that it shows."""
    return {metric.label: metric.facts.meaning for metric in metrics if metric.facts.meaning} | GLOSSARY


def question(plan: RecordedPlan) -> str:
    """What the bakeoff asked: ``CNN, RNN or Transformer for image classification on digits?``"""
    entered = [contender for contender in plan.contenders if not contender.is_baseline]
    families = list(dict.fromkeys(contender.family for contender in entered))
    names = [FAMILY_NAMES.get(family, family) for family in families]
    if len(names) < 2:
        names = [contender.name for contender in entered]
    subject = one_of(names) if 2 <= len(names) <= 5 else "Which model"
    return f"{subject} for {plan.task.replace('_', ' ')} on {plan.data_title}?"


def data_words(plan: RecordedPlan) -> str:
    """What is learnt from: ``70 train, 10 validation and 20 test examples; 10 classes, the rarest 9.7 % of train``.

    Runs that did not keep how many examples each class has say nothing of classes.
    """
    spec, counts = plan.spec, plan.spec.get("class_counts") or ()
    names = {"num_train": "train", "num_val": "validation", "num_test": "test"}
    words = f"{all_of([f'{count(spec.get(key))} {name}' for key, name in names.items()])} examples"
    if len(counts) > 1:
        words += f"; {len(counts):,} classes, the rarest {share(min(counts) / max(spec['num_train'], 1))} of train"
    if groups := spec.get("num_groups"):
        words += f"; grouped: {all_of([count(number) for number in groups])} groups"
    return words


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


def lesson(plan: RecordedPlan, verdict: RecordedVerdict, metric: Metric) -> str:
    """What a reader takes home: what the choice of model is worth here, and how small a gap the bakeoff can tell.

    The worth is the leader's largest difference to a rival; a gap can be told where it passes the half-width of a
    pair's interval, the widest of the leader's pairs. Empty where no pair was measured.
    """
    gaps = [
        (pair.difference, (pair.high - pair.low) / 2, pair)
        for pair in verdict.leaders_pairs
        if is_number(pair.difference) and is_number(pair.low) and is_number(pair.high)
    ]
    if not gaps:
        return ""
    difference, _, pair = max(gaps, key=lambda gap: abs(gap[0]))
    better, worse = pair.from_better.a, pair.from_better.b
    worth, told = metric.size(abs(difference)), metric.size(max(half for _, half, _ in gaps))
    cases = f"{count(plan.spec.get('num_test'))} test examples and {verdict.runs_of(pair.a)} {plan.run_word}s"
    return (
        f"In short ({budget_words(plan)}): the choice of model is worth up to {worth} of {metric.label} here, {better} "
        f"over {worse}; {cases} tell gaps above {told} from luck."
    )


def baseline_words(verdict: RecordedVerdict, metric: Metric) -> str:
    """How far each contender is from the best baseline: ``Over linear: lenet +15.05 points (6.60 to 23.50), ...``."""
    told = []
    for row in verdict.over_baseline:
        low, high = (metric.difference(row[end], unit=False) for end in ("low", "high"))
        told.append(f"{row['name']} {metric.difference(row['difference'])} ({low} to {high})")
    level = f"{100 * (1 - (verdict.alpha or 0.05)):g} % interval each"
    return f"Over the baseline {verdict.over_baseline[0]['baseline']}, {level}: {'; '.join(told)}." if told else ""


def closest_rival(bakeoff: Bakeoff) -> RecordedPair | None:
    """The pair of the leader and the contender whose mean is nearest to its own, seen from the leader."""
    known = [pair for pair in bakeoff.verdict.leaders_pairs if is_number(pair.difference)]
    return min(known, key=lambda pair: (abs(pair.difference or 0.0), pair.b)) if known else None


def reading(pair: RecordedPair) -> str:
    """What a pair's test says: ``better``, ``better, by less than matters``, ``equivalent`` or ``undecided``."""
    if pair.is_decided:
        return "better, by less than matters" if pair.equivalent else "better"
    return "equivalent" if pair.equivalent else "undecided"


def budget_words(plan: RecordedPlan) -> str:
    """What was held equal, in short: ``100,000 trainable parameters each, within 5 %``."""
    mode, value = plan.budget.get("mode", "none"), plan.budget.get("value")
    if mode not in _BUDGETS:
        return "no budget: each contender as configured"
    pattern, printed = _BUDGETS[mode]
    if not is_number(value):
        return _UNSAID[mode]
    tolerance = plan.budget.get("tolerance")
    return pattern.format(printed(value)) + (f", within {share(tolerance)}" if tolerance else "")


def one_of(names: Sequence[str]) -> str:
    """``a, b or c``."""
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def all_of(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
