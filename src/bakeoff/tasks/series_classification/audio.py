"""Audio classification: one label a recording, on the features that recognition hears."""

from __future__ import annotations

from typing import Any

import numpy as np

from bakeoff.data.labelled_audio.spec import LabelledAudioSpec
from bakeoff.tasks.exhibits import AudioExhibit, Exhibit
from bakeoff.tasks.heard import heard
from bakeoff.tasks.series_classification.task import SeriesClassification


class AudioClassification(SeriesClassification):
    """Cross-entropy on the label of a recording; measured by what `bakeoff.tasks.classes.facts` declares."""

    spec: LabelledAudioSpec

    def steps_drawn(self, raw: Any, frames_TK: np.ndarray) -> dict[str, Any]:
        """The mel spectrogram, a column a frame, whatever is computed of it."""
        front_end = self.spec.make_front_end()
        return {"frames_TK": heard("", raw, "", front_end)["mel_MT"].T, "hop_s": front_end.hop_ms / 1000}

    def drawn(self, name: str, raw: Any, said: str) -> Exhibit:
        """The recording, to be heard."""
        return AudioExhibit(**heard(name, raw, said, self.spec.make_front_end()))
