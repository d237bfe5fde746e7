"""Exploring the page in a real browser: sort, filter, pick, values under the pointer, links that reopen a view."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.report.browser import Page, browsing, find

from withstand.report import script

CHROMIUM = find()
pytestmark = [
    pytest.mark.xdist_group("page"),  # which takes long to make
    pytest.mark.skipif(os.name != "posix", reason="Chromium is driven over inherited file descriptors"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

FIRST = (
    "[...document.querySelectorAll('[aria-labelledby=table-corruptions] tbody tr:not([hidden])')]"
    ".map(row => row.cells[0].textContent.trim())"
)
HEAD = "document.querySelectorAll('[aria-labelledby=table-corruptions] thead th')"
TIP = "(tip => tip.hidden ? '' : tip.textContent)(document.querySelector('.tip'))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    assert CHROMIUM is not None
    with browsing(CHROMIUM) as page:
        page.look(1280, 860)
        yield page


@pytest.fixture
def tab(browser: Page, page: Path) -> Iterator[Page]:
    """The page without a view; in the end nothing on the console and nothing from the network."""
    browser.console.clear()
    browser.requests.clear()
    browser.open(page)
    yield browser
    assert browser.console == []
    assert {one.partition("#")[0] for one in browser.requests} == {page.resolve().as_uri()}


def reopened(tab: Page, page: Path) -> None:
    """Open the address that the page has now, from another page."""
    there = tab.run("location.href")
    tab.visit("about:blank")
    tab.visit(there)


def values(tab: Page, column: int) -> list[float]:
    cells = tab.run(
        "[...document.querySelectorAll('[aria-labelledby=table-corruptions] tbody tr')]"
        f".map(row => row.cells[{column}].firstChild.textContent)"
    )
    return [float(cell.replace("−", "-")) for cell in cells]


def test_a_heading_sorts_by_click_and_by_keyboard(tab: Page, page: Path) -> None:
    before = values(tab, 2)
    tab.run(f"{HEAD}[2].querySelector('button').click()")
    assert tab.run(f"{HEAD}[2].getAttribute('aria-sort')") == "descending"
    assert values(tab, 2) == sorted(before, reverse=True) != before
    tab.run(f"{HEAD}[2].querySelector('button').focus()")
    tab.press("Enter")
    assert tab.run(f"{HEAD}[2].getAttribute('aria-sort')") == "ascending"
    assert values(tab, 2) == sorted(before)
    tab.press("Enter")
    assert tab.run(f"{HEAD}[2].hasAttribute('aria-sort')") is False
    assert values(tab, 2) == before


def test_a_filter_and_a_sort_stand_in_the_address_and_come_back(tab: Page, page: Path) -> None:
    everything = tab.run(FIRST)
    tab.run(f"{HEAD}[0].querySelector('button').click()")
    tab.run(
        "(field => { field.value = 'BLUR'; field.dispatchEvent(new Event('input')) })"
        "(document.querySelector('[aria-label^=\"Filter the rows of: Top-1 by corruption\"]'))"
    )
    wanted = sorted(name for name in everything if "blur" in name)
    assert tab.run(FIRST) == wanted
    assert len(wanted) >= 4
    assert tab.run("document.querySelector('#table-corruptions ~ .find .found, .found').textContent")
    reopened(tab, page)
    assert tab.run(FIRST) == wanted
    assert tab.run(f"{HEAD}[0].getAttribute('aria-sort')") == "ascending"


def test_models_and_corruptions_that_are_not_picked_go_everywhere(tab: Page, page: Path) -> None:
    shown = (
        "(all => all.filter(one => one.getClientRects().length).length)([...document.querySelectorAll('{}')])"
    )
    mine, fog = '[data-model~="1"]', '[data-shift="fog"]'
    assert tab.run(shown.format("svg " + mine)) > 10
    assert tab.run(shown.format("td" + mine)) > 20
    assert tab.run(shown.format("tr" + mine)) > 3
    assert tab.run(shown.format("svg " + fog)) > 4
    tab.run("document.querySelector('input[value=\"1\"]').click()")
    tab.run("document.querySelector('input[value=fog]').click()")
    assert tab.run(shown.format(mine)) == tab.run(shown.format(fog)) == 0
    assert tab.run(shown.format('[data-model="0"]')) > 20
    said = "document.querySelector('.explore .shown').textContent"
    assert tab.run(said).startswith("Shown: 1 of 2 models, 18 of 19 corruptions")
    assert "hide-model=small_vit" in tab.run("document.querySelector('.explore .view').href")
    reopened(tab, page)
    assert tab.run(shown.format(mine)) == tab.run(shown.format(fog)) == 0
    assert tab.run("document.querySelector('input[value=fog]').checked") is False
    tab.run("document.querySelector('.explore .all').click()")
    assert tab.run(shown.format(mine)) > 30
    assert tab.run(said) == ""


def test_the_pointer_and_the_arrows_read_values(tab: Page, page: Path) -> None:
    tab.run("document.querySelector('#severity svg').scrollIntoView({block: 'center', behavior: 'instant'})")
    tab.settle()  # scrolling puts a tip away
    place = (
        "(at => [at.x + at.width / 2, at.y + at.height / 2])"
        "([...document.querySelectorAll('#severity svg [data-model] use')].map(one => one.getBoundingClientRect())"
        ".find(at => at.width < 20))"  # a mark, not a band
    )
    x, y = tab.run(place)
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + 3, y=y - 2)
    tab.settle()
    assert re.fullmatch(r"small_\w+, clean: \d+\.\d% \(\d+\.\d to \d+\.\d\)", tab.run(TIP))
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
    tab.settle()
    assert tab.run(TIP) == ""
    tab.run("document.querySelector('#corruptions svg').focus({focusVisible: true})")
    assert "Arrow keys" in tab.run(TIP)
    tab.press("ArrowRight")
    first = tab.run(TIP)
    tab.press("ArrowRight")
    assert re.fullmatch(r"small_\w+, [\w ]+, severity 1: \d+\.\d%", first)
    assert tab.run(TIP).startswith(first.partition(":")[0].replace("severity 1", "severity 2"))
    tab.press("Escape")
    assert tab.run(TIP) == ""


def test_photographs_are_chosen_by_what_was_said(tab: Page, page: Path) -> None:
    tab.run("document.getElementById('losses').closest('details').open = true")
    shown = (
        "[...document.querySelectorAll('#losses li:not([hidden])')].map(one => JSON.parse(one.dataset.facts))"
    )
    everything = tab.run(shown)
    assert 12 <= len(everything) <= 48
    pick = (
        "(list => {{ list.value = '{1}'; list.dispatchEvent(new Event('change')) }})"
        "([...document.querySelectorAll('#losses label')].find(one => one.textContent.startsWith('{0}'))"
        ".querySelector('select'))"
    )
    tab.run(pick.format("lost by", "small_vit"))
    tab.run(pick.format("right for", "small_cnn"))
    apart = [one for one in everything if "small_vit" in one["lost by"] and "small_cnn" in one["right for"]]
    assert 0 < len(apart) == len(tab.run(shown)) < len(everything)
    tab.run(pick.format("order", "most confident mistake"))
    ranks = tab.run(
        "[...document.querySelectorAll('#losses li:not([hidden])')]"
        ".map(one => JSON.parse(one.dataset.order)['most confident mistake'])"
    )
    assert ranks == sorted(ranks, reverse=True)
    reopened(tab, page)
    assert len(tab.run(shown)) == len(apart)


def test_a_link_to_a_section_keeps_the_view(tab: Page, page: Path) -> None:
    tab.run("document.querySelector('input[value=fog]').click()")
    tab.run("document.querySelector('nav a[href=\"#severity\"]').click()")
    tab.settle()
    assert tab.run("location.hash") == "#hide-shift=fog&at=severity"
    top = "document.getElementById('severity').getBoundingClientRect().top"
    reopened(tab, page)
    for _ in range(60):  # a browser scrolls when it has the time
        if tab.run(top) <= 120:
            break
        tab.settle()
    assert -5 <= tab.run(top) <= 120
    assert tab.run("document.querySelector('input[value=fog]').checked") is False


def test_the_keyboard_reaches_everything_and_focus_is_seen(tab: Page, page: Path) -> None:
    seen = []
    for _ in range(24):
        tab.press("Tab")
        what, outlined = tab.run(
            "(on => [`${on.localName}.${on.className.baseVal ?? on.className}`, getComputedStyle(on).outlineStyle])"
            "(document.activeElement)"
        )
        seen.append(what)
        assert outlined != "none", what
    assert seen[0] == "a.skip"
    assert {"summary.", "a.", "button.sort"} <= set(seen)
    named = (
        "[...document.querySelectorAll('button, input, select, summary, a, svg[tabindex]')]"
        ".filter(one => !(one.ariaLabel || one.textContent.trim() || one.closest('label')))"
    )
    assert tab.run(f"{named}.length") == 0


def test_without_the_script_all_is_there(tab: Page, page: Path, tmp_path: Path) -> None:
    """As where scripts are switched off: the policy lets in none."""
    plain = tmp_path / "plain.html"
    text = re.sub("script-src '[^']*'", "script-src 'none'", page.read_text(encoding="utf-8"))
    plain.write_text(text, encoding="utf-8")
    tab.open(plain)
    assert tab.run("document.querySelectorAll('.sort, .find, .tip, .choose').length") == 0
    assert tab.run("document.querySelector('.explore').hidden") is True
    assert tab.run("document.querySelectorAll('tbody tr').length") > 50
    assert tab.run("document.querySelectorAll('svg title').length") > 200  # which browsers show by themselves
    assert any("Content Security Policy" in said for said in tab.console)
    tab.console.clear()
    tab.requests.clear()
    tab.open(page)


def test_the_page_lets_in_nothing_but_its_own_script(tab: Page, page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert f"script-src '{script.read().digest}'" in text
    assert len(script.read().text) < 25_000
    planted = tmp_path / "planted.html"
    planted.write_text(text.replace("</body>", "<script>document.title = 'planted'</script></body>"))
    tab.open(planted)
    assert tab.run("document.title") != "planted"
    assert any("Content Security Policy" in said for said in tab.console)
    tab.console.clear()
    tab.requests.clear()
    tab.open(page)


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_no_width_scrolls_sideways_whatever_is_picked(tab: Page, page: Path, width: int) -> None:
    tab.look(width, 860)
    tab.open(page)
    tab.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert tab.run("document.documentElement.scrollWidth - innerWidth") <= 0
    tab.look(1280, 860)


def test_accessible_by_axe(tab: Page, page: Path) -> None:
    """With ``WITHSTAND_AXE``, the path of axe-core's ``axe.min.js``, which is not part of this checkout."""
    axe = os.environ.get("WITHSTAND_AXE")
    if not axe:
        pytest.skip("needs axe-core: npm pack axe-core, and WITHSTAND_AXE=…/axe.min.js")
    tab.run(Path(axe).read_text(encoding="utf-8") + "; 0")
    for scheme in ("light", "dark"):
        tab.look(1280, 860, scheme)
        found = tab.run(
            "axe.run(document, {resultTypes: ['violations']}).then(all => all.violations.map(one =>"
            " [one.impact, one.id, one.nodes.length, one.nodes[0].html.slice(0, 200), one.nodes[0].failureSummary]))"
        )
        assert [one for one in found if one[0] in ("serious", "critical")] == []
    tab.look(1280, 860)
