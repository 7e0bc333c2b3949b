"""Text from a language model, token by token.

B batch (here 1), V vocabulary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Annotated

import torch
from annotated_types import Interval
from torch import Tensor

from bakeoff.data.text.spec import PAD, TextStreamSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.models.contracts import State
from bakeoff.ranges import Count, NotNegative, Seed
from bakeoff.tasks.language_modeling.network import LanguageModel, PretrainedLanguageModel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is drawn.

    Args:
        temperature: divides the logits; 0 always takes the likeliest token.
        top_k: only the k likeliest tokens may be drawn; None: all.
        top_p: only the fewest tokens that together reach this probability (Holtzman et al. 2020, arXiv:1904.09751).
        seed: of the draws.

    Raises:
        ValueError: a value outside of its range.
    """

    temperature: NotNegative = 1.0
    top_k: Count | None = None
    top_p: Annotated[float, Interval(gt=0, le=1)] | None = None
    seed: Seed = 0

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise ValueError(f"temperature must be 0 or more; got {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k must be at least 1, or null; got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, or null; got {self.top_p}")


def draw(logits_V: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """The next token."""
    if sampling.temperature == 0:
        return int(logits_V.argmax())
    # Below the greatest, so that no small temperature makes one of them infinite.
    logits_V = (logits_V.double() - logits_V.max()) / sampling.temperature
    if sampling.top_k is not None and sampling.top_k < len(logits_V):
        likeliest_K = logits_V.topk(sampling.top_k).indices
        logits_V = torch.full_like(logits_V, -torch.inf).index_copy(0, likeliest_K, logits_V[likeliest_K])
    if sampling.top_p is not None:
        sorted_V, order_V = torch.softmax(logits_V, dim=0).sort(descending=True)
        before_V = sorted_V.cumsum(dim=0) - sorted_V
        logits_V = logits_V.index_fill(0, order_V[before_V >= sampling.top_p], -torch.inf)
    return int(torch.multinomial(torch.softmax(logits_V, dim=0), 1, generator=generator))


def continue_text(
    net: LanguageModel | PretrainedLanguageModel,
    text: str,
    spec: TextStreamSpec,
    *,
    num_tokens: int,
    sampling: Sampling,
) -> Iterator[int]:
    """The tokens after a text, as `generate` draws them; padding and what stands for no text are never drawn.

    No stream of training holds an END token either: a model would never have read what it is given next.
    """
    tokenizer = tokenizer_from(spec.tokenizer)
    prompt = [tokenizer.start, *tokenizer.encode_batch([text])[0].tolist()]
    never = (PAD, tokenizer.unknown, tokenizer.start, tokenizer.end)
    return generate(
        net, prompt, num_tokens=num_tokens, sampling=sampling, forbidden=never, context=spec.sequence_length
    )


@torch.inference_mode()
def generate(
    net: LanguageModel | PretrainedLanguageModel,
    prompt: Sequence[int],
    *,
    num_tokens: int,
    sampling: Sampling,
    forbidden: Sequence[int] = (),
    context: int | None = None,
) -> Iterator[int]:
    """The tokens after a prompt, one at a time, as they are drawn.

    Args:
        net: in evaluation mode.
        prompt: at least one token.
        num_tokens: how many to draw.
        sampling: how.
        forbidden: tokens that are never drawn.
        context: the most tokens that the model was trained on at once; a model that carries no state starts anew from
            the last half of them whenever it has read so many. None: it reads on.

    Raises:
        ValueError: the prompt is empty.
    """
    if not prompt:
        raise ValueError("a prompt needs at least one token")
    device = next(net.parameters()).device
    # Drawn on the CPU, so that a seed gives the same text on every device.
    generator = torch.Generator().manual_seed(sampling.seed)
    read = list(prompt)
    bounded = context is not None and not net.carries_state
    logits_V, state = _read(net, read if not bounded else read[-int(context or 0) :], device)
    since = len(read)
    for _ in range(num_tokens):
        logits_V = logits_V.index_fill(0, torch.tensor(list(forbidden), dtype=torch.int64, device=device), -torch.inf)
        token = draw(logits_V.cpu(), sampling, generator)
        yield token
        read.append(token)
        since += 1
        if bounded and context is not None and since >= context:
            read = read[-(context // 2) :]
            logits_V, state = _read(net, read, device)
            since = len(read)
        else:
            logits_BV, state = net.step(torch.tensor([token], device=device), state)
            logits_V = logits_BV[0]


def _read(
    net: LanguageModel | PretrainedLanguageModel, tokens: Sequence[int], device: torch.device
) -> tuple[Tensor, State]:
    """The logits after the tokens, and the state."""
    state = net.initial_state(1)
    logits_BV = torch.empty(1, 0)
    for token in tokens:
        logits_BV, state = net.step(torch.tensor([token], device=device), state)
    return logits_BV[0], state
