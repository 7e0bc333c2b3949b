"""A page built from a folder, and what it was built from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.report.pages.report import write_report
from tests.report.html_outline import Outline, outline
from tests.report.synthetic_bakeoff import pictures


@dataclass(frozen=True)
class Built:
    """A bakeoff's folder, what its JSON files say, and the page made from it."""

    folder: Path
    plan: dict[str, Any]
    verdict: dict[str, Any]
    html: str
    outline: Outline


def built(folder: Path, *, images: Any = pictures) -> Built:
    """Build the page of a folder and read it back."""
    html = write_report(folder, examples=images).read_text(encoding="utf-8")
    plan, verdict = (json.loads((folder / name).read_text()) for name in ("plan.json", "verdict.json"))
    return Built(folder, plan, verdict, html, outline(html))
