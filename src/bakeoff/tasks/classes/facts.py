"""What is measured of class probabilities.

Averages over classes go over those that occur, among the labels or among the answers, of one label an example and of
several alike; a class that occurs nowhere is left out.
"""

from __future__ import annotations

from typing import Any

from bakeoff.metrics import MetricFacts


def _share(name: str, label: str, meaning: str, *, is_mean: bool = False) -> MetricFacts:
    """A fraction of which more is better."""
    facts: dict[str, Any] = {"direction": "maximize", "perfect": 1.0, "unit": "fraction", "is_mean": is_mean}
    return MetricFacts(name=name, label=label, meaning=meaning, **facts)


def _agreement(name: str, label: str, meaning: str) -> MetricFacts:
    """In [-1, 1], 0 for answers that know nothing; 1 is perfect."""
    return MetricFacts(name=name, label=label, direction="maximize", perfect=1.0, is_mean=False, meaning=meaning)


METRICS = (
    _share(
        "accuracy",
        "accuracy",
        "The share of examples that are answered right; of several labels, of all decisions.",
        is_mean=True,
    ),
    _share(
        "balanced_accuracy",
        "balanced accuracy",
        "The share of each class that is answered right, averaged over the classes of the labels; of several labels, "
        "over having and lacking each. Always answering one class gives one over their number.",
    ),
    _share(
        "f1_macro",
        "macro-F1",
        "The harmonic mean of precision and recall, averaged over the classes that occur among labels or answers: rare "
        "classes count fully.",
    ),
    _share(
        "precision_macro",
        "macro-precision",
        "The share of right ones among all that are given a class, averaged over the classes that occur.",
    ),
    _share(
        "recall_macro",
        "macro-recall",
        "The share of a class that is given it, averaged over the classes that occur.",
    ),
    _share("f1", "F1", "Of two classes: the harmonic mean of precision and recall of the positive one."),
    _share("precision", "precision", "Of two classes: the share of positive ones among those that are called so."),
    _share("recall", "recall", "Of two classes: the share of the positive ones that are called so."),
    _agreement(
        "mcc",
        "Matthews correlation",
        "The correlation of answers and labels (Matthews 1975; Gorodkin 2004), averaged over labels where there are "
        "several: 0 for one answer to all, 1 for perfect answers.",
    ),
    _share(
        "auroc",
        "AUROC",
        "The chance that an example of the class has a higher probability of it than one of the others; of two classes "
        "that of the positive one, else the mean over the classes that the labels have and lack. 50 % is guessing.",
    ),
    _share(
        "average_precision",
        "average precision",
        "The area under the curve of precision against recall: the mean over examples of the class of the precision at "
        "their probability; of two classes that of the positive one, else the mean over the classes of the labels. "
        "Guessing gives the share of the class.",
    ),
    _share(
        "accuracy_top_k",
        "top-k accuracy",
        "The share of examples whose class is among the k most probable ones (task.module.top_k).",
        is_mean=True,
    ),
    MetricFacts(
        name="mae",
        label="mean absolute error",
        direction="minimize",
        perfect=0.0,
        meaning="Of ordered classes: how far the answered one lies from the right one, in units of the labels where "
        "they are numbers, else in classes.",
    ),
    _agreement(
        "kappa_quadratic",
        "quadratic kappa",
        "Of ordered classes: agreement beyond chance, errors weighed by their squared distance (Cohen 1968).",
    ),
    MetricFacts(
        name="calibration_error",
        label="calibration error",
        direction="minimize",
        perfect=0.0,
        unit="fraction",
        is_mean=False,
        meaning="How far the stated confidence is from the share that is right; 0 is perfect.",
    ),
    MetricFacts(
        name="loss",
        label="loss",
        direction="minimize",
        perfect=0.0,
        meaning="The mean cross-entropy of the right classes, in nats, without class weights.",
    ),
)
"""Every metric; of some data only some of them are measured."""
