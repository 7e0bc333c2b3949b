"""Pages of their own: what models cost and how far back they learn, without training; what trained ones look at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.record.layout import DATA_SIZES, EXPLANATIONS, GRADIENTS, ROBUSTNESS, SCALE
from bakeoff.report.measured import read_measured
from bakeoff.report.pages.rendering import page_environment, write_page
from bakeoff.report.palette import MARK_PATHS, looks
from bakeoff.report.sections.data_sizes import data_sizes_context
from bakeoff.report.sections.gradients import gradients_context
from bakeoff.report.sections.looked import looked_context
from bakeoff.report.sections.robustness import robustness_context
from bakeoff.report.sections.scaling import scaling_context
from bakeoff.version import __version__


def write_scaling_page(folder: Path) -> Path:
    """Writes ``scale.html`` from the folder's ``scale.json``, and returns its path."""
    found = _measured(folder, SCALE)
    about = f"{found['task']} on {found['data']}"
    context = scaling_context(found, looks(_named_families(found)))
    return _write(folder / "scale.html", "scaling", "Time and memory against length and width", about, found, context)


def write_gradients_page(folder: Path) -> Path:
    """Writes ``gradients.html`` from the folder's ``gradients.json``, and returns its path."""
    found = _measured(folder, GRADIENTS)
    context = gradients_context(found, looks(_named_families(found)))
    return _write(folder / "gradients.html", "gradients", "How far back the loss reaches", "", found, context)


def write_looked_page(folder: Path) -> Path:
    """Writes ``explanations.html`` from the folder's ``explanations.json``, and returns its path."""
    found = _measured(folder, EXPLANATIONS)
    context = looked_context(found, looks(_named_families(found)), [])
    about = f"{found['task']} on {found['data']}"
    return _write(folder / "explanations.html", "looked", "What each contender looks at", about, found, context)


def write_robustness_page(folder: Path) -> Path:
    """Writes ``robustness.html`` from the folder's ``robustness.json``, and returns its path."""
    found = _measured(folder, ROBUSTNESS)
    context = robustness_context(found, looks(_named_families(found)))
    about = f"{found['task']} on {found['data']}"
    return _write(folder / "robustness.html", "robustness", "What each contender withstands", about, found, context)


def write_data_sizes_page(folder: Path) -> Path:
    """Writes ``curve.html`` from the folder's ``data_sizes.json``, and returns its path."""
    found = _measured(folder, DATA_SIZES)
    context = data_sizes_context(found, looks(_named_families(found)))
    about = f"{found['task']} on {found['data']}"
    return _write(folder / "curve.html", "data_sizes", "How much data each contender needs", about, found, context)


def _measured(folder: Path, name: str) -> Mapping[str, Any]:
    found = read_measured(folder / name)
    assert found is not None  # the caller has just written it
    return found


def _named_families(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return list({entry["name"]: entry["family"] for entry in found["contenders"]}.items())


def _write(
    path: Path, section: str, title: str, about: str, found: Mapping[str, Any], context: Mapping[str, Any]
) -> Path:
    shown = looks(_named_families(found))
    about_page = {"title": title, "about": about, "section": section, "version": __version__, "glossary": {}}
    template = page_environment().get_template("measured.html.j2")
    text = template.render(**context, **about_page, command=found.get("command"), looks=shown, mark_paths=MARK_PATHS)
    return write_page(path, text)
