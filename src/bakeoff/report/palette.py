"""One colour, marker and dash per contender, the same in every figure and table.

Families take hues that colour-blind readers tell apart (Okabe and Ito 2008, "Color universal design"); members of a
family share the hue and differ in shade and dash; from the fourth on the marker changes too. Figures are drawn in
sentinel colours that stand for CSS variables, so that one SVG serves light, dark and print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

SHADES = 3
FAMILIES = ("cnn", "rnn", "transformer", "baseline", "other")
_INKS = ("ink", "muted", "rule", "paper", "accent", "margin")
VARIABLES = _INKS + tuple(f"{family}-{shade}" for family in FAMILIES for shade in range(SHADES))
_SENTINELS = {name: f"#0a5e{index:02x}" for index, name in enumerate(VARIABLES)}
_MARKERS = {"cnn": "o", "rnn": "s", "transformer": "^", "baseline": "D", "other": "v"}
MARK_PATHS = {
    "o": "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z",
    "s": "M-4.6,-4.6h9.2v9.2h-9.2z",
    "^": "M0,-5.4L5.4,4.6H-5.4z",
    "v": "M0,5.4L5.4,-4.6H-5.4z",
    "D": "M0,-6L6,0L0,6L-6,0z",
    "P": "M-1.9,-5.4h3.8v3.5h3.5v3.8h-3.5v3.5h-3.8v-3.5h-3.5v-3.8h3.5z",
    "X": "M-5,-2.8L-2.8,-5L0,-2.2L2.8,-5L5,-2.8L2.2,0L5,2.8L2.8,5L0,2.2L-2.8,5L-5,2.8L-2.2,0z",
}
"""Each marker as the path of an SVG of 12 by 12 px around the origin, for the page's text."""
_LATER_MARKERS = ("P", "X")
_SIZES = {"o": 1.0, "s": 0.88, "^": 1.15, "v": 1.15, "D": 0.82, "P": 1.05, "X": 1.0}
_OVERLAYS = ("#e69f00", "#56b4e9", "#00b583", "#f0e442", "#ff7ad1", "#ff6a3d", "#8f9bff", "#c9c9c9")
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.5, 1.5))


def sentinel(variable: str) -> str:
    """The colour to hand to matplotlib for the CSS variable ``--variable``."""
    return _SENTINELS[variable]


def css_variables() -> dict[str, str]:
    """From each sentinel colour to what replaces it: ``{"#0a5e00": "var(--ink)"}``."""
    return {colour: f"var(--{name})" for name, colour in _SENTINELS.items()}


def overlay(index: int) -> str:
    """The colour of a class over a picture, whatever the page's colours are; the ninth is the first again."""
    return _OVERLAYS[index % len(_OVERLAYS)]


@dataclass(frozen=True)
class Look:
    """How one contender is drawn.

    Attributes:
        variable: Name of its CSS variable, such as ``cnn-0``.
        marker: matplotlib's letter; the page draws the same shape beside the name.
        dash: On and off lengths of its line; empty for a solid one.
    """

    variable: str
    marker: str
    dash: tuple[float, ...]

    @property
    def colour(self) -> str:
        """The sentinel colour to draw with."""
        return sentinel(self.variable)

    @property
    def size(self) -> float:
        """Factor on a marker's diameter that makes all shapes look equally large."""
        return _SIZES[self.marker]

    @property
    def line_style(self) -> str | tuple[float, tuple[float, ...]]:
        """The dash in matplotlib's form."""
        return (0, self.dash) if self.dash else "solid"


def looks(named_families: Iterable[tuple[str, str]]) -> dict[str, Look]:
    """A look for each ``(name, family)``, by the order in which the members of a family come."""
    seen: Counter[str] = Counter()
    found = {}
    for name, family in named_families:
        known = family if family in FAMILIES else "other"
        turn, index = divmod(seen[known], SHADES)
        marker = (_MARKERS[known], *_LATER_MARKERS)[turn % (1 + len(_LATER_MARKERS))]
        found[name] = Look(f"{known}-{index}", marker, _DASHES[index])
        seen[known] += 1
    return found
