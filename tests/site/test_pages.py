"""What the pages tell people to type works: commands are composed, and those of the first pages run, snippets too."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.site import stand_ins
from tests.site.commands import DOCS, ROOT, Block, blocks, pages

from withstand.cli import main
from withstand.config.composing import choices, compose
from withstand.datasets.shapes import draw
from withstand.session import usage

pytestmark = pytest.mark.xdist_group("site")  # what they share takes long to make

RUN = ("start", "photographs", "compare", "deployment", "own_shift", "plan", "corruptions")
"""The pages of which every `bash` and `python` block is run; docs/library.md is, as a notebook."""
_INFORM = ("--help", "--cfg")
LOOKED_AT = [
    pytest.param(page, words, id=f"{page.stem} {at}")
    for page in [ROOT / "README.md", *pages()]
    for at, words in enumerate(words for block in blocks(page) for words in block.commands)
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a reader has."""
    folder = tmp_path_factory.mktemp("reader")
    stand_ins.lay_out(folder)
    return folder


@pytest.mark.parametrize(("page", "words"), LOOKED_AT)
def test_a_command_can_be_given(
    page: Path, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _models_of(page, tmp_path / "configs" / "model")
    if words and words[0] in choices("experiment"):
        words = [f"experiment={words[0]}", *words[1:]]
    words = [word for word in words if word not in _INFORM]
    config = compose(words)
    usage.check(config.experiment.name, usage.used_by(config.experiment.name), words)


@pytest.mark.parametrize("name", RUN)
def test_what_a_page_has_people_run_runs(
    name: str, reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(reader, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    drawn = draw(np.arange(8), seed=0)
    known: dict[str, Any] = {"images": drawn.images, "ids": drawn.ids}
    ran = [_run(block, known, f"docs/{name}.md") for block in blocks(DOCS / f"{name}.md")]
    assert any(ran)


def _models_of(page: Path, folder: Path) -> None:
    """The models that a page has its readers write."""
    for block in blocks(page):
        if found := re.search(r"cfg_name: (\w+)", block.text if block.language == "yaml" else ""):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{found[1]}.yaml").write_text(block.text, encoding="utf-8")


def _run(block: Block, known: dict[str, Any], where: str) -> bool:
    if block.language == "python":
        exec(compile(block.text, where, "exec"), known)
    elif block.language == "bash":
        assert block.commands, f"{where}: a bash block without a command of ours: {block.text}"
        for words in block.commands:
            code = main(words)
            assert code in (0, 1, 3) if "experiment=gate" in words else code == 0, (
                f"{where}: {words} ended with {code}"
            )
    return block.language in ("bash", "python")
