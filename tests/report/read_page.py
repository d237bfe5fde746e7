"""A report's HTML page, read back: its words, the numbers of its cards, and the cells of its tables."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


class Page(HTMLParser):
    """What a reader sees.

    Attributes:
        texts: ``h1``, the sentences of the ``verdict``, the names on each ``card``, each ``lead`` and ``finding``.
        cards: the numbers on each card, in their order.
        tables: name → rows → cells: (text, interval).
    """

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {key: [] for key in ("h1", "verdict", "card", "lead", "finding")}
        self.cards: list[list[str]] = []
        self.tables: dict[str, list[list[tuple[str, str]]]] = {}
        self._into: list[str] | None = None
        self._table, self._where, self._skip = "", "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {key: value or "" for key, value in attrs}
        if tag == "svg":
            self._skip += 1
        elif tag == "header" and known.get("class") == "verdict":
            self._where = "verdict"
        elif tag == "li" and known.get("class") == "card":
            self._where = "card"
            self.cards.append([])
        elif known.get("id", "").startswith("table-"):
            self._table = known["id"].removeprefix("table-")
            self.tables[self._table] = []
        elif tag == "dl" and known.get("class") == "findings":
            self._where = "finding"
        elif tag == "tbody":
            self._where = "body"
        elif tag == "tr" and self._where == "body":
            self.tables[self._table].append([])
        self._begin(tag, known.get("class", ""))

    def _begin(self, tag: str, kind: str) -> None:
        if tag == "h1" or (self._where == "verdict" and tag == "p" and kind != "kicker"):
            self._into = self.texts["h1" if tag == "h1" else "verdict"]
            self._into.append("")
        elif tag == "p" and (kind == "lead" or self._where == "finding"):
            self._into = self.texts["lead" if kind == "lead" else "finding"]
            self._into.append("")
        elif self._where == "card" and tag == "h2":
            self._into = self.texts["card"]
            self._into.append("")
        elif self._where == "card" and (tag == "dd" or (tag == "p" and kind == "figure")):
            self._into = self.cards[-1]
            self._into.append("")
        elif self._where == "body" and tag in ("th", "td"):
            self._into = [""]
        elif self._where == "body" and tag == "small" and self._into is not None:
            self._into.append("")

    def handle_data(self, data: str) -> None:
        if self._into is not None and not self._skip:
            self._into[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "svg":
            self._skip -= 1
        elif tag in ("th", "td") and self._where == "body" and self._into is not None:
            text, *interval = (one.strip() for one in self._into)
            self.tables[self._table][-1].append((text, interval[0] if interval else ""))
            self._into = None
        elif tag in ("h1", "h2", "p", "dd") and self._where != "body":
            self._finish()
        elif (tag, self._where) in (("ul", "card"), ("dl", "finding"), ("tbody", "body")):
            self._where = "after"

    def _finish(self) -> None:
        if self._into is self.cards[-1] if self.cards else False:
            # "17.5 (14.0 to 31.5)" is three numbers, and a percent sign is none.
            self._into += re.findall(r"−?[\d.]+", self._into.pop())
        elif self._into is not None:
            self._into[-1] = self._into[-1].strip()
        self._into = None
