"""Sequences: training an LSTM, padding, and writing text.

Training: throughput of `bakeoff train`, logging and metrics on, on texts of 200 words, against a hand-written loop over
the same network (examples a second). Padding: the share of the tokens of an epoch of tweets, in batches of similar
length, against batches in random order. Writing: seconds for 512 tokens by `step`, against reading the whole text again
for every token; and for the GRU milliseconds a token over the last 64 tokens, against the first 64. All on one thread;
the two sides take turns, and the ratio is the median of the pairs.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from bakeoff.config import build
from bakeoff.config.composition import Composer, compose_section
from bakeoff.data.batches.batch import join_rows
from bakeoff.data.text.spec import END, PAD
from bakeoff.tasks.language_modeling.generation import Sampling, generate
from bakeoff.tasks.language_modeling.network import LanguageModel
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial
from bench.reference import examples_per_second

NUM_STEPS, NUM_WORDS, NUM_TEXTS, NUM_VALIDATION, BATCH_SIZE, EPOCHS = 200, 50, 640, 64, 64, 2
NUM_TOKENS, WINDOW, VOCABULARY = 512, 64, 100
THROUGHPUT, PADDING, FASTER, CONSTANT = 0.95, 0.10, 5.0, 1.2
"""The targets."""


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """One row a figure."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_throughput(Path(folder), repeats)]
    rows.append(_padding())
    rows += [_writing(model, repeats) for model in ("gru", "transformer")]
    return [*rows, _constant_cost(repeats)]


def _throughput(folder: Path, repeats: int) -> dict[str, Any]:
    write_texts(folder / "texts.csv")
    overrides = [
        "task=text_classification",
        "data=csv",
        f"data.file={folder / 'texts.csv'}",
        "data.dedup=drop",
        f"data.split.val={NUM_VALIDATION}",
        f"data.split.test={NUM_VALIDATION}",
        f"data.batch_size={BATCH_SIZE}",
        "model=lstm",
        "model.net.width=64",
        f"trainer.max_epochs={EPOCHS}",
        "trainer.gradient_clip_norm=null",
        "trainer.accelerator=cpu",
    ]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True))

    def ours(repeat: int) -> float:
        result = run_trial(Training(config, folder / str(repeat)), label=TrialLabel("bench", "bench"))
        return float(result["examples_per_second"])

    def reference(repeat: int) -> float:
        data = build(config.raw["data"]["module"], seed=0)
        data.setup("fit")
        batches = list(data.train_dataloader())
        tokens_NT, labels_N, _ = join_rows(batches)
        assert tokens_NT.shape[1] == NUM_STEPS
        net, optimizer = config.network(data.spec), build(config.raw["optimizer"])
        return examples_per_second(net, optimizer, tokens_NT, labels_N, batch_size=BATCH_SIZE, epochs=EPOCHS)

    row = in_turns(ours, reference, repeats, digits=None)
    return {"what": f"LSTM, {NUM_STEPS} steps: training examples/s", **row, "target": THROUGHPUT, "better": "at least"}


def write_texts(path: Path) -> None:
    """Different texts of equal length in two classes."""
    random = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for index in range(NUM_TEXTS + 2 * NUM_VALIDATION):
            words = random.integers(0, NUM_WORDS, NUM_STEPS)
            table.writerow([" ".join(f"word{word}" for word in words), index % 2])


def _padding() -> dict[str, Any]:
    overrides = ["task=text_classification", "data=tweets"]
    config = OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True)
    data = build(config["data"]["module"], seed=0)
    data.prepare_data()
    data.setup("fit")
    batches = [batch.inputs for batch in data.train_dataloader()]
    lengths_N = torch.cat([(tokens_BT != PAD).sum(dim=1) for tokens_BT in batches])
    ours = _waste([(tokens_BT != PAD).sum(dim=1) for tokens_BT in batches])
    order_N = torch.randperm(len(lengths_N), generator=torch.Generator().manual_seed(0))
    reference = _waste(list(lengths_N[order_N].split(data.batch_size)))
    row = {"bakeoff": round(ours, 4), "reference": round(reference, 4), "ratio": round(ours / reference, 3)}
    return {"what": "padding, share of tokens of tweets", **row, "target": f"{PADDING} of all tokens"}


def _waste(lengths: list[Tensor]) -> float:
    """The share of padding where each batch is as long as its longest text."""
    return 1 - sum(int(part.sum()) for part in lengths) / sum(int(part.max()) * len(part) for part in lengths)


class Rereading(nn.Module):
    """A language model that reads the whole text again for every token."""

    carries_state = False

    def __init__(self, net: LanguageModel) -> None:
        super().__init__()
        self.net = net

    def initial_state(self, batch_size: int) -> tuple[Tensor]:
        """No token yet."""
        return (torch.zeros(batch_size, 0, dtype=torch.int64),)

    def step(self, tokens_B: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple[Tensor]]:
        """Logits of the next token, and the text with this one."""
        tokens_BT = torch.cat([state[0], tokens_B[:, None]], dim=1)
        return self.net(tokens_BT)[:, -1], (tokens_BT,)


def _language_model(model: str) -> LanguageModel:
    torch.manual_seed(0)
    backbone = build(compose_section("model", model)["net"], causal=True, cross_attention=False)
    return LanguageModel(backbone, vocab_size=VOCABULARY, embedding_width=64).eval()


def _written_at(net: Any) -> list[float]:
    """When each token was there, the start first."""
    moments = [time.perf_counter()]
    for _ in generate(net, [END + 1], num_tokens=NUM_TOKENS, sampling=Sampling(seed=0), forbidden=[PAD]):
        moments.append(time.perf_counter())
    return moments


def _writing(model: str, repeats: int) -> dict[str, Any]:
    net = _language_model(model)

    def seconds(of: nn.Module) -> float:
        moments = _written_at(of)
        return moments[-1] - moments[0]

    row = in_turns(lambda _: seconds(net), lambda _: seconds(Rereading(net)), repeats, digits=3)
    faster = {"ratio": round(1 / row["ratio"], 1), "target": FASTER, "better": "at least"}
    return {"what": f"{model}: seconds for {NUM_TOKENS} tokens (ratio: times faster)", **row, **faster}


def _constant_cost(repeats: int) -> dict[str, Any]:
    net, pairs = _language_model("gru"), []
    for _ in range(repeats + 1):
        waits = np.diff(_written_at(net)) * 1e3
        # The first token waits for the prompt.
        pairs.append((float(np.median(waits[-WINDOW:])), float(np.median(waits[1 : WINDOW + 1]))))
    row = summary(pairs[1:], digits=3)
    return {"what": f"gru: ms a token, last {WINDOW} against first {WINDOW}", **row, "target": CONSTANT}


def in_turns(
    ours: Callable[[int], float], reference: Callable[[int], float], repeats: int, *, digits: int | None
) -> dict[str, Any]:
    """Both in turns; the first pair warms caches and allocators."""
    return summary([(ours(repeat), reference(repeat)) for repeat in range(repeats + 1)][1:], digits=digits)


def summary(pairs: list[tuple[float, float]], *, digits: int | None) -> dict[str, Any]:
    return {
        "bakeoff": round(median(ours for ours, _ in pairs), digits),
        "reference": round(median(reference for _, reference in pairs), digits),
        "ratio": round(median(ours / reference for ours, reference in pairs), 3),
    }
