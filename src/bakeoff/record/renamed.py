"""What earlier versions wrote into configurations that are stored, in the words of today.

A stored configuration stays as it is, since trials are named after its hash; it is read through `in_todays_words` where
objects are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOVED = {
    f"bakeoff.{before}": f"bakeoff.{now}"
    for before, now in {
        "data.augment.Augment": "data.image.augment.Augment",
        "data.columns.Columns": "data.image.columns.ImageColumns",
        "data.images.ImageDataModule": "data.image.classified.ClassifiedImages",
        "data.sources.Digits": "data.sources.digits.Digits",
        "data.sources.FashionMNIST": "data.sources.fashion_mnist.FashionMNIST",
        "data.sources.HuggingFace": "data.sources.hub.HuggingFace",
        "data.sources.ImageFolder": "data.sources.image_folder.ImageFolder",
        "data.sources.MNIST1D": "data.sources.mnist1d.MNIST1D",
        "data.sources.NumberWords": "data.sources.number_words.NumberWords",
        "data.sources.ParallelTexts": "data.sources.aligned_files.ParallelTexts",
        "data.sources.StandardLibrary": "data.sources.stdlib.StandardLibrary",
        "data.sources.Tables": "data.sources.tables.Tables",
        "data.sources.TextFiles": "data.sources.text_files.TextFiles",
        "data.sources.Tweets": "data.sources.tweets.Tweets",
        "data.splits.SplitRule": "data.splits.rule.SplitRule",
        "data.text.tokenizers.TokenizerRule": "data.text.tokenizer.TokenizerRule",
        "tasks.image_classification.ImageClassification": "tasks.image_classification.task.ImageClassification",
        "tasks.language_modeling.LanguageModeling": "tasks.language_modeling.task.LanguageModeling",
        "tasks.schedules.Constant": "training.loop.schedules.Constant",
        "tasks.schedules.Cosine": "training.loop.schedules.Cosine",
        "tasks.schedules.Linear": "training.loop.schedules.Linear",
        "tasks.schedules.Step": "training.loop.schedules.Step",
        "tasks.sequence_probe.SequenceProbe": "tasks.sequence_probe.task.SequenceProbe",
        "tasks.text_classification.TextClassification": "tasks.text_classification.task.TextClassification",
        "tasks.translation.Translation": "tasks.translation.task.Translation",
        "training.settings.TrainerSettings": "training.trial.settings.TrainerSettings",
    }.items()
}
"""Classes that a stored configuration may name, by the path that they had: all that moved since the first version."""
SIMPLE = ("linear", "tfidf", "ngram", "translation_memory")
"""Models that are simple enough to be a baseline, of the time before ``model.simple`` said so."""


def in_todays_words(config: Mapping[str, Any]) -> dict[str, Any]:
    """A stored trial configuration, its classes under the names that they have now."""
    found: dict[str, Any] = _moved(config)
    model = found.get("model") or {}
    return found | ({"model": model | {"simple": model.get("name") in SIMPLE}} if "modality" in model else {})


def _moved(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: MOVED.get(value, value) if key == "_target_" else _moved(value) for key, value in node.items()}
    return [_moved(item) for item in node] if isinstance(node, list) else node
