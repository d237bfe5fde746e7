"""A link that leads nowhere is found; nothing is asked of a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs.making import links, outside


def _site(folder: Path, link: str) -> Path:
    (folder / "a").mkdir()
    (folder / "index.html").write_text(f'<h1 id="here">x</h1><a href="{link}">to</a>', encoding="utf-8")
    (folder / "a" / "b é.html").write_text('<p id="part">x</p><img src="../p.png">', encoding="utf-8")
    (folder / "p.png").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    "link",
    [
        "a/b%20%C3%A9.html",
        "a/b%20%C3%A9.html#part",
        "#here",
        "#top",
        "https://example.org/x#y",
        "mailto:a@b.c",
    ],
)
def test_a_link_that_leads_somewhere(tmp_path: Path, link: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert links.main(_site(tmp_path, link)) == 0
    assert ("https://example.org/x#y" in capsys.readouterr().out) == link.startswith("https")


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("c.html", "no file"),
        ("a", "no file"),
        ("#there", "no part"),
        ("a/b%20%C3%A9.html#there", "no part"),
        ("../outside.txt", "out of the site"),
    ],
)
def test_a_link_that_leads_nowhere(
    tmp_path: Path, link: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert links.main(_site(tmp_path, link)) == 1
    assert f"index.html: {link} leads" in (said := capsys.readouterr().out) and why in said


def test_a_site_without_pages_is_none(tmp_path: Path) -> None:
    assert links.main(tmp_path) == 1


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[all](CONTRIBUTING.md#the-map)", "[all](contributing.md#the-map)"),
        ("[page](docs/gate.md#x)", "[page](gate.md#x)"),
        ("[it](docs/decisions)", "`docs/decisions`"),
        ("[code](src/withstand/cli.py)", "[code](../src/withstand/cli.py)"),
        ("[b](benchmarks/README.md)", "`benchmarks/README.md`"),
        ("`[a](docs/gate.md)`", "`[a](docs/gate.md)`"),
        ("[w](https://example.org/docs/)", "[w](https://example.org/docs/)"),
    ],
)
def test_links_of_the_roots_documents_hold_on_the_site(written: str, shown: str) -> None:
    assert outside.rewritten(written, outside.ROOT) == shown
