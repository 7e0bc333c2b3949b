"""What renders the templates of all pages: where they lie, and how values are printed in them."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from bakeoff.files import atomic_writer
from bakeoff.report import numbers
from bakeoff.report.figures.canvas import printable
from bakeoff.report.words import FAMILY_NAMES, all_of, reading

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")
_FACTS = {"memory_gb": "memory (GB)", "cpu": "CPU", "gpus": "GPUs", "python": "Python"}


_PRINTED = (
    *(
        "count",
        "flops",
        "duration",
        "milliseconds",
        "megabytes",
        "joules",
        "grams",
        "probability",
        "share",
        "signed_share",
        "prose",
    ),
    "significant",
)


def page_environment() -> Environment:
    """What renders the templates of HTML, for pages of their own too."""
    environment = _environment(autoescape=True)
    environment.filters |= {
        "slug": _slug,
        "cut": _cut,
        "fact": _fact,
        "plain": _plain,
        "moment": _moment,
        "setting": _setting,
        "p_value": _p_value,
        "recorded": _recorded,
        "shade": _shade,
        "percent_cell": _percent_cell,
        "confidence": _confidence,
    }
    return environment


def text_environment() -> Environment:
    """What renders plain text and Markdown, where texts from data are a ``text`` or, in a table, a ``cell``."""
    environment = _environment(autoescape=False)
    environment.filters |= {"text": _text, "cell": _cell, "all_of": all_of}
    return environment


def _environment(*, autoescape: bool) -> Environment:
    loader = FileSystemLoader(Path(__file__).parents[1] / "templates")
    environment = Environment(loader=loader, autoescape=autoescape, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {name: getattr(numbers, name) for name in _PRINTED}
    environment.filters |= {"family": _family, "reading": reading}
    return environment


def write_page(path: Path, text: str) -> Path:
    """Writes a page, and returns its path; what is no Unicode is replaced."""
    with atomic_writer(path) as file:
        file.write(text.encode("utf-8", errors="replace"))
    return path


def _text(text: object) -> str:
    """Text from data on one line, so that it can be neither markup nor HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(numbers.prose(str(text)).replace("&", "&amp;").split()))


def _cell(text: str) -> str:
    """Text that cannot break a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _slug(text: str) -> str:
    """A heading as part of an anchor."""
    return re.sub(r"\W+", "-", text.lower())


def _cut(text: str) -> str:
    """A class name short enough to stand above a narrow column."""
    return printable(text, limit=9)


def _family(name: str) -> str:
    """A family as people write it."""
    return FAMILY_NAMES.get(name, name)


def _fact(key: str) -> str:
    """The name of a recorded fact, its unit in brackets."""
    return _FACTS.get(key, key.replace("_", " "))


def _plain(value: object) -> str:
    """A recorded fact: lists with commas, nothing as ``none``."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _moment(when: object) -> str:
    """A point in time, recorded as a text or in seconds since 1970; to the second, in UTC."""
    if isinstance(when, int | float):
        return datetime.fromtimestamp(when, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return _plain(when)


def _setting(value: object) -> str:
    """A value that was tried: numbers to three digits, everything else as it is."""
    if isinstance(value, float):
        return numbers.significant(value)
    return numbers.UNKNOWN if value is None else str(value)


def _p_value(value: float | None) -> str:
    """``p 0.012``, ``p < 0.001``."""
    text = numbers.probability(value)
    return f"p {text}" if text != numbers.UNKNOWN else "p unknown"


def _recorded(value: object) -> str:
    """A figure of the audit in full, so that two that differ look different; cut where it is a long text."""
    if isinstance(value, str):
        return printable(value, limit=60)
    return printable(numbers.prose(json.dumps(value)), limit=60)


def _percent_cell(share: float) -> str:
    """A cell of a confusion matrix, in percent without the sign; empty for never."""
    percent = 100 * share
    if percent == 0:
        return ""
    return f"{percent:.0f}" if percent >= 9.95 else f"{percent:.1f}"


def _shade(share: float, is_right: bool) -> float:
    """Strength of its background in [0, 52] percent; grows with the square root so that rare errors show."""
    if is_right:
        return round(26 * math.sqrt(share), 1)
    return round(min(10 + 60 * math.sqrt(share), 52.0), 1) if share else 0.0


def _confidence(value: float) -> str:
    """A probability in whole percent that never claims certainty."""
    return "> 99\u202f%" if value > 0.995 else f"{100 * value:.0f}\u202f%"
