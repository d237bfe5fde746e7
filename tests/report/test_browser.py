"""The report in a real browser: nothing on the console, nothing from the network, and the numbers of the CSV."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.report.browser import Page, browsing, find

CHROMIUM = find()
pytestmark = [
    pytest.mark.xdist_group("page"),  # which takes long to make
    pytest.mark.skipif(os.name != "posix", reason="Chromium is driven over inherited file descriptors"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

SIZES = {"desk": (1280, 860), "tablet": (820, 1180), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    assert CHROMIUM is not None
    with browsing(CHROMIUM) as page:
        yield page


@pytest.fixture
def tab(browser: Page) -> Page:
    browser.console.clear()
    browser.requests.clear()
    return browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_silent_offline_and_nothing_cut_off(tab: Page, page: Path, size: str, scheme: str) -> None:
    tab.look(*SIZES[size], scheme)
    tab.open(page)
    assert tab.console == []
    assert tab.requests == [page.resolve().as_uri()]
    assert tab.run("document.documentElement.scrollWidth - innerWidth") <= 0
    # A table wider than the window scrolls in its own place.
    assert tab.run("[...document.querySelectorAll('.scroll')].every(box => box.clientWidth <= innerWidth)")
    assert tab.run("[...document.images].every(image => image.naturalWidth > 0)")


def test_the_theme_follows_the_reader(tab: Page, page: Path) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        tab.look(*SIZES["desk"], scheme)
        tab.open(page)
        seen[scheme] = tab.run(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('figure svg text')).fill]"
        )
    assert seen["light"][0] == "rgb(255, 255, 255)"
    assert all(light != dark for light, dark in zip(*seen.values(), strict=True))


def test_every_number_in_the_page_is_the_one_in_the_csv(tab: Page, page: Path) -> None:
    tab.open(page)
    files = [path for path in (page.parent / "tables").glob("*.csv") if path.stem != "conditions"]
    assert len(files) >= 8
    compared = 0
    for path in files:
        with path.open(newline="") as file:
            rows = [list(row.items())[1:] for row in csv.DictReader(file)]
        wanted = [[value for key, value in row if not key.endswith(("_low", "_high"))] for row in rows]
        shown = tab.run(
            f"[...document.querySelectorAll('[aria-labelledby=\"table-{path.stem}\"] tbody tr')]"
            ".map(row => [...row.cells].map(cell => [...cell.childNodes]"
            ".filter(node => node.nodeName !== 'SMALL').map(node => node.textContent).join('').trim()))"
        )
        assert len(shown) == len(wanted)
        for cells, values in zip(shown, wanted, strict=True):
            assert len(cells) == len(values)
            compared += sum(_same(cell, value) for cell, value in zip(cells, values, strict=True))
    assert compared > 200


def test_an_error_and_a_request_are_noticed(tab: Page, page: Path, tmp_path: Path) -> None:
    """The tests above would fail if there were something to find."""
    broken = tmp_path / "broken.html"
    planted = '<img src="http://withstand.invalid/one.png"><script>console.error("planted"); missing()</script></body>'
    text = re.sub(
        "<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8")
    )  # which would let in neither
    broken.write_text(text.replace("</body>", planted))
    tab.open(broken)
    assert "http://withstand.invalid/one.png" in tab.requests
    said = " ".join(tab.console)
    assert "planted" in said
    assert "missing is not defined" in said


def _same(cell: str, value: str) -> bool:
    """Assert that a cell shows the value of the CSV to the digits that it shows; True where that is a number."""
    try:
        number = float(value)
    except ValueError:
        assert cell.removesuffix(" *") in (value or "–", "published")
        return False
    if cell.startswith("<"):  # a p-value
        assert number < float(cell.removeprefix("<"))
        return True
    plain = cell.replace(",", "").replace("−", "-").replace("+", "")
    digits = len(plain.partition(".")[2]) if "e" not in plain else 20
    assert float(plain) == pytest.approx(number, abs=0.5000001 * 10.0**-digits)
    return True
