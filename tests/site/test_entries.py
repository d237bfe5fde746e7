"""Nothing that the code offers is missing on the site, and what is made from the code is as the code has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from docs.making import generated, pictures
from docs.making.formulas import FORMULAS
from PIL import Image
from tests.site.commands import DOCS, ROOT

from withstand import __all__ as offered
from withstand.corruptions import CORRUPTIONS
from withstand.results.metrics import METRICS

MOST = 1_500_000  # bytes of all pictures


def test_every_metric_has_its_formula() -> None:
    assert set(FORMULAS) == set(METRICS.ours), (
        "docs/making/formulas.py has an entry for each metric, and for no other"
    )


@pytest.mark.parametrize("page", [pytest.param(page, id=page.stem) for page in generated.pages()])
def test_what_is_made_of_the_code_is_so(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert generated.renewed(text) == text, "make it again: python docs/making/generated.py"


def test_every_shift_and_corruption_has_a_picture() -> None:
    shifts = {
        yaml.safe_load(file.read_text(encoding="utf-8"))["name"]
        for file in (ROOT / "configs" / "shift").glob("*.yaml")
    }
    page = (DOCS / "shifts.md").read_text(encoding="utf-8")
    assert shifts <= set(pictures.SHIFTS) and all(f"(images/shifts/{name}.png)" in page for name in shifts)
    drawn = {file.relative_to(DOCS / "images").as_posix() for file in (DOCS / "images").rglob("*/*.png")}
    assert drawn == {f"corruptions/{name}.png" for name in CORRUPTIONS} | {
        f"shifts/{name}.png" for name in pictures.SHIFTS
    }
    assert sum((DOCS / "images" / file).stat().st_size for file in drawn) < MOST


@pytest.mark.parametrize(
    "place", ["corruptions/jpeg_compression", "corruptions/frost", "shifts/cue_conflict"]
)
def test_a_picture_is_what_is_drawn(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, name = place.split("/")
    with pictures.without_photographs():
        made = pictures.of_corruption(name) if kind == "corruptions" else pictures.SHIFTS[name]()
    kept = Image.open(DOCS / "images" / f"{place}.png").convert("RGB")
    apart = np.abs(np.asarray(made, int) - np.asarray(kept, int))
    assert apart.mean() < 0.5, "draw them again: python docs/making/pictures.py"


def test_the_reference_has_all_that_the_package_offers() -> None:
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    assert [
        name for name in offered if not any(line.endswith(f".{name}") for line in page.splitlines())
    ] == []


def test_the_names_of_the_reference_are_there() -> None:
    """Sphinx checks that, too, but is not everywhere."""
    from importlib import import_module

    for line in (DOCS / "python.md").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. auto"):
            module, _, name = line.split("::")[1].strip().rpartition(".")
            assert hasattr(import_module(module), name), line
