"""When a training ends: the nearest of its limits, as optimizer steps or as a share of the whole."""

from __future__ import annotations

import math
from collections.abc import Callable

from bakeoff.training.trial.settings import TrainerSettings


def progress_rule(
    settings: TrainerSettings, *, batch_size: int, examples_an_epoch: int, elapsed: Callable[[], float]
) -> Callable[[int], float]:
    """The share of training that is done with a step, by whichever limit of the settings is nearest.

    Args:
        settings: ``max_epochs``, ``max_examples`` and ``max_seconds``.
        batch_size: examples of a full batch.
        examples_an_epoch: examples of an epoch, whose last batch may be smaller.
        elapsed: seconds of training so far.
    """
    steps = settings.max_epochs * math.ceil(examples_an_epoch / batch_size)
    if settings.max_examples is not None:
        steps = min(steps, steps_for_examples(settings.max_examples, batch_size, examples_an_epoch)[0])
    limit = settings.max_seconds
    if limit is None:
        return lambda step: (step + 1) / steps
    return lambda step: max((step + 1) / steps, elapsed() / limit, 1e-9)


def steps_for_examples(examples: int, batch_size: int, examples_an_epoch: int) -> tuple[int, int]:
    """The number of optimizer steps, at least one, that comes nearest to training on so many examples, and how many."""
    epochs, rest = divmod(examples, examples_an_epoch)
    full = min(rest // batch_size, examples_an_epoch // batch_size)
    batches_an_epoch = math.ceil(examples_an_epoch / batch_size)

    def trained(steps: int) -> int:
        whole, part = divmod(steps, batches_an_epoch)
        return whole * examples_an_epoch + min(part * batch_size, examples_an_epoch)

    first = max(epochs * batches_an_epoch + full, 1)
    steps = min((first, first + 1), key=lambda count: abs(trained(count) - examples))
    return steps, trained(steps)
