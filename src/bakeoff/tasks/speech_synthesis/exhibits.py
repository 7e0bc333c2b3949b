"""What the report shows of speech: sounds beside the recordings', attention, and what is heard in all contenders.

S tokens, T decoder steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from bakeoff.data.contract import Cases
from bakeoff.data.speech.answers import mels_of
from bakeoff.data.speech.spec import SpeechSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.tables import column
from bakeoff.tasks.contract import Sealed
from bakeoff.tasks.exhibits import AttentionExhibit, AudioExhibit, Exhibit, TableExhibit
from bakeoff.tasks.speech_synthesis import scores
from bakeoff.tasks.speech_synthesis.network import Synthesiser
from bakeoff.tasks.speech_synthesis.sound import Vocoder

_MOST_ROWS = 60
TRUE_FRAMES = "the recordings' own frames"


def sounds_of(
    net: Synthesiser, cases: Cases, answers: pa.Table, *, spec: SpeechSpec, vocoder: Vocoder
) -> list[Exhibit]:
    """Of each text its sound, that of its recording's frames, and what each step attended to."""
    rows = zip(
        cases.names,
        cases.raw,
        mels_of(answers, spec.num_features),
        mels_of(cases.labels, spec.num_features),
        answers["heard"].to_pylist(),
        strict=True,
    )
    found: list[Exhibit] = []
    for name, script, said, true, heard in rows:
        caption = f"{script.text} ({script.style})" + ("" if heard is None else f"; heard: {heard or 'nothing'}")
        found += [
            sound(said, vocoder, spec, title=name, caption=caption),
            sound(
                true,
                vocoder,
                spec,
                title=f"{name}: the recording",
                caption="its own frames, made sound in the same way",
            ),
            _attention(net, script, spec, title=f"{name}: what each step attended to"),
        ]
    return found


def sound(mel_FM: np.ndarray, vocoder: Vocoder, spec: SpeechSpec, *, title: str, caption: str) -> AudioExhibit:
    """Frames as sound."""
    rate_hz = int(spec.front_end["sample_rate_hz"])
    return AudioExhibit(title=title, samples=vocoder(mel_FM), sample_rate_hz=rate_hz, mel_MT=mel_FM.T, caption=caption)


def _attention(net: Synthesiser, script: Any, spec: SpeechSpec, *, title: str) -> AttentionExhibit:
    tokenizer = tokenizer_from(spec.tokenizer)
    ids = tokenizer.encode_batch([script.pieces])[0]
    tokens_1S = torch.from_numpy(ids.astype(np.int64))[None]
    _, durations_1S, weights_1TS = net.speak(tokens_1S, torch.tensor([spec.style_names.index(script.style)]))
    hop_s = spec.front_end["hop_length"] / spec.front_end["sample_rate_hz"]
    stride = -(-weights_1TS.shape[1] // _MOST_ROWS)
    shown = range(0, weights_1TS.shape[1], stride)
    return AttentionExhibit(
        title=title,
        input=script.pieces,
        output=f"{float(durations_1S.sum()) * hop_s:.2f} s of speech",
        rows=[f"{step * net.frames_a_step * hop_s:.2f} s" for step in shown],
        columns=tokenizer.show_tokens(ids.tolist()),
        weights=weights_1TS[0, list(shown)].double().numpy().round(4).tolist(),
    )


def heard_table(
    trials: Mapping[str, Iterable[Sealed]], labels: pa.Table, true: pa.Table, *, is_heard: bool
) -> TableExhibit:
    """Character errors that a recogniser hears, and the error of the tone of voice, of contenders and of recordings.

    Args:
        trials: answers, by contender.
        labels: of the test.
        true: the recordings' frames as answers.
        is_heard: whether there is a recogniser.
    """
    answers = {name: [trial.answers for trial in own] for name, own in trials.items()} | {TRUE_FRAMES: [true]}
    columns = ["sound of", "pitch error (semitones)"] + ["characters heard wrong (%)"] * is_heard
    return TableExhibit(
        title="What is left of speech once frames are made sound by Griffin-Lim",
        columns=columns,
        rows=[[name, *_measured(own, labels, is_heard=is_heard)] for name, own in answers.items()],
    )


def _measured(trials: Sequence[pa.Table], labels: pa.Table, *, is_heard: bool) -> list[float]:
    """Means over trials."""
    true_hz = column(labels, "tone_hz")
    tone = np.mean([scores.tone_errors(column(own, "tone_hz"), true_hz).mean() for own in trials])
    if not is_heard:
        return [round(float(tone), 2)]
    return [round(float(tone), 2), round(100 * float(np.mean([scores.heard_rate(own, labels) for own in trials])), 1)]
