"""The documentation site: it is built without a complaint, every link leads somewhere, and it asks no other machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import torch
from docsite import errors, pictures
from docsite.diagram import blocks_of, drawn
from docsite.links import ROOT, assembled, section
from torch import nn

from bakeoff.config.catalog import Catalog
from bakeoff.statistics import WORDS

mkdocs = pytest.importorskip("mkdocs")


@dataclass
class Html:
    """What a page refers to: links that a person follows, and what the browser fetches by itself."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)


def read(path: Path) -> Html:
    page = Html()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            page.ids.update(value for key in ("id", "name") if (value := given.get(key)))
            if given.get("src"):
                page.fetched.append(str(given["src"]))
            if given.get("href"):
                (page.links if tag == "a" else page.fetched).append(str(given["href"]))

    Reader().feed(path.read_text(encoding="utf-8"))
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Html]:
    """Every page of the site by its file, built as `make docs` builds it."""
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site").resolve()
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True))
    return {path: read(path) for path in sorted(folder.rglob("*.html")) if path.name != "404.html"}


def leads_nowhere(link: str, page: Path, site: dict[Path, Html]) -> bool:
    """Whether a link within the site names a file that is not there, or a place that its page lacks."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    target = target / "index.html" if target.is_dir() else target
    known = site.get(target)
    return not target.is_file() or bool(parts.fragment and known and unquote(parts.fragment) not in known.ids)


@pytest.mark.slow  # builds the site, as `make docs` does
def test_every_link_leads_to_a_page_and_a_place_on_it(site: dict[Path, Html]) -> None:
    broken = [
        (page.name, link)
        for page, html in site.items()
        for link in [*html.links, *html.fetched]
        if leads_nowhere(link, page, site)
    ]
    assert len(site) > 40
    assert broken == []


def test_a_page_fetches_nothing_from_another_machine(site: dict[Path, Html]) -> None:
    fetched = {link for html in site.values() for link in html.fetched}
    assert fetched
    assert [link for link in fetched if urlsplit(link).netloc] == []
    styles = "".join(path.read_text("utf-8") for path in next(iter(site)).parent.rglob("*.css"))
    assert "url(http" not in styles and "@import" not in styles


def test_links_of_the_readme_lead_to_pages_that_show_the_files(site: dict[Path, Html]) -> None:
    home = next(html for page, html in site.items() if page.name == "index.html")
    assert {"protocol.html", "contributing.html", "files/LICENSE.html"} <= set(home.links)
    pages = {page.as_posix().rpartition("/files/")[2]: page for page in site if "/files/" in page.as_posix()}
    assert "Apache License" in pages["LICENSE.html"].read_text("utf-8")


def test_checks_are_found_by_their_code(site: dict[Path, Html]) -> None:
    from bakeoff.report.checks import CHECKS

    checks = next(html for page, html in site.items() if page.name == "checks.html")
    assert {check.code.lower() for check in CHECKS} <= checks.ids


def text_of(site: dict[Path, Html], name: str) -> str:
    """A page's text, as HTML."""
    return next(page for page in site if page.as_posix().endswith(f"/{name}.html")).read_text("utf-8")


def test_every_model_has_a_page_with_its_paper_and_its_settings_and_every_network_is_drawn(
    site: dict[Path, Html],
) -> None:
    catalog = Catalog()
    for name in catalog.options("model"):
        content, page = catalog.content("model", name), text_of(site, f"models/{name}")
        arxiv = re.search(r"arXiv:([\w./-]+\d)", content["paper"])
        assert (f"https://arxiv.org/abs/{arxiv[1]}" if arxiv else escape(content["paper"], quote=False)) in page, name
        assert f"model={name}" in page
        drawn = content["contract"] not in ("FittedModel", "TokenModel")
        assert ('<svg class="blocks"' in page) == drawn, name


def test_every_task_has_a_page_with_its_models_metrics_data_and_experiments(site: dict[Path, Html]) -> None:
    catalog = Catalog()
    pages = {name: text_of(site, f"tasks/{name}") for name in catalog.options("task")}
    for name, page in pages.items():
        section = catalog.content("task", name)
        assert all(f"models/{model}.html" in page for model in section["baselines"])
        assert all(f"<code>{metric}</code>" in page for metric in [section["metric"]])
        assert "<code>data=" in page
    assert all(sum(f">{name}<" in page for page in pages.values()) == 1 for name in catalog.options("experiment"))


def test_parts_that_are_alike_are_drawn_once() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Sequential(*[nn.Linear(8, 8) for _ in range(3)]), nn.ReLU(inplace=True))
    block = blocks_of(net, lambda net: net(torch.zeros(2, 4)))
    assert [(part.kind, part.shape, part.repeats) for part in block.parts] == [
        ("Linear(4, 8)", "8", 1),
        ("Sequential", "8", 1),
        ("ReLU(inplace=True)", "8", 1),
    ]
    assert [(part.kind, part.parameters, part.repeats) for part in block.parts[1].parts] == [("Linear(8, 8)", 72, 3)]
    assert "Linear(8, 8)<tspan" in drawn(block, label="a net")


def test_parts_are_drawn_in_the_order_in_which_they_run() -> None:
    class Reversed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last, self.first, self.idle = nn.Linear(2, 3), nn.Linear(4, 2), nn.Linear(9, 9)

        def forward(self, x_BD: torch.Tensor) -> torch.Tensor:
            return self.last(self.first(x_BD))

    assert [part.name for part in blocks_of(Reversed(), lambda net: net(torch.zeros(1, 4))).parts] == ["first", "last"]


def test_every_code_of_an_error_is_listed_under_its_exit_code() -> None:
    raised = {(found.exit_code, found.code) for found in errors.all_raised()}
    assert (2, "config.unknown_key") in raised and (3, "data.missing_column") in raised
    listed = errors.codes()
    assert all(f"| `{code}` |" in listed for _, code in raised)


def test_the_pictures_of_the_protocol_show_each_verdict_and_fewer_false_winners() -> None:
    assert {verdict.verdict for verdict in pictures.verdicts().values()} == set(WORDS)
    welch, crossed = pictures.false_winners()
    assert crossed <= 3 < welch


def test_a_part_of_another_page_is_found_by_its_heading_or_its_first_words() -> None:
    text = "## A\n\none\n\n## B\n\n**C**: two\n\nthree\n\n**D** four\n"
    assert section(text, "A") == "one"
    assert section(text, "C") == "**C**: two\n\nthree"
    with pytest.raises(ValueError, match="called E expected"):
        section(text, "E")


def test_links_of_a_part_are_those_of_the_page_that_it_was_written_in() -> None:
    put_in = assembled("<!-- include README.md: How the verdict is reached -->", "add/model.md")
    assert "](../protocol.md)" in put_in and "](../results/statistics.md)" in put_in
