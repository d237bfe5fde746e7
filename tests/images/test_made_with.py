"""The versions of what decoded stand with the pixels and with a run, and do not have them decoded again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, features
from PIL import __version__ as pillow

from withstand.images import photographs, picture
from withstand.images.photographs import Photographs, decoded
from withstand.results import provenance


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Image.linear_gradient("L").convert("RGB").resize((24, 16)).save(tmp_path / "a.jpg")
    return tmp_path / "a.jpg"


def decode(file: Path) -> tuple[Photographs, Path]:
    """The pictures, and the record beside them."""
    found = decoded([file], file.parent, 8, file.parent / "cache", "set")
    (record,) = (file.parent / "cache").glob("set.*.json")
    return found, record


def test_a_decoded_set_says_what_decoded_it(file: Path) -> None:
    made = json.loads(decode(file)[1].read_text(encoding="utf-8"))["made_with"]
    assert made == picture.decoders() and made["pillow"] == pillow
    (jpeg,) = made.keys() - {"pillow"}
    assert made[jpeg] == features.version("libjpeg_turbo" if jpeg == "libjpeg-turbo" else "jpg")


@pytest.mark.parametrize("made", [{"pillow": "9.0", "libjpeg-turbo": "1.5"}, {}, None])
def test_a_set_that_another_version_decoded_is_taken_as_it_is(
    file: Path, made: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, record = decode(file)
    said = json.loads(record.read_text(encoding="utf-8")) | {"made_with": made}
    if made is None:  # a record of before the versions were kept
        del said["made_with"]
    record.write_text(json.dumps(said), encoding="utf-8")
    kept = record.read_bytes()
    monkeypatch.setattr(photographs, "_decode", lambda *_: pytest.fail("decoded again"))
    again, _ = decode(file)
    assert again.digest == first.digest and record.read_bytes() == kept


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ({"libjpeg_turbo": "3.1.2", "jpg": "8.0"}, {"libjpeg-turbo": "3.1.2"}),
        ({"jpg": "9.5"}, {"libjpeg": "9.5"}),
        ({}, {"libjpeg": "none"}),
    ],
)
def test_every_build_of_pillow_has_a_word_for_its_jpeg_library(
    versions: dict[str, str], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "version", versions.get)
    assert picture.decoders.__wrapped__() == {"pillow": pillow} | expected


def test_a_run_says_it_too() -> None:
    assert picture.decoders().items() <= provenance.versions().items()
