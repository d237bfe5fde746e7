"""One picture of all cells, whose rows are what `corrupt` gives."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.corruptions.conftest import drawn

from withstand.cli import main
from withstand.corruptions import corrupt
from withstand.report import contact_sheet


def test_experiment_writes_a_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = [
        "dataset=shapes",
        "dataset.n_train=2",
        "dataset.n_test=2",
        "shift.corruptions=[fog,contrast,snow]",
    ]
    assert main(["experiment=contact_sheet", *words]) == 0
    with Image.open(tmp_path / "reports" / "shapes" / "contact_sheet.png") as sheet:
        assert sheet.format == "PNG" and sheet.width > 800


@pytest.mark.parametrize("size", [32, 100])
def test_cells_stand_in_their_places(size: int) -> None:
    image = drawn(1, size=size)
    cells = {
        "contrast": np.concatenate([corrupt(image, "contrast", s) for s in (1, 5)]),
        "fog": np.repeat(image, 2, 0),
    }
    sheet = np.asarray(contact_sheet.draw(image[0], cells, (1, 5)))
    left, top, step = contact_sheet._SIDE, contact_sheet._HEAD, contact_sheet._CELL + contact_sheet._GAP
    for column, want in enumerate([image[0], *cells["contrast"]]):
        shown = sheet[top : top + contact_sheet._CELL, left + column * step :][:, : contact_sheet._CELL]
        assert (shown == np.asarray(contact_sheet._fitted(want))).all()
    assert (np.unique(sheet[:, : contact_sheet._SIDE]) < 128).any()  # the name is written
