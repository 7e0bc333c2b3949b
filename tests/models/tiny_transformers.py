"""Tiny random models of transformers in folders, as the library itself saves pretrained ones."""

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer as LibraryTokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from bakeoff.data.text.pretrained import PretrainedTokenizer

TINY = {
    "bert": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32},
    "roberta": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2},
    "t5": {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2},
    "bart": {
        "d_model": 16,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
    },
    "llama": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 32,
    },
}
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
SPECIALS = {
    "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
    "roberta": ["<s>", "<pad>", "</s>", "<unk>"],
    "gpt2": [],  # none but <|endoftext|>, which comes last
    "t5": ["<pad>", "</s>", "<unk>"],  # no start
    "bart": ["<s>", "<pad>", "</s>", "<unk>"],
    "llama": ["<unk>", "<s>", "</s>"],
}
HEADS = {"t5": "AutoModelForSeq2SeqLM", "bart": "AutoModelForSeq2SeqLM"}
HEADS |= {"gpt2": "AutoModelForCausalLM", "llama": "AutoModelForCausalLM"}


def saved(kind: str, folder: Path, **changes: object):
    """A tiny random network of that type and its tokenizer, saved as the library saves them."""
    vocabulary = [*SPECIALS[kind], *WORDS, *(["<|endoftext|>"] if kind == "gpt2" else [])]
    tokenizer = LibraryTokenizer(
        WordLevel({word: index for index, word in enumerate(vocabulary)}, unk_token=vocabulary[-1])
    )
    tokenizer.pre_tokenizer = Whitespace()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    pad = {"pad_token_id": next((i for i, word in enumerate(vocabulary) if "pad" in word.lower()), None)}
    config = transformers.AutoConfig.for_model(
        kind, **TINY[kind], **changes, **pad, vocab_size=len(vocabulary), bos_token_id=0, eos_token_id=1
    )
    if kind in ("t5", "bart"):
        config.decoder_start_token_id = {"t5": 0, "bart": 2}[kind]
    torch.manual_seed(0)
    network = getattr(transformers, HEADS.get(kind, "AutoModel")).from_config(config).eval()
    network.save_pretrained(folder)
    return network, PretrainedTokenizer.load(str(folder), revision=None)
