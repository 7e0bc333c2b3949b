"""What is measured of class probabilities.

Averages over classes go over those that occur, among the labels or among the answers, of one label an example and of
several alike; a class that occurs nowhere is left out.
"""

from __future__ import annotations

from bakeoff.metrics import MetricFacts


def _agreement(name: str, label: str, meaning: str) -> MetricFacts:
    """In [-1, 1], 0 for answers that know nothing; 1 is perfect."""
    return MetricFacts(name=name, label=label, direction="maximize", perfect=1.0, is_mean=False, meaning=meaning)


METRICS = (
    MetricFacts.share(
        "accuracy",
        "accuracy",
        "The share of examples that are answered right; of several labels, of all decisions.",
    ),
    MetricFacts.share(
        "balanced_accuracy",
        "balanced accuracy",
        "The share of each class that is answered right, averaged over the classes of the labels; of several labels, "
        "over having and lacking each. Always answering one class gives one over their number.",
        is_mean=False,
    ),
    MetricFacts.share(
        "f1_macro",
        "macro-F1",
        "The harmonic mean of precision and recall, averaged over the classes that occur among labels or answers: rare "
        "classes count fully.",
        is_mean=False,
    ),
    MetricFacts.share(
        "precision_macro",
        "macro-precision",
        "The share of right ones among all that are given a class, averaged over the classes that occur.",
        is_mean=False,
    ),
    MetricFacts.share(
        "recall_macro",
        "macro-recall",
        "The share of a class that is given it, averaged over the classes that occur.",
        is_mean=False,
    ),
    MetricFacts.share(
        "f1", "F1", "Of two classes: the harmonic mean of precision and recall of the positive one.", is_mean=False
    ),
    MetricFacts.share(
        "precision",
        "precision",
        "Of two classes: the share of positive ones among those that are called so.",
        is_mean=False,
    ),
    MetricFacts.share(
        "recall", "recall", "Of two classes: the share of the positive ones that are called so.", is_mean=False
    ),
    _agreement(
        "mcc",
        "Matthews correlation",
        "The correlation of answers and labels (Matthews 1975; Gorodkin 2004), averaged over labels where there are "
        "several: 0 for one answer to all, 1 for perfect answers.",
    ),
    MetricFacts.share(
        "auroc",
        "AUROC",
        "The chance that an example of the class has a higher probability of it than one of the others; of two classes "
        "that of the positive one, else the mean over the classes that the labels have and lack. 50 % is guessing.",
        is_mean=False,
    ),
    MetricFacts.share(
        "average_precision",
        "average precision",
        "The area under the curve of precision against recall: the mean over examples of the class of the precision at "
        "their probability; of two classes that of the positive one, else the mean over the classes of the labels. "
        "Guessing gives the share of the class.",
        is_mean=False,
    ),
    MetricFacts.share(
        "accuracy_top_k",
        "top-k accuracy",
        "The share of examples whose class is among the k most probable ones (task.module.top_k).",
    ),
    MetricFacts.error(
        "mae",
        "mean absolute error",
        "Of ordered classes: how far the answered one lies from the right one, in units of the labels where "
        "they are numbers, else in classes.",
    ),
    _agreement(
        "kappa_quadratic",
        "quadratic kappa",
        "Of ordered classes: agreement beyond chance, errors weighed by their squared distance (Cohen 1968).",
    ),
    MetricFacts.error(
        "calibration_error",
        "calibration error",
        "How far the stated confidence is from the share that is right; 0 is perfect.",
        unit="fraction",
        is_mean=False,
    ),
    MetricFacts.error("loss", "loss", "The mean cross-entropy of the right classes, in nats, without class weights."),
)
"""Every metric; of some data only some of them are measured."""
