"""What is computed of a recording's samples: log-mel spectrograms, or MFCCs of them; each recording by itself.

Libraries that say "MFCC" differ in the number of frames and in every value, so all of it is stated (`FrontEnd.facts`):
frames are centred on multiples of the hop, with silence beyond both ends, so that there are ``1 + samples // hop``;
the window is Hann's; bands are triangles on HTK's mel scale over the power spectrum; the logarithm is the natural one
of at least 1e-10; MFCCs are the first values of the orthonormal DCT-II of those logarithms, of which the first is the
energy. Nothing is dithered, emphasised or clipped.

Davis and Mermelstein 1980, "Comparison of parametric representations for monosyllabic word recognition" (MFCC).

T samples, F frames, S bins of the spectrum, M mel bands, K coefficients.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import create_dct, melscale_fbanks

from bakeoff.data.audio.recordings import Recording, Samples, resampled
from bakeoff.data.checks import require_choice
from bakeoff.errors import ConfigError
from bakeoff.ranges import Count, NotNegative, Positive

Features: TypeAlias = Literal["log_mel", "mfcc"]
FLOOR = 1e-10


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """How samples become frames of numbers.

    Args:
        kind: ``log_mel`` or ``mfcc``.
        sample_rate_hz: that recordings are brought to first.
        window_ms: length of the window.
        hop_ms: from frame to frame.
        num_mels: M.
        num_coefficients: K, of MFCCs.
        low_hz: where the lowest band begins.
        high_hz: where the highest band ends; None: at half the rate.

    Raises:
        ConfigError: bands too narrow for the spectrum's bins, frequencies that the rate does not have, or more
            coefficients than bands.
    """

    kind: Features = "log_mel"
    sample_rate_hz: Count = 16_000
    window_ms: Positive = 25.0
    hop_ms: Positive = 10.0
    num_mels: Count = 40
    num_coefficients: Count = 13
    low_hz: NotNegative = 20.0
    high_hz: Positive | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be computed."""
        require_choice("features.kind", self.kind, get_args(Features))
        half = self.sample_rate_hz / 2
        if not 0 <= self.low_hz < self._top_hz <= half:
            allowed = f"low_hz below high_hz, high_hz at most {half:g} (half of data.features.sample_rate_hz)"
            raise _refusal("high_hz", self.high_hz, "there are no bands between these frequencies", allowed)
        if self.hop_length < 1 or self.window_length < 2:
            raise _refusal("hop_ms", self.hop_ms, "is less than a sample", "more, such as 10")
        if self.kind == "mfcc" and self.num_coefficients > self.num_mels:
            problem = f"there are {self.num_mels} bands to make coefficients of"
            raise _refusal("num_coefficients", self.num_coefficients, problem, f"up to {self.num_mels}")
        empty = int((self.filters_SM.sum(dim=0) == 0).sum())
        if empty:
            problem = (
                f"{empty} bands are narrower than a bin of the spectrum ({self.sample_rate_hz / self.fft_size:g} Hz)"
            )
            raise _refusal("num_mels", self.num_mels, problem, "fewer bands, or a longer window")

    @property
    def window_length(self) -> int:
        """Samples of the window."""
        return round(self.window_ms * self.sample_rate_hz / 1000)

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame."""
        return round(self.hop_ms * self.sample_rate_hz / 1000)

    @property
    def fft_size(self) -> int:
        """The least power of two that holds the window."""
        return 1 << (self.window_length - 1).bit_length()

    @property
    def num_features(self) -> int:
        """Numbers a frame."""
        return self.num_coefficients if self.kind == "mfcc" else self.num_mels

    @cached_property
    def window_T(self) -> Tensor:
        """Hann's, periodic."""
        return torch.hann_window(self.window_length)

    @cached_property
    def filters_SM(self) -> Tensor:
        """What each bin of the power spectrum adds to each band; the peak of a triangle is 1."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bands without a bin, which are refused
            return melscale_fbanks(
                self.fft_size // 2 + 1, self.low_hz, self._top_hz, self.num_mels, self.sample_rate_hz, norm=None
            )

    @cached_property
    def _cosines_MK(self) -> Tensor:
        return create_dct(self.num_coefficients, self.num_mels, norm="ortho")

    @property
    def _top_hz(self) -> float:
        return self.sample_rate_hz / 2 if self.high_hz is None else self.high_hz

    def num_frames(self, num_samples: int) -> int:
        """F of a recording of so many samples."""
        return 1 + num_samples // self.hop_length

    def spectrum(self, samples_T: Samples) -> Tensor:
        """The complex spectrum, shape ``(S, F)``."""
        return torch.stft(
            torch.from_numpy(samples_T),
            self.fft_size,
            self.hop_length,
            self.window_length,
            self.window_T,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )

    def log_mels(self, samples_T: Samples) -> Tensor:
        """Logarithms of the bands' energies, shape ``(F, M)``."""
        power_FS = self.spectrum(samples_T).abs().square().T
        return (power_FS @ self.filters_SM).clamp(min=FLOOR).log()

    def __call__(self, samples_T: Samples) -> NDArray[np.float32]:
        """The features of a recording at ``sample_rate_hz``, shape ``(F, num_features)``."""
        log_mels_FM = self.log_mels(samples_T)
        features = log_mels_FM @ self._cosines_MK if self.kind == "mfcc" else log_mels_FM
        found: NDArray[np.float32] = features.numpy()
        return found

    def of(self, recording: Recording, *, speed: float = 1.0) -> NDArray[np.float32]:
        """The features of a recording of any rate, shape ``(F, num_features)``; at a speed above 1 fewer, and higher.

        Ko et al. 2015, "Audio augmentation for speech recognition", section 3 (speed perturbation by resampling).
        """
        rate_hz = recording.sample_rate_hz * speed
        return self(resampled(recording.samples_T, from_hz=rate_hz, to_hz=self.sample_rate_hz))

    def to_dict(self) -> dict[str, Any]:
        """The arguments, as plain JSON."""
        return dataclasses.asdict(self)

    def facts(self) -> dict[str, Any]:
        """The arguments, and what follows from them or is the same for all."""
        sizes = {"window_length": self.window_length, "hop_length": self.hop_length, "fft_size": self.fft_size}
        rules = {
            "window": "hann, periodic",
            "frames": "centred on multiples of the hop, silence beyond the ends",
            "bands": "HTK mel scale, triangles with a peak of 1, of the power spectrum",
            "log": f"natural, of at least {FLOOR:g}",
            "energy": "the first coefficient is that of the DCT" if self.kind == "mfcc" else "none beside the bands",
        }
        return self.to_dict() | sizes | rules


def front_end_of(facts: Mapping[str, Any]) -> FrontEnd:
    """The inverse of `FrontEnd.facts`."""
    return FrontEnd(**{field.name: facts[field.name] for field in dataclasses.fields(FrontEnd)})


def _refusal(key: str, value: object, problem: str, allowed: str) -> ConfigError:
    return ConfigError("config.out_of_range", f"data.features.{key}", value, problem, allowed=allowed)
