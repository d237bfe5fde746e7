"""What a training leaves behind, where it cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from withstand.base.errors import UserError
from withstand.results.folder import RunFolder
from withstand.training.progress import Progress


def test_a_full_disk_is_one_line_whoever_notices_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's own writer says so by a RuntimeError."""

    def full(content: object, place: object) -> None:
        raise RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0\nand more")

    monkeypatch.setattr(torch, "save", full)
    state = Progress(1, {}, {}, [{"epoch": 1, "val_top1": 0.5}])
    with pytest.raises(
        UserError, match=r"cannot write .*best_model.*unexpected pos 64 vs 0 and more; free the disk"
    ):
        state.save(RunFolder(tmp_path))
    assert not list(tmp_path.iterdir())
