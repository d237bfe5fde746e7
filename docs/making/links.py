"""Whether every link within the built site leads somewhere: `python docs/making/links.py site`. Nothing is fetched.

Addresses outside are listed, for a person to try.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LEADS = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "srcset"}


@dataclass
class Page(HTMLParser):
    """What a page can be entered by, and where its links lead."""

    anchors: set[str] = field(default_factory=set)
    leads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect ids and addresses."""
        said = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := said.get(key))}
        if lead := said.get(_LEADS.get(tag, "")):
            self.leads.append(lead)


def read(site: Path) -> dict[Path, Page]:
    """Every page of the site."""
    pages = {}
    for file in sorted(site.rglob("*.html")):
        pages[file] = page = Page()
        page.feed(file.read_text(encoding="utf-8"))
    return pages


def broken(site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """A line for each link that leads nowhere, or out of the site by the file system."""
    for file, page in pages.items():
        for lead in page.leads:
            address = urlsplit(lead)
            if address.scheme or address.netloc:
                continue
            place = (file.parent / unquote(address.path)).resolve() if address.path else file
            where = f"{file.relative_to(site)}: {lead}"
            if not place.is_relative_to(site):
                yield f"{where} leads out of the site"
            elif not place.is_file():
                yield f"{where} leads to no file"
            elif (
                address.fragment
                and place in pages
                and unquote(address.fragment) not in pages[place].anchors | {"top"}
            ):
                yield f"{where} leads to no part of the page"


def outside(pages: dict[Path, Page]) -> list[str]:
    """The addresses elsewhere, each once."""
    return sorted({lead for page in pages.values() for lead in page.leads if urlsplit(lead).netloc})


def main(site: Path) -> int:
    """Print what does not hold; 1 where something does not."""
    site = site.resolve()
    pages = read(site)
    wrong, addresses = list(broken(site, pages)), outside(pages)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(
        f"{len(pages)} pages, {sum(len(page.leads) for page in pages.values()):,} links, {len(wrong)} broken"
    )
    print(f"outside, not tried: {len(addresses)} addresses", *addresses, sep="\n  ")
    return int(bool(wrong) or not pages)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
