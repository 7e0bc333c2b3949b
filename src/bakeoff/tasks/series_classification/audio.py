"""Audio classification: one label a recording, on the features that recognition hears."""

from __future__ import annotations

from typing import Any

from bakeoff.data.labelled_audio.spec import LabelledAudioSpec
from bakeoff.tasks.exhibits import AudioExhibit, Exhibit
from bakeoff.tasks.heard import heard
from bakeoff.tasks.series_classification.task import SeriesClassification


class AudioClassification(SeriesClassification):
    """Cross-entropy on the label of a recording; measured by what `bakeoff.tasks.classes.facts` declares."""

    spec: LabelledAudioSpec

    def drawn(self, name: str, raw: Any, said: str) -> Exhibit:
        """The recording, to be heard."""
        return AudioExhibit(**heard(name, raw, said, self.spec.make_front_end()))
