"""From matplotlib to inline SVG: text stays text, colours become CSS variables, the same input gives the same bytes."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, MaxNLocator, NullFormatter, NullLocator

from bakeoff.report.numbers import round_number
from bakeoff.report.palette import css_variables, sentinel
from bakeoff.report.scales import ROUND_STEPS

FONT_SIZE = 12
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bakeoff",
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
    "path.simplify": True,
}
_DROPPED_ATTRIBUTES = ("id", "width", "height", "version")
_UNPRINTABLE = re.compile(r"[^\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"#([\w.-]+)")
Arguments = ParamSpec("Arguments")
_FONT_FAMILY = re.compile(r"\s*font-family: [^;]*;")


class Canvas:
    """A figure measured in CSS pixels, with one pair of axes, drawn inside matplotlib settings of its own.

    Args:
        width: Width in px at which text has its natural size; the page never scales a figure above it.
        height: Height in px.
        margins: Left, bottom, right and top of the axes, in px.
        name: Unique in the page; keeps the ids of two figures apart.
        label: What the figure shows, in words.
    """

    def __init__(
        self, width: int, height: int, *, margins: tuple[float, float, float, float], name: str, label: str
    ) -> None:
        left, bottom, right, top = margins
        self.width, self.name, self.label = width, name, label
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        box = (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
        self.axes: Axes = self.figure.add_axes(box)
        self.axes.patch.set_visible(False)
        self.figure.patch.set_visible(False)
        for side in ("top", "right", "left"):
            self.axes.spines[side].set_visible(False)
        self.axes.spines["bottom"].set_color(sentinel("rule"))
        self.axes.tick_params(length=0, pad=5, labelcolor=sentinel("muted"), labelsize=FONT_SIZE)

    def axis_title(self, axis: Literal["x", "y"], text: str) -> None:
        """Name an axis: below it, or for the vertical one in the upper left, where it reads level."""
        if axis == "x":
            self.axes.set_xlabel(text, color=sentinel("muted"), labelpad=6)
            return
        top = self.figure.get_figheight() * 72
        self.axes.annotate(text, (4, top - 4), xycoords="figure points", va="top", color=sentinel("muted"))

    def grid(self, axis: Literal["both", "x", "y"]) -> None:
        """Hairlines along one axis, behind everything."""
        self.axes.set_axisbelow(True)
        self.axes.grid(axis=axis, color=sentinel("rule"), linewidth=0.7)

    def ticks(self, axis: Literal["x", "y"], *, count: int, label: Callable[[float], str] | None = None) -> None:
        """About ``count`` round ticks on a linear axis, printed by ``label``."""
        self._locate(axis, MaxNLocator(nbins=count, steps=ROUND_STEPS), label)

    def marks(self, axis: Literal["x", "y"], places: Sequence[float]) -> None:
        """Ticks at these places, printed as round numbers."""
        self._locate(axis, FixedLocator(places), round_number)

    def _locate(self, axis: Literal["x", "y"], locator: Locator, label: Callable[[float], str] | None) -> None:
        chosen = self.axes.xaxis if axis == "x" else self.axes.yaxis
        chosen.set_major_locator(locator)
        chosen.set_minor_locator(NullLocator())
        chosen.set_minor_formatter(NullFormatter())
        if label is not None:
            chosen.set_major_formatter(FuncFormatter(lambda value, _: label(value)))


def figure(paint: Callable[Arguments, Canvas]) -> Callable[Arguments, Markup]:
    """Makes of a function that fills a canvas one that returns it as ``<svg role="img">``, announced by its label."""

    @wraps(paint)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Markup:
        with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            canvas = paint(*args, **kwargs)
            buffer = io.BytesIO()
            FigureCanvasSVG(canvas.figure).print_svg(buffer, metadata={"Date": None, "Creator": None, "Format": None})
        return _inline(buffer.getvalue(), name=canvas.name, label=canvas.label)

    return drawn


def printable(text: str, *, limit: int = 24) -> str:
    """A label from data, fit for XML and cut to ``limit`` characters."""
    clean = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def text_width(text: str, *, size: float = FONT_SIZE) -> float:
    """A generous estimate of a label's width in px."""
    return 0.6 * size * len(text)


def longest_width(names: Iterable[str], *, size: float = FONT_SIZE) -> float:
    """The width of the widest of some labels, as they are printed."""
    return max(text_width(printable(name), size=size) for name in names)


def _inline(document: bytes, *, name: str, label: str) -> Markup:
    """Strip what a page does not need and tie the rest to the page's colours and fonts."""
    root = ElementTree.fromstring(document)
    for child in list(root):
        if child.tag.endswith("metadata") or (child.tag.endswith("defs") and child.find("{*}style") is not None):
            root.remove(child)
    width = float(root.attrib["viewBox"].split()[2])
    used = set(_REFERENCE.findall(" ".join(v for node in root.iter() for v in node.attrib.values() if "#" in v)))
    for node in root.iter():
        _clean(node, name=name, used=used)
    root.attrib |= {"role": "img", "aria-label": label, "class": "plot", "style": f"max-width: {width:g}px"}
    _flatten(root)
    return Markup(ElementTree.tostring(root, encoding="unicode", short_empty_elements=True))


def _clean(node: ElementTree.Element, *, name: str, used: set[str]) -> None:
    node.tag = node.tag.rpartition("}")[2]
    attributes = {key.rpartition("}")[2]: value for key, value in node.attrib.items()}
    identifier = attributes.get("id")
    for key in _DROPPED_ATTRIBUTES if node.tag not in ("rect", "image") else ("id",):
        attributes.pop(key, None)
    if identifier in used:
        attributes["id"] = f"{name}-{identifier}"
    for key, value in attributes.items():
        attributes[key] = _attribute(key, value, name=name)
    node.attrib.clear()
    node.attrib.update({key: value for key, value in attributes.items() if not value.startswith("rotate(-0 ")})
    node.tail = None
    if node.text and not node.text.strip():
        node.text = None


def _attribute(key: str, value: str, *, name: str) -> str:
    if key == "href":
        return value if value.startswith("data:") else f"#{name}-{value[1:]}"
    if key == "clip-path":
        return value.replace("#", f"#{name}-")
    if key == "style":
        value = _FONT_FAMILY.sub("", value)
        for colour, variable in css_variables().items():
            value = value.replace(colour, variable)
        return value
    if key in ("d", "x", "y", "transform", "points"):
        return _NUMBER.sub(lambda number: f"{float(number[0]):.2f}", value.replace("\n", " ")).strip()
    return value


def _flatten(node: ElementTree.Element) -> None:
    """Replace groups without attributes by their children and drop empty ones."""
    children: list[ElementTree.Element] = []
    for child in list(node):
        _flatten(child)
        is_group = child.tag in ("g", "defs") and not (child.tag == "defs" and len(child))
        children.extend(child if is_group and not child.attrib else [child])
    for child in list(node):
        node.remove(child)
    node.extend(children)
