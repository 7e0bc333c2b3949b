"""Any model of the transformers library: BERT-like, GPT-like or T5-like, pretrained or from its configuration.

Source: Wolf et al. 2020, Transformers: State-of-the-art natural language processing, arXiv:1910.03771; each
architecture's paper is named there.

B batch, T tokens, D model width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from bakeoff.data.text.pretrained import PretrainedTokenizer
from bakeoff.data.text.spec import PAD, UNKNOWN, meaningless_tokens
from bakeoff.data.text.tokenizer import Tokenizer
from bakeoff.errors import ConfigError, DataError
from bakeoff.models.contracts import TokenBackbone, TokenModel, TokenPredictor, TokenTranslator
from bakeoff.models.wrappers.measuring import evaluated
from bakeoff.models.wrappers.transformers_networks import (
    TransformersEncoder,
    TransformersPredictor,
    TransformersTranslator,
    Vocabulary,
)
from bakeoff.models.wrappers.transformers_source import find, transformers_library

Freeze = Literal["none", "embeddings", "all_but_head"]
STEP_TOLERANCE = 1e-3
FORESIGHT_TOLERANCE = 1e-4
"""Of what a token changes after itself: untrained networks see the future dimly."""
PADDING_TOLERANCE = 1e-2
"""Of the largest number: some architectures let a little of the padding in where their authors knew of it."""
_CAUSAL = "gpt2, llama, gpt_neox, opt, ..."
_ENCODERS = "bert, roberta, distilbert, gpt2, ..."
_ENCODER_DECODERS = "t5, bart, marian, mbart, ..."


class TransformersModel(TokenModel):
    """A model of transformers (Wolf et al. 2020), with its own embedding; activation and width are its own.

    A text classifier takes its last hidden states (an encoder-decoder's: those of its encoder), a language model a
    causal network with its output table, a translator an encoder-decoder.

    Args:
        architecture: a model type such as bert, gpt2 or t5; a folder; or ``OWNER/NAME`` on the hub.
        pretrained: start from its weights (safetensors only); the data's tokenizer must then be the model's own.
        config: changes of its configuration, such as ``{hidden_size: 64, num_hidden_layers: 2}``.
        revision: the hub's commit or tag; null takes what the cache or the hub has.
        freeze: what stays as it is: ``none``, the token ``embeddings`` (and the output table where it is the same), or
            ``all_but_head``, where the head is the task's, or the model's own output table.
        causal: whether each token may see those before it only.
        cross_attention: refused, since an encoder-decoder attends to the encoder that it brings.

    Raises:
        ConfigError: no such model, a change of nothing that it has, or a model that can't do what the task asks.
        EnvironmentFault: transformers is not installed, or the hub can't be reached.
        CheckpointError: there are no weights as safetensors, or not of this network.
    """

    def __init__(
        self,
        *,
        architecture: str,
        pretrained: bool = False,
        config: Mapping[str, Any] | None = None,
        revision: str | None = None,
        freeze: Freeze = "none",
        causal: bool = False,
        cross_attention: bool = False,
    ) -> None:
        if freeze not in get_args(Freeze):
            raise ValueError(f"freeze must be one of {', '.join(get_args(Freeze))}; got {freeze!r}")
        if cross_attention:
            raise ValueError("cross_attention=True: a model of transformers attends to nothing that it doesn't bring")
        self.source = find(architecture, pretrained=pretrained, revision=revision, changes=config or {})
        self.revision = revision
        self.freeze = freeze
        if causal and not self._is_causal():
            raise self._refusal("reads both ways, and can't predict the next token", _CAUSAL)

    def encoder(self, tokenizer: Tokenizer, *, max_length: int) -> TokenBackbone:
        """The last hidden states, for texts of up to ``max_length`` tokens."""
        network = self._network("AutoModel", tokenizer)
        if self.source.config.is_encoder_decoder:
            network = network.get_encoder()
        # It would make one vector of the first token, which the task's own pooling replaces.
        if getattr(network, "pooler", None) is not None:
            network.pooler = None
        self._freeze(network, head=None)
        vocabulary = self._vocabulary(tokenizer)
        tokens_BT = vocabulary.own(meaningless_tokens(1, max_length))
        hidden_BTD = _tried(network, lambda: network(input_ids=tokens_BT).last_hidden_state, key="data.max_length")
        encoder = TransformersEncoder(network, vocabulary=vocabulary, width=hidden_BTD.shape[-1])
        if _sees_padding(encoder, max_length):
            raise self._refusal("lets the padding of a batch change what it says of a text", _ENCODERS)
        return encoder

    def predictor(self, tokenizer: Tokenizer, *, max_length: int) -> TokenPredictor:
        """The network and its output table, for up to ``max_length`` tokens at once."""
        network = self._network("AutoModelForCausalLM", tokenizer)
        self._freeze(network, head=network.get_output_embeddings())
        predictor = TransformersPredictor(network, vocabulary=self._vocabulary(tokenizer))
        tokens_2T = meaningless_tokens(2, max_length)
        tokens_2T[1, -1] = UNKNOWN
        logits_2TV = _tried(network, lambda: predictor(tokens_2T), key="data.sequence_length")
        if _foresees(logits_2TV):
            raise self._refusal("sees the tokens that it should predict", _CAUSAL)
        if not _steps_as_it_reads(predictor, tokens_2T, logits_2TV):
            predictor.read_all_again()
        return predictor

    def translator(
        self, source: Tokenizer, target: Tokenizer, *, max_source_length: int, max_target_length: int
    ) -> TokenTranslator:
        """Encoder, decoder and output table; the larger vocabulary is embedded where the two differ."""
        if not self.source.config.is_encoder_decoder:
            raise self._refusal("has no decoder that attends to an encoder", _ENCODER_DECODERS)
        larger = max(source, target, key=lambda tokenizer: tokenizer.vocab_size)
        network = self._network("AutoModelForSeq2SeqLM", larger)
        self._freeze(network, head=network.get_output_embeddings())
        translator = TransformersTranslator(
            network,
            source_vocabulary=self._vocabulary(source),
            target_vocabulary=self._vocabulary(target, own_start=_decoder_start(network)),
        )
        source_BS, target_BT = meaningless_tokens(1, max_source_length), meaningless_tokens(1, max_target_length)
        key = "data.max_length"
        logits_BTV = _tried(network, lambda: translator.logits(source_BS, target_BT), key=key)
        if not logits_BTV.is_meta:
            _tried(
                network, lambda: translator.step(target_BT[:, 0], translator.initial_state(source_BS))[0], key="data"
            )
        return translator

    def _network(self, auto: str, tokenizer: Tokenizer) -> Any:
        """The library's network, its embedding as large as the vocabulary."""
        config = self.source.config
        if self.source.pretrained:
            self._check_tokenizer(tokenizer)
        else:
            config.vocab_size, config.pad_token_id = tokenizer.vocab_size, PAD
            config.bos_token_id, config.eos_token_id = tokenizer.start, tokenizer.end
        network: Any = self.source.load(getattr(transformers_library(), auto), config)
        try:
            table = network.get_input_embeddings()
        except NotImplementedError as error:
            raise self._refusal("has no table with a row a token", _ENCODERS) from error
        if tokenizer.vocab_size > table.num_embeddings:
            network.resize_token_embeddings(tokenizer.vocab_size, mean_resizing=False)
        for part in network.modules():
            if hasattr(part, "config"):
                part.config.use_cache = False
                # Else the library looks for padding in every batch that comes without a mask, also on ``meta``.
                part.config.pad_token_id = None
        return network

    def _vocabulary(self, tokenizer: Tokenizer, *, own_start: int | None = None) -> Vocabulary:
        """Weights that are not pretrained know no ids but ours."""
        if not self.source.pretrained:
            return Vocabulary(size=tokenizer.vocab_size)
        assert isinstance(tokenizer, PretrainedTokenizer)
        return Vocabulary(size=tokenizer.vocab_size, pad=tokenizer.pad_id, start=tokenizer.start, own_start=own_start)

    def _check_tokenizer(self, tokenizer: Tokenizer) -> None:
        """Nothing, if the tokens are those that the weights were trained with.

        Raises:
            DataError: they are not, or the weights know far fewer of them.
        """
        name, folder = self.source.name, self.source.folder
        step = f"data.tokenizer.kind=pretrained data.tokenizer.path={name}"
        if not isinstance(tokenizer, PretrainedTokenizer):
            problem = f"the pretrained {name} knows the tokens of its own tokenizer only"
            raise DataError("data.other_tokenizer", "data.tokenizer.kind", tokenizer.kind, problem, next_step=step)
        if folder is None or not (folder / "tokenizer.json").is_file():
            return
        own = PretrainedTokenizer.load(str(folder), revision=None)
        ids = range(own.vocab_size)
        if own.vocab_size != tokenizer.vocab_size or own.show_tokens(ids) != tokenizer.show_tokens(ids):
            problem = f"the data's tokenizer is another than that of the pretrained {name}"
            raise DataError("data.other_tokenizer", "data.tokenizer.path", None, problem, next_step=step)

    def _freeze(self, network: Any, *, head: nn.Module | None) -> None:
        if self.freeze == "embeddings":
            network.get_input_embeddings().requires_grad_(False)
        elif self.freeze == "all_but_head":
            network.requires_grad_(False)
            if head is not None:
                head.requires_grad_(True)

    def _is_causal(self) -> bool:
        """Whether the library has it as a language model that is not, by its nature, one of masked tokens."""
        library, config = transformers_library(), self.source.config
        if config.is_encoder_decoder or type(config) not in library.MODEL_FOR_CAUSAL_LM_MAPPING:
            return False
        return type(config) not in library.MODEL_FOR_MASKED_LM_MAPPING or getattr(config, "is_decoder", False)

    def _refusal(self, problem: str, allowed: str) -> ConfigError:
        kind = self.source.config.model_type
        words = problem if kind == self.source.name else f"it is a {kind}, which {problem}"
        step = f"model.name={allowed.split(',')[0]}, or a pretrained model of such a type"
        return ConfigError(
            "config.model_misfit", "model.name", self.source.name, words, allowed=allowed, next_step=step
        )


def _decoder_start(network: Any) -> int | None:
    """What the library begins an answer with."""
    places = (network.config, getattr(network, "generation_config", None))
    found = (getattr(place, "decoder_start_token_id", None) for place in places)
    return next((token for token in found if token is not None), None)


def _tried(network: Any, run: Callable[[], Tensor], *, key: str) -> Tensor:
    """What ``run`` gives on the longest sequence, in evaluation mode.

    Raises:
        ConfigError: the network has no places for so many tokens, or can't be run as this package runs networks.
    """
    try:
        with evaluated(network):
            return run()
    except (IndexError, RuntimeError) as error:
        problem = f"the model can't read sequences of the data's length ({str(error)[:200]})"
        places = getattr(network.config, "max_position_embeddings", None)
        allowed = None if places is None else f"up to its {places} positions"
        raise ConfigError("config.out_of_range", key, None, problem, allowed=allowed) from error
    except Exception as error:  # each architecture raises errors of its own
        kind = network.config.model_type
        problem = f"a network of type {kind} can't be run here ({type(error).__name__}: {str(error)[:200]})"
        step = "choose a model of another type, such as bert, gpt2 or t5"
        raise ConfigError("config.model_misfit", "model.name", kind, problem, next_step=step) from error


def _sees_padding(encoder: TransformersEncoder, max_length: int) -> bool:
    """Whether a text is encoded differently beside padding: what is said of it would be a matter of its batch."""
    tokens_1T = meaningless_tokens(1, max_length)
    if next(encoder.parameters()).is_meta or max_length < 2:
        return False
    real = max_length // 2
    padding_1T = torch.arange(max_length)[None] >= real
    with evaluated(encoder):
        alone_1TD = encoder(tokens_1T[:, :real], padding_mask_BT=padding_1T[:, :real])
        beside_1TD = encoder(tokens_1T.masked_fill(padding_1T, PAD), padding_mask_BT=padding_1T)[:, :real]
    return float((alone_1TD - beside_1TD).abs().max()) > PADDING_TOLERANCE * float(alone_1TD.abs().max())


def _steps_as_it_reads(predictor: TransformersPredictor, tokens_2T: Tensor, logits_2TV: Tensor) -> bool:
    """Whether steps from kept keys and values say what reading at once does; some architectures need more than that."""
    if logits_2TV.is_meta:
        return True
    try:
        with evaluated(predictor):
            state = predictor.initial_state(2)
            for tokens_2, expected_2V in zip(tokens_2T.T[:3], logits_2TV.transpose(0, 1), strict=False):
                logits_2V, state = predictor.step(tokens_2, state)
                if float((logits_2V - expected_2V).abs().max()) > STEP_TOLERANCE:
                    return False
    except Exception:  # each architecture raises errors of its own
        return False
    return True


def _foresees(logits_2TV: Tensor) -> bool:
    """Whether another last token changes what is said before it: a leak would look like a triumph."""
    if logits_2TV.is_meta or logits_2TV.shape[1] < 2:
        return False
    changed_T = (logits_2TV[0] - logits_2TV[1]).abs().amax(dim=-1)
    return float(changed_T[:-1].max()) > FORESIGHT_TOLERANCE * float(changed_T[-1])
