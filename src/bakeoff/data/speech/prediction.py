"""New texts to be spoken by a finished run, as the tokens that it reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from bakeoff.data.batches.order import BatchPlan, EpochSampler
from bakeoff.data.contract import Inputs, NewExamples, Reading
from bakeoff.data.sources.espeak import Utterance, phonemes_of, speak
from bakeoff.data.speech.spec import SpeechSpec
from bakeoff.data.text.prediction import load_texts
from bakeoff.data.text.prepared import encode
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.spec import UNKNOWN
from bakeoff.data.text.tokenizer import Tokenizer
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import DataError


def new_scripts(spec: SpeechSpec, reading: Reading) -> NewExamples:
    """New texts as `predict` wants them, in the first style of training, which options of the task may change.

    A run that reads phonemes takes such (with blanks between them), or words, whose phonemes eSpeak NG says.

    Raises:
        DataError: no text, or one with tokens that the run does not know.
        EnvironmentFault: words for a run that reads phonemes, and eSpeak NG is not installed.
    """
    found = load_texts(reading.source, spec, column=reading.column, how=reading.table_format, is_text=reading.is_text)
    tokenizer = tokenizer_from(spec.tokenizer)
    pieces = [" ".join(text.split()) for text in found.texts]
    if spec.reads_phonemes:
        pieces = _as_phonemes(pieces, tokenizer)
    ids, _ = encode(pieces, tokenizer, role="text", labelled=False, max_length=None)
    unknown = [row for row, own in enumerate(ids) if (own == UNKNOWN).any()]
    if unknown:
        row = unknown[0]
        foreign = sorted({piece for piece in _split(pieces[row], spec) if _is_unknown(piece, tokenizer)})
        problem = f"{found.names[row]} has {', '.join(map(repr, foreign[:5]))}, which training never heard"
        raise DataError("data.unknown_token", "input", found.names[row], problem, next_step="spell it in another way")
    tokens = Ragged.of(ids, dtype=np.int32)
    positions = np.argsort(np.diff(tokens.offsets), kind="stable")
    plan = BatchPlan(EpochSampler(positions, seed=None), batch_size=reading.batch_size, drop_single=False)
    batches = [(torch.from_numpy(tokens.padded(rows)), torch.zeros(len(rows), dtype=torch.int64)) for rows in plan]
    return NewExamples(
        {"input": found.names, "text": found.texts}, found.texts, Inputs(batches, positions), found.notes
    )


def _as_phonemes(texts: Sequence[str], tokenizer: Tokenizer) -> list[str]:
    """Texts of known phonemes as they are, of others what eSpeak NG says."""
    words = [text for text in texts if any(_is_unknown(piece, tokenizer) for piece in text.split())]
    spoken = speak([Utterance(text=text) for text in words]) if words else iter(())
    said = {
        text: " ".join(sound.name for sound in phonemes_of(speech)) for text, speech in zip(words, spoken, strict=True)
    }
    return [said.get(text, text) for text in texts]


def _split(text: str, spec: SpeechSpec) -> Sequence[str]:
    return text.split() if spec.reads_phonemes else text


def _is_unknown(piece: str, tokenizer: Tokenizer) -> bool:
    return bool((tokenizer.encode_batch([piece])[0] == UNKNOWN).any())
