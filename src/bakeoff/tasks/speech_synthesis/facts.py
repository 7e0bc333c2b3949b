"""What is measured of what is said."""

from __future__ import annotations

from bakeoff.metrics import MetricFacts

LARGEST_TONE_ERROR = 12.0
"""Semitones: an octave, and where one of the two has no tone at all."""

METRICS = (
    MetricFacts.error(
        "mcd",
        "mel-cepstral distortion",
        "How far the sound's spectrum is from that of the recording, in decibels, each frame laid over the one that it "
        "is most like (dynamic time warping), on average.",
    ),
    MetricFacts.error(
        "mel_error",
        "mel error",
        "The mean difference of a mel band from the recording's, in decibels, with frames laid over each other as for "
        "mel-cepstral distortion.",
    ),
    MetricFacts.error(
        "duration_error",
        "duration error",
        "How much longer or shorter a phoneme takes than in the recording, on average.",
        unit="seconds",
        in_validation=False,
    ),
    MetricFacts.error(
        "rate_error",
        "rate error",
        "How much longer or shorter a text takes than in the recording, as a share of it, on average: whether the rate "
        "of the style is met.",
        unit="fraction",
        in_validation=False,
    ),
    MetricFacts.error(
        "tone_error",
        "pitch error",
        "The difference of the median tone of the voice from the recording's, in semitones, at most an octave, on "
        "average: whether the pitch of the style is met.",
        in_validation=False,
    ),
    MetricFacts.error(
        "cer",
        "character error rate, heard",
        "Characters that a recogniser hears wrong, over those that were to be said: how intelligible the sound is.",
        unit="fraction",
        is_mean=False,
        in_validation=False,
    ),
    MetricFacts.share(
        "diagonality",
        "attention on the diagonal",
        "The share of attention that lies within a tenth of the text of where an even reading would be, on average; "
        "what does not attend has none.",
        in_validation=False,
    ),
    MetricFacts.error(
        "loss", "loss", "Of the next frames after the right ones, of durations and of attention, as it is learnt by."
    ),
)
