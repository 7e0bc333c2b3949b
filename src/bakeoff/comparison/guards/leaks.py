"""Guards on data: no image in two splits, and nothing fitted on rows other than those of train.

Both look at the pixels again, by hashes and sums of their own, not at what the preparation of the data wrote down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.comparison.guards.finding import Finding, few
from bakeoff.comparison.recorded import RecordedBakeoff
from bakeoff.data.images import ImageDataModule, Split

DUPLICATES, FIT = "duplicates", "preprocessing_fit"
SPLITS: tuple[Split, ...] = ("train", "val", "test")
ROWS_AT_ONCE = 4096
RELATIVE = 1e-9


@dataclass(frozen=True)
class Pixels:
    """Every image of a data module by its stable name: a number that equal pixels share, and sums over its pixels.

    ``sums_N2C`` holds sum and sum of squares of the pixels (0 to 255), a channel; ``num_pixels`` a channel's pixels.
    """

    place: dict[str, int]
    content_N: NDArray[np.int64]
    sums_N2C: NDArray[np.int64]
    num_pixels: int

    def rows(self, names: list[str]) -> NDArray[np.int64]:
        """The places of some images."""
        return np.fromiter((self.place[name] for name in names), dtype=np.int64, count=len(names))

    def mean_and_std(self, names: list[str]) -> tuple[list[float], list[float]]:
        """Per channel, for pixels in [0, 1]; a constant channel has deviation 1."""
        total_2C = self.sums_N2C[self.rows(names)].sum(axis=0) / (len(names) * self.num_pixels)
        deviation_C = np.sqrt(np.maximum(total_2C[1] - total_2C[0] ** 2, 0.0)) / 255
        return (total_2C[0] / 255).tolist(), np.where(deviation_C > 0, deviation_C, 1.0).tolist()


def read_pixels(data: ImageDataModule) -> Pixels:
    """One pass over all images of all splits."""
    place: dict[str, int] = {}
    numbers: dict[bytes, int] = {}
    content, sums = [], []
    num_pixels = 1
    for split in SPLITS:
        names = data.examples(split)
        for start in range(0, len(names), ROWS_AT_ONCE):
            some = range(start, min(start + ROWS_AT_ONCE, len(names)))
            images_NHWC = np.asarray(data.images(split, some))
            num_pixels = images_NHWC.shape[1] * images_NHWC.shape[2]
            wide = images_NHWC.astype(np.int64)
            sums.append(np.stack([wide.sum(axis=(1, 2)), (wide * wide).sum(axis=(1, 2))], axis=1))
            for row, image in zip(some, images_NHWC, strict=True):
                place[names[row]] = len(place)
                digest = hashlib.sha256(image.tobytes()).digest()
                content.append(numbers.setdefault(digest, len(numbers)))
    return Pixels(place, np.array(content, dtype=np.int64), np.concatenate(sums), num_pixels)


def declared_leaks(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Copies across splits that were kept on purpose; the report is stamped."""
    leaked = int(bakeoff.plan["data"]["spec"].get("leaked_rows") or 0)
    if leaked:
        problem = f"{leaked:,} rows of train or validation are also in a later split (data.allow_leak=true)."
        yield Finding(DUPLICATES, "stamp", problem)


def duplicates(bakeoff: RecordedBakeoff, data: ImageDataModule, pixels: Pixels) -> Iterator[Finding]:
    """Images with equal pixels on two sides of a split, of any seed, beyond those that were declared."""
    declared = int(bakeoff.plan["data"]["spec"].get("leaked_rows") or 0)
    worst: tuple[int, str] = (0, "")
    for seed, rows in _splits(bakeoff, data, pixels):
        found = _shared(rows, pixels)
        worst = max(worst, (len(found), f"with seed {seed}: {few(found, limit=3)}"))
    if worst[0] > declared:
        problem = f"{worst[0]:,} images stand in more than one split, {worst[1]}; {declared:,} were declared."
        yield Finding(DUPLICATES, "refuse", problem)


def preprocessing_fit(bakeoff: RecordedBakeoff, data: ImageDataModule, pixels: Pixels) -> Iterator[Finding]:
    """The mean and deviation that each trial used are those of its train rows."""
    fitted = {seed: pixels.mean_and_std(names["train"]) for seed, names in _names(bakeoff, data)}
    wrong: dict[str, str] = {}
    for trial in bakeoff.planned:
        recorded = bakeoff.trials.get(trial.trial_id)
        if recorded is None or recorded.spec is None:
            continue
        for what, used, refitted in zip(
            ("mean", "deviation"), (recorded.spec["mean"], recorded.spec["std"]), fitted[trial.seed], strict=True
        ):
            if not np.allclose(used, refitted, rtol=RELATIVE, atol=0.0):
                shown = f"{what} {_short(used)} used, {_short(refitted)} of train"
                wrong.setdefault(f"{trial.contender} seed {trial.seed}", shown)
    if wrong:
        first = next(iter(wrong.values()))
        problem = f"Normalisation was not fitted on the train rows in {few(list(wrong))} ({first})."
        yield Finding(FIT, "refuse", problem)


def _names(bakeoff: RecordedBakeoff, data: ImageDataModule) -> Iterator[tuple[int, dict[str, list[str]]]]:
    """Which images each split holds, for every seed of the plan."""
    before = data.seed
    try:
        for seed in dict.fromkeys(trial.seed for trial in bakeoff.planned):
            data.seed = seed
            yield seed, {split: data.examples(split) for split in SPLITS}
    finally:
        data.seed = before


def _splits(
    bakeoff: RecordedBakeoff, data: ImageDataModule, pixels: Pixels
) -> Iterator[tuple[int, list[NDArray[np.int64]]]]:
    for seed, names in _names(bakeoff, data):
        yield seed, [pixels.rows(names[split]) for split in SPLITS]


def _shared(rows: list[NDArray[np.int64]], pixels: Pixels) -> list[str]:
    """Names of the images of train and validation whose pixels a later split holds too."""
    train, val, test = rows
    later = np.concatenate([val, test])
    leaked = np.concatenate(
        [
            train[np.isin(pixels.content_N[train], pixels.content_N[later])],
            val[np.isin(pixels.content_N[val], pixels.content_N[test])],
        ]
    )
    wanted = set(leaked.tolist())
    return [name for name, place in pixels.place.items() if place in wanted]


def _short(values: list[float]) -> str:
    return "/".join(f"{value:.6g}" for value in values)
