"""Frost with the published photographs, with ours where those are absent, with neither where they are altered."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.corruptions.conftest import drawn, need_textures

from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.corruptions import SEVERITIES, corrupt, frost, ice
from withstand.images.imageset import ImageSet
from withstand.results.conditions import Condition
from withstand.shifts.corruption.shift import Corruption


def forget() -> None:
    frost.sheets.cache_clear()
    frost._scaled.cache_clear()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No wheel, no data/frost."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(frost.FOLDER, raising=False)
    monkeypatch.setattr(frost.metadata, "files", lambda name: None)
    forget()
    yield tmp_path
    forget()


def shift(images: np.ndarray, *words: str) -> Corruption:
    config = compose(["dataset=shapes", *words])
    labels = np.arange(len(images))
    test = ImageSet(images, labels, labels, tuple(map(str, labels)))
    return Corruption.of(config.shift, "shapes", test)


def test_without_photographs_the_ice_is_drawn_and_the_record_says_so(nowhere: Path) -> None:
    assert frost.drawn() == ice.DRAWN
    images = drawn(3)
    made = [corrupt(images, "frost", severity) for severity in SEVERITIES]
    assert len({one.tobytes() for one in made}) == 5
    shown = shift(images)
    assert len(shown.corruptions) == 19 and len(shown.conditions()) == 95
    assert ice.DRAWN in shown.source
    assert shown.notes == (
        f"frost's ice is drawn, its published photographs are not here; get them with: {frost.COMMAND}",
    )
    facts = shown.facts(Condition("corruption", "frost", 1))
    assert facts["frost"] == ice.DRAWN
    assert facts == shown.facts(Condition("corruption", "fog", 1)) | {"frost": ice.DRAWN}
    assert shift(images, "shift.corruptions=[fog]").notes == ()


def test_with_photographs_nothing_is_said(golden: dict[str, np.ndarray]) -> None:
    need_textures("frost")
    shown = shift(drawn(3))
    assert shown.notes == () and "frost" not in shown.source
    assert "frost" not in shown.facts(Condition("corruption", "frost", 1))


@pytest.mark.parametrize(
    "fill", [lambda folder: None, lambda folder: (folder / "frost1.png").write_bytes(b"")]
)
def test_a_folder_that_is_named_must_hold_them(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, fill: Callable[[Path], object]
) -> None:
    monkeypatch.setenv(frost.FOLDER, str(nowhere))
    fill(nowhere)
    with pytest.raises(
        UserError, match=r"needs the texture frost\d.png, .* get all of them with: pip install"
    ):
        corrupt(drawn(2), "frost", 1)


def test_another_picture_is_never_taken_for_a_texture(nowhere: Path) -> None:
    folder = nowhere / "data" / "frost"
    folder.mkdir(parents=True)
    for name in frost.TEXTURES:
        (folder / name).write_bytes(b"a picture of something else")
    with pytest.raises(UserError, match="is not the published frost texture"):
        corrupt(drawn(2), "frost", 1)


def test_the_drawn_sheets_have_the_colours_of_the_photographs() -> None:
    need_textures("frost")
    for ours, theirs in zip(ice.sheets(), frost.sheets(), strict=True):
        assert ours.dtype == np.uint8 and min(ours.shape[:2]) > 300
        np.testing.assert_allclose(ours.mean((0, 1)), theirs.mean((0, 1)), atol=1.5)
        np.testing.assert_allclose(ours.std((0, 1)), theirs.std((0, 1)), atol=3)


def test_the_sheets_are_always_the_same() -> None:
    first = ice.sheets()
    ice.sheets.cache_clear()
    assert all((one == other).all() for one, other in zip(first, ice.sheets(), strict=True))
    assert not (first[1] == first[2]).all()
