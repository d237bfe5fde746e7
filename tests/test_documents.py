"""What the documents say of the code is so."""

import re
from pathlib import Path

import yaml

from withstand import __version__
from withstand.config.schema import keys
from withstand.session import reference

ROOT = Path(__file__).resolve().parents[1]


def test_the_citation_names_this_version_the_study_and_the_benchmarks() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert cited["version"] == __version__ and f"version = {{{__version__}}}" in readme
    assert {one["type"] for one in cited["references"]} == {"software", "conference-paper"}
    for address in (
        "github.com/daisy-sooyeon/DSBA-study",
        "arxiv.org/abs/1903.12261",
        "arxiv.org/abs/2006.09994",
    ):
        assert address in readme and any(address in str(one) for one in cited["references"])


def test_every_decision_has_its_number_and_every_link_a_page() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    for page in pages:
        title = page.read_text(encoding="utf-8").splitlines()[0]
        assert title.startswith(f"# {int(page.name[:4])}. "), page.name
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_page_of_settings_is_of_these_settings_and_each_has_a_meaning() -> None:
    said, page = reference._comments(), reference.page()
    listed = [key for key in keys() if f"\n| `{key}` |" in page]
    assert len(listed) > 100 and [key for key in listed if not reference.meaning(key, said)] == []
    kept = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert kept == page, "make it again: python -m withstand.session.reference > docs/settings.md"
