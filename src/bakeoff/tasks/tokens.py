"""Stem and pooling that every contender of a text task shares.

B batch, T tokens, V vocabulary, E width of the embedding, D model width.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from bakeoff.data.text.spec import PAD
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone

Pooling = Literal["mean", "max", "mean_max", "last"]


def padding_mask(tokens_BT: Tensor) -> Tensor | None:
    """True at padding; None on ``meta``, where costs are counted and no token is."""
    return None if tokens_BT.is_meta else tokens_BT == PAD


def require_positions(backbone: SequenceBackbone, num_tokens: int, *, cut_by: str) -> None:
    """Nothing, if a backbone has positions for sequences of so many tokens: else some batch would end the training.

    Args:
        backbone: of a task on texts.
        num_tokens: the most tokens of a sequence.
        cut_by: the setting that decides it.

    Raises:
        ConfigError: learned positions end before.
    """
    if backbone.longest is None or num_tokens <= backbone.longest:
        return
    problem = f"learned positions end before the data's longest sequence of {num_tokens:,} tokens"
    step = f"model.net.max_length={num_tokens}, other positions, or a lower {cut_by}"
    raise ConfigError(
        "config.out_of_range",
        "model.net.max_length",
        backbone.longest,
        problem,
        allowed=f"{num_tokens} or more",
        next_step=step,
    )


class TokenStem(nn.Module):
    """An embedding of the same size for all contenders, and a linear map to the model's width.

    Args:
        vocab_size: V.
        embedding_width: E; the factors of the V x D table that it replaces (Lan et al. 2020, ALBERT, arXiv:1909.11942,
            section 3.1), so that V does not weigh the more the wider a contender is.
        width: D.
    """

    def __init__(self, *, vocab_size: int, embedding_width: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_width, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=embedding_width**-0.5)
        with torch.no_grad():
            self.embedding.weight[PAD].zero_()
        self.project = nn.Linear(embedding_width, width)
        # Embedded tokens have a length of about 1: with this gain each of the D values has a variance of about 1.
        nn.init.normal_(self.project.weight, std=1.0)
        nn.init.zeros_(self.project.bias)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """One vector a token, shape ``(B, T, D)``."""
        return self.project(self.embedding(tokens_BT))


class TokenHead(nn.Module):
    """Logits over the vocabulary: a linear map to the embedding's width, then the stem's own table, and a bias.

    Tied tables: Press and Wolf 2017, "Using the output embedding to improve language models", arXiv:1608.05859.
    """

    def __init__(self, stem: TokenStem) -> None:
        super().__init__()
        vocab_size, embedding_width = stem.embedding.weight.shape
        self.project = nn.Linear(stem.project.out_features, embedding_width)
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, encoded_BTD: Tensor, embedding_VE: Tensor) -> Tensor:
        """Logits, shape ``(B, T, V)``."""
        return self.project(encoded_BTD) @ embedding_VE.T + self.bias


class Pool(nn.Module):
    """One vector a sequence, over its real steps.

    Args:
        pooling: ``mean``, ``max``, both one after the other (``mean_max``), or the ``last`` real step.
        width: D.
    """

    def __init__(self, pooling: Pooling, *, width: int) -> None:
        super().__init__()
        if pooling not in get_args(Pooling):
            raise ValueError(f"pooling must be one of {', '.join(get_args(Pooling))}; got {pooling!r}")
        self.pooling = pooling
        self.out_features = 2 * width if pooling == "mean_max" else width

    def forward(self, encoded_BTD: Tensor, padding_mask_BT: Tensor | None) -> Tensor:
        """Shape ``(B, D)``, or ``(B, 2 D)`` for ``mean_max``."""
        if padding_mask_BT is None:
            padding_mask_BT = torch.zeros(encoded_BTD.shape[:2], dtype=torch.bool, device=encoded_BTD.device)
        real_BT1 = ~padding_mask_BT.unsqueeze(-1)
        lengths_B = real_BT1.sum(dim=1).squeeze(-1)
        if self.pooling == "last":
            last_B11 = (lengths_B - 1)[:, None, None]
            return encoded_BTD.gather(1, last_B11.expand(-1, -1, encoded_BTD.shape[2])).squeeze(1)
        parts = []
        if self.pooling in ("mean", "mean_max"):
            parts.append((encoded_BTD * real_BT1).sum(dim=1) / lengths_B.clamp(min=1).unsqueeze(-1))
        if self.pooling in ("max", "mean_max"):
            parts.append(encoded_BTD.masked_fill(~real_BT1, -torch.inf).amax(dim=1))
        return torch.cat(parts, dim=-1)
