"""What the tests of the experiments share: small runs in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from withstand.cli import main

TINY = ["model=small_cnn", "model.args.channels=[8,8,8,8]", "threads=1", "device=cpu"]
"""A network that learns nothing and is done at once."""

SHAPES = [
    *TINY,
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "dataset.n_train=60",
    "dataset.n_test=20",
]
"""The same on a few drawn images."""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that the words end in."""
    capsys.readouterr()
    assert main(list(words)) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("error: ") and "\n" not in told
    return told
