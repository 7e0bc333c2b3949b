"""How the verdict was reached and why in this way, in plain words that fit what this bakeoff claims."""

from __future__ import annotations

from bakeoff.record.plan import RecordedPlan
from bakeoff.report.numbers import Metric, count, share
from bakeoff.report.reading import Bakeoff
from bakeoff.report.words import all_of, budget_words
from bakeoff.statistics.configuration import MIN_SEEDS_PAIRED

_HELD = {
    "params": "Sizes were solved to meet it; data order, batches, augmentation, stopping rule and the most examples "
    "seen are equal too. Training compute is not: see what quality costs.",
    "flops": "Training stops when that compute is spent, so a cheap model sees more examples. Data order, batches and "
    "augmentation are equal.",
    "time": "Training stops when that time is over, on the same machine and taking turns, so the result holds for such "
    "a machine. Data order, batches and augmentation are equal.",
    "examples": "Sizes are free, so a larger model may win by its size. Data order, batches and augmentation are "
    "equal.",
    "none": "Sizes and compute are free, so a larger or longer trained model may win by that alone. Data order, "
    "batches, augmentation and stopping rule are equal.",
}


def protocol(bakeoff: Bakeoff, metric: Metric) -> list[str]:
    """A paragraph each: trials, budget, test, pairs, looks, margin, failures, rules fixed beforehand."""
    plan = bakeoff.plan
    paragraphs = [
        _trials(bakeoff),
        f"Held equal: {budget_words(plan)}. {_HELD.get(plan.budget.get('mode', 'none'), '')}".strip(),
        _estimator(bakeoff) if bakeoff.verdict.kind == "family" else "",
        _test(bakeoff, metric),
        _looks(plan),
        _multiplicity(bakeoff),
        _margin(bakeoff, metric),
        "Trials that diverged or failed are not dropped: they score as the trivial predictor does, because a model "
        "that sometimes fails to train is a worse choice.",
        _fixed(bakeoff),
    ]
    return [paragraph for paragraph in paragraphs if paragraph]


def _trials(bakeoff: Bakeoff) -> str:
    plan = bakeoff.plan
    num_test = plan.spec.get("num_test") or (len(bakeoff.labels) if bakeoff.labels is not None else None)
    examples = f"the same {count(num_test)} test examples" if num_test else "the same test examples"
    sealed = "until a declared look" if plan.looks else "until the last trial had ended"
    answers = (
        f"Each trial then answered {examples}. Those answers stayed sealed {sealed}, and training never saw a test "
    )
    times = f"up to {plan.num_runs}" if plan.looks else str(plan.num_runs)
    if plan.num_tuning:
        return (
            f"Every contender was tuned equally: {times} trials, each at a point drawn at random from its "
            "own search space of as many settings, independently of the other contenders and of the trials before, and "
            f"each with a fresh seed. {answers}label; trials are told apart by validation alone."
        )
    return f"Every contender was trained {times} times at fixed settings, each time with a fresh seed. {answers}label."


def _estimator(bakeoff: Bakeoff) -> str:
    plan, best_of = bakeoff.plan, bakeoff.verdict.best_of
    trials = "the trials run" if plan.looks else f"the {plan.num_tuning} trials"
    chosen = f"the best of {best_of} trials by validation" if best_of != 1 else "one random trial"
    return (
        f"What is compared is a family, not one setting: the test score to expect of {chosen}. One search gives one "
        f"such score; the average over all ways to pick {best_of} of {trials} uses every trial "
        "and is far steadier. Its uncertainty comes from leaving out one trial at a time (the jackknife), so tuning "
        "luck is inside the intervals. Judging one search per contender by its winner alone named a false winner in "
        "34 to 72 of 100 simulated bakeoffs."
    )


def _test(bakeoff: Bakeoff, metric: Metric) -> str:
    plan = bakeoff.plan
    rows = "trials" if plan.num_tuning else "seeds"
    words = (
        f"Two things can make a worse model look better: lucky {rows} and a lucky test set. The test used here, a "
        f"crossed t over {rows} and test examples, adds up both. Tests that look at seeds alone take the test set for "
        "the whole world: in simulations with equal models they named a winner in 11 to 51 of 100 bakeoffs, and more "
        "seeds made them worse. The crossed t did so in 4 to 5."
    )
    if plan.paired and not plan.num_tuning:
        runs = [int(row.get("num_seeds") or 0) for row in bakeoff.verdict.contenders]
        used = max(runs, default=plan.num_runs) >= MIN_SEEDS_PAIRED
        words += (
            " Seeds of the same number share their split by design and are compared pair by pair."
            if used
            else f" Seeds share their split by design, but pairing them needs {MIN_SEEDS_PAIRED} seeds, so it was not "
            "used."
        )
    if not metric.facts.is_mean:
        words += (
            f" {metric.label} is not a mean over examples; each example counts with its jackknife pseudo-value: what "
            "the metric loses without it."
        )
    return words


def _multiplicity(bakeoff: Bakeoff) -> str:
    plan = bakeoff.plan
    num_contenders = len([entry for entry in plan.contenders if not entry.is_baseline])
    num_pairs = num_contenders * (num_contenders - 1) // 2
    whole = "the level of the look" if plan.looks else share(plan.alpha)
    first = f"1/{num_pairs} of that level" if plan.looks else share(plan.alpha / max(num_pairs, 1))
    if num_contenders <= 2:
        words = f"There is one pair to compare, tested at {whole}."
    elif num_contenders == 3:
        words = (
            f"With three contenders there are three pairs. The clearest is tested at {first}; only if it holds are the "
            f"other two tested at {whole} (Shaffer's procedure), so that all three together name a false winner no "
            "more often than that."
        )
    else:
        words = (
            f"With {num_contenders} contenders there are {num_pairs} pairs, tested from the clearest to the least "
            f"clear at levels that rise from {first} to {whole} (Holm's procedure), so that all together name a false "
            "winner no more often than that."
        )
    if plan.looks and num_contenders > 2:
        words += " Where a contender has left the race, only the pairs of the others remain, and fewer share the level."
    return f"{words} Each interval in this report is drawn at the level at which its pair was tested."


def _looks(plan: RecordedPlan) -> str:
    if not plan.looks:
        return ""
    if len(plan.looks) == 1:
        return f"The test scores were read once, at {plan.looks[0]} {plan.run_word}s, as declared before the first run."
    levels = f", which may spend {all_of([share(level) for level in plan.look_levels])}" if plan.look_levels else ""
    numbers = all_of([str(runs) for runs in plan.looks])
    return (
        f"The test scores were read at declared numbers of {plan.run_word}s only: {numbers}{levels}; together that is "
        f"at most {share(plan.alpha)}. Reading them at 5 % each time would name a false winner in 7 to 11 of 100. A "
        "contender that is beaten at a look can no longer win and gets no further trials, and a look that decides ends "
        "the bakeoff."
    )


def _margin(bakeoff: Bakeoff, metric: Metric) -> str:
    plan, verdict = bakeoff.plan, bakeoff.verdict
    if verdict.margin is None:
        return (
            "No margin was fixed, so every difference counts, however small, and equivalence can't be shown. A "
            "contender wins if its interval against every other lies above zero; everything else is not enough "
            "evidence."
        )
    origin = f", {share(plan.margin_fraction)} of the best validation error" if plan.margin_fraction else ""
    origin += f" to expect of the best of {verdict.best_of} trials" if origin and plan.num_tuning else ""
    if bakeoff.margin_rule and plan.margin is None:
        origin = f", {bakeoff.margin_rule}"
    level = plan.alpha if verdict.alpha is None else verdict.alpha
    return (
        f"A difference matters here if it is larger than {metric.size(verdict.margin)}{origin}, and this was fixed "
        "before the test set was opened. A contender wins if its interval against every other lies above zero; the "
        "win is small if an interval also ends below the margin. Contenders that nobody beats are equally good if the "
        f"intervals of the differences between them lie within the margin; these are at {share(1 - 2 * level)}, wider "
        "where several pairs are compared. Everything else is not enough evidence."
    )


def _fixed(bakeoff: Bakeoff) -> str:
    digest = str(bakeoff.manifest.get("sha256") or "")
    if not digest:
        return ""
    return (
        "Metric, margin, looks, pairing, budget and every configuration were written down and hashed before the first "
        f"run (manifest.json, SHA-256 {digest[:16]}…); bakeoff audit checks that nothing was changed since."
    )
