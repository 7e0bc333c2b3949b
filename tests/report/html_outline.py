"""What the tests want to know of a page, read by the standard library's parser."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "link", "input", "hr"}


@dataclass
class Outline:
    """Facts of a page.

    Attributes:
        headings: Levels in the order of the page.
        ids: Every id with the number of times it occurs.
        anchors: Fragments that links of the page point to.
        addresses: Every value of an attribute that a browser would fetch.
        data: Values of ``<data value=...>`` elements.
        tags: Every element with the number of times it occurs.
        unlabelled: Images and figures without an alternative text, tables in a scroll box without a name.
        nesting_errors: Closing tags that close something else.
        text: Text outside of style elements.
        policy: The content security policy.
    """

    headings: list[int] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    anchors: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    data: list[str] = field(default_factory=list)
    tags: Counter[str] = field(default_factory=Counter)
    event_handlers: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    nesting_errors: list[str] = field(default_factory=list)
    text: str = ""
    policy: str | None = None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Outline()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self._note(tag, {key: value or "" for key, value in attrs})

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, {key: value or "" for key, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.found.nesting_errors.append(f"</{tag}> at line {self.getpos()[0]}")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.found.text += data

    def _note(self, tag: str, attributes: dict[str, str]) -> None:
        found = self.found
        found.tags[tag] += 1
        if tag in ("h1", "h2", "h3", "h4"):
            found.headings.append(int(tag[1]))
        if "id" in attributes:
            found.ids[attributes["id"]] += 1
        if tag == "data":
            found.data += attributes["value"].split()
        if attributes.get("http-equiv") == "Content-Security-Policy":
            found.policy = attributes["content"]
        found.event_handlers += [key for key in attributes if key.startswith("on")]
        self._note_addresses(tag, attributes)
        is_figure = tag == "svg" and attributes.get("aria-hidden") != "true"
        is_named = attributes.get("alt") or attributes.get("aria-label")
        if (tag == "img" or is_figure or attributes.get("role") in ("img", "region")) and not is_named:
            found.unlabelled.append(f"{tag} at line {self.getpos()[0]}")

    def _note_addresses(self, tag: str, attributes: dict[str, str]) -> None:
        for key in ("src", "href", "action", "srcset", "poster", "xlink:href"):
            value = attributes.get(key, "")
            if value.startswith("#"):
                self.found.anchors.add(value[1:])
            elif value:
                self.found.addresses.add(value)


def outline(html: str) -> Outline:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.found.nesting_errors += [f"<{tag}> is never closed" for tag in reader.open]
    return reader.found
