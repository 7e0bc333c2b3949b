"""The report of a bakeoff of every task in a real browser, at desktop and phone width, in light and dark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.config.running import run_pipeline
from bakeoff.report.pages.report import write_report
from tests.contracts.test_tasks import CATALOG, quick_overrides
from tests.report.browser import Browser, is_there
from tests.report.synthetic_bakeoff import Recipe, pictures, write_bakeoff

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_there(), reason="needs chromium and chromedriver"),
]
SIZES = {"desktop": (1280, 900), "phone": (375, 812)}
HOSTILE = "</script><img src=x onerror=alert(1)>"
SMALL = ["budget.value=20_000", "budget.tolerance=0.2", "trainer.max_examples=64", "tracking=none"]
OVERFLOW = """
return [...document.querySelectorAll("body *")].filter(node => {
  let box = node.getBoundingClientRect();
  if (box.width === 0 || box.right <= document.documentElement.clientWidth + 1) return false;
  for (let outer = node; outer; outer = outer.parentElement)
    if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(outer).overflowX)) return false;
  return true;
}).slice(0, 5).map(node => node.tagName + "." + node.className)"""
"""Elements that reach beyond the right edge, but for those inside of what scrolls by itself."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    opened = Browser()
    yield opened
    opened.close()


def report_of(words: list[str], folder: Path) -> Path:
    """The page of a tiny bakeoff."""
    run_pipeline("compare", argv=[*words, *SMALL, f"output_dir={folder}"])
    return folder / "report.html"


def check(browser: Browser, page: Path, name: str) -> None:
    """Opens a page at each size and in both colours; `SCREENSHOTS=DIR` keeps what it looks like."""
    for kind, (width, height) in SIZES.items():
        for is_dark in (False, True):
            browser.open(page, width=width, height=height, is_dark=is_dark)
            assert browser.alert() is None
            assert browser.said() == []
            assert browser.asked_for() == []
            assert browser.run(OVERFLOW) == []
            assert browser.run("return document.documentElement.scrollWidth") <= width
            if "SCREENSHOTS" in os.environ:
                browser.picture(Path(os.environ["SCREENSHOTS"]) / f"{name}-{kind}-{'dark' if is_dark else 'light'}.png")


@pytest.mark.usefixtures("trials_in_this_process")
@pytest.mark.parametrize("task", CATALOG.options("task"))
def test_a_report_of_every_task_fits_and_asks_for_nothing(
    task: str, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check(browser, report_of(quick_overrides(task), tmp_path / "bakeoff"), task)


def test_a_class_named_like_markup_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "bakeoff", Recipe(class_names=(HOSTILE, "plain", "日本"), warnings=(HOSTILE,)))
    check(browser, write_report(folder, examples=pictures), "hostile")
    assert browser.run("return document.querySelector('img[src=x]')") is None
    assert HOSTILE in browser.run("return document.body.textContent")
