"""Networks of the transformers library behind this package's contracts.

B batch, S source tokens, T tokens, D model width, V vocabulary.

They are given this package's tokens, in which padding is 0, and translate them to the ids that their weights know.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import torch
from torch import Tensor, nn

from bakeoff.data.text.spec import PAD
from bakeoff.models.contracts import State, TokenBackbone, TokenPredictor, TokenTranslator


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """How our ids and the network's belong together: its padding and our 0 change places.

    Args:
        size: V, how many ids the data has.
        pad: the network's padding; 0 where the two agree.
        start: what begins an answer in the data.
        own_start: what the network's answers began with when it was trained; None: the same.
    """

    size: int
    pad: int = PAD
    start: int | None = None
    own_start: int | None = None

    def own(self, tokens: Tensor) -> Tensor:
        """The network's ids of our tokens."""
        if self.pad == PAD:
            return tokens
        return torch.where(tokens == PAD, self.pad, torch.where(tokens == self.pad, PAD, tokens))

    def own_targets(self, target_BT: Tensor) -> Tensor:
        """As `own`, the start token replaced by what the network was trained with."""
        if self.own_start is None or self.start is None:
            return self.own(target_BT)
        return torch.where(target_BT == self.start, self.own_start, self.own(target_BT))

    def ours(self, logits: Tensor) -> Tensor:
        """The network's logits in the order of our ids, without those that stand for none: ``(..., V)``."""
        if self.pad == PAD:
            return logits[..., : self.size]
        zero, pad = logits[..., :1], logits[..., self.pad : self.pad + 1]
        between, after = logits[..., 1 : self.pad], logits[..., self.pad + 1 : self.size]
        return torch.cat([pad, between, zero, after], dim=-1)


def _attention_mask(tokens_BT: Tensor, padding_mask_BT: Tensor | None) -> Tensor | None:
    """1 at real tokens, as the library has it; of all pairs of tokens on ``meta``, where costs are counted.

    The library looks into any other mask, and for packed sequences where there is none, but on ``meta`` no number is.
    """
    if tokens_BT.is_meta:
        batch_size, length = tokens_BT.shape
        return torch.ones(batch_size, 1, length, length, dtype=torch.bool, device="meta")
    return None if padding_mask_BT is None else (~padding_mask_BT).long()


def _real(tokens: Tensor) -> Tensor | None:
    """1 at real tokens; None on ``meta``, where no token is."""
    return None if tokens.is_meta else (tokens != PAD).long()


class TransformersEncoder(TokenBackbone):
    """The last hidden states of a network.

    Args:
        model: the library's network without a head.
        vocabulary: the data's.
        width: D.
    """

    def __init__(self, model: nn.Module, *, vocabulary: Vocabulary, width: int) -> None:
        super().__init__()
        self.model = model
        self.vocabulary = vocabulary
        self.width = width

    @property
    def embedding(self) -> nn.Module:
        """The library's table of tokens."""
        model: Any = self.model
        table: nn.Module = model.get_input_embeddings()
        return table

    def forward(self, tokens_BT: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        """The encoded tokens, shape ``(B, T, D)``."""
        mask_BT = _attention_mask(tokens_BT, padding_mask_BT)
        return self.model(input_ids=self.vocabulary.own(tokens_BT), attention_mask=mask_BT).last_hidden_state


class TransformersPredictor(TokenPredictor):
    """A causal network with its own output table.

    Args:
        model: the library's network with its head.
        vocabulary: the data's.
    """

    def __init__(self, model: nn.Module, *, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.model = model
        self.vocabulary = vocabulary
        self._cache_name = _cache_name(model)

    def forward(self, tokens_BT: Tensor, *, padding_mask_BT: Tensor | None = None) -> Tensor:
        """Logits of the token after each one, shape ``(B, T, V)``."""
        mask_BT = _attention_mask(tokens_BT, padding_mask_BT)
        logits_BTV = self.model(input_ids=self.vocabulary.own(tokens_BT), attention_mask=mask_BT).logits
        return self.vocabulary.ours(logits_BTV)

    def initial_state(self, batch_size: int) -> State:
        """No token yet, and nothing of any layer."""
        device = next(self.parameters()).device
        return torch.zeros(batch_size, 0, dtype=torch.int64, device=device), ()

    def read_all_again(self) -> None:
        """From the next step on, keep tokens alone: for architectures that go on from more than keys and values."""
        self._cache_name = None

    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token from the layers' keys and values; an architecture without them reads all again."""
        before_BT, layers = state
        tokens_BT = torch.cat([before_BT, tokens_B[:, None]], dim=1)
        unread_BT = tokens_BT[:, before_BT.shape[1] :] if layers else tokens_BT
        outputs = self.model(input_ids=self.vocabulary.own(unread_BT), **_with_cache(self._cache_name, layers))
        layers = _layers(outputs.get(self._cache_name)) if self._cache_name else ()
        return self.vocabulary.ours(outputs.logits[:, -1]), (tokens_BT, layers)


class TransformersTranslator(TokenTranslator):
    """An encoder and a decoder with its own output table.

    Args:
        model: the library's network with its head.
        source_vocabulary: the source's.
        target_vocabulary: the target's.
    """

    def __init__(self, model: nn.Module, *, source_vocabulary: Vocabulary, target_vocabulary: Vocabulary) -> None:
        super().__init__()
        self.model = model
        self.source_vocabulary = source_vocabulary
        self.target_vocabulary = target_vocabulary
        self._cache_name = _cache_name(model)

    def logits(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """Logits of the token after each target token, shape ``(B, T, V)``."""
        outputs = self.model(
            input_ids=self.source_vocabulary.own(source_BS),
            attention_mask=_real(source_BS),
            decoder_input_ids=self.target_vocabulary.own_targets(target_BT),
            decoder_attention_mask=_attention_mask(target_BT, target_BT == PAD),
        )
        return self.target_vocabulary.ours(outputs.logits)

    def initial_state(self, source_BS: Tensor) -> State:
        """The encoded sources and where they are real, no token of an answer yet, and nothing of any layer."""
        model: Any = self.model
        mask_BS = _real(source_BS)
        encoded = model.get_encoder()(input_ids=self.source_vocabulary.own(source_BS), attention_mask=mask_BS)
        return encoded.last_hidden_state, mask_BS, source_BS[:, :0], ()

    def step(self, tokens_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits of the next token from the layers' keys and values; an architecture without them reads all again."""
        from transformers.modeling_outputs import BaseModelOutput

        memory_BSD, mask_BS, before_BT, layers = state
        tokens_BT = torch.cat([before_BT, tokens_B[:, None]], dim=1)
        unread_BT = tokens_BT[:, before_BT.shape[1] :] if layers else tokens_BT
        outputs = self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=memory_BSD),
            attention_mask=mask_BS,
            decoder_input_ids=self.target_vocabulary.own_targets(unread_BT),
            **_with_cache(self._cache_name, layers, with_memory=True),
        )
        layers = _layers(outputs.get(self._cache_name)) if self._cache_name else ()
        return self.target_vocabulary.ours(outputs.logits[:, -1]), (memory_BSD, mask_BS, tokens_BT, layers)


def _cache_name(model: nn.Module) -> str | None:
    """What the network calls its keys and values: the library renamed them in 5.24; None: it has none."""
    taken = inspect.signature(model.forward).parameters
    return next((name for name in ("cache", "past_key_values") if name in taken), None)


def _with_cache(name: str | None, layers: tuple[Any, ...], *, with_memory: bool = False) -> dict[str, Any]:
    """Arguments that go on from the layers' keys and values, and ask for the next."""
    from transformers import DynamicCache, EncoderDecoderCache

    if name is None:
        return {}
    # The cache's own tensors are replaced, never written to: the state before stays as it was.
    own = DynamicCache([layer[:2] for layer in layers] or None)
    if not with_memory:
        return {name: own, "use_cache": True}
    return {name: EncoderDecoderCache(own, DynamicCache([layer[2:] for layer in layers] or None)), "use_cache": True}


def _layers(cache: Any) -> tuple[tuple[Tensor, ...], ...]:
    """Keys and values of each layer, of the memory too where there is one; empty where they are not all there is."""
    from transformers.cache_utils import DynamicCache, DynamicLayer, EncoderDecoderCache

    if isinstance(cache, EncoderDecoderCache):
        own, memory = _layers(cache.self_attention_cache), _layers(cache.cross_attention_cache)
        return tuple((*a, *b) for a, b in zip(own, memory, strict=True)) if len(own) == len(memory) else ()
    if not isinstance(cache, DynamicCache):
        return ()
    layers: list[Any] = cache.layers
    # Other kinds (sliding windows, linear attention) keep more than keys and values.
    whole = all(type(layer) is DynamicLayer for layer in layers)
    return tuple((layer.keys, layer.values) for layer in layers) if whole else ()
