"""`experiment=corrupt`: the layout it writes, that it goes on where it stopped, and that evaluation reads it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from withstand import datasets
from withstand.base.errors import UserError
from withstand.cli import main
from withstand.config.composing import compose
from withstand.corruptions import corrupt, frost
from withstand.datasets import cifar10
from withstand.results.conditions import Condition
from withstand.shifts.corruption import official
from withstand.shifts.corruption.published import Official
from withstand.shifts.corruption.shift import Corruption
from withstand.shifts.corruption.sources import Made, Written

WORDS = [
    "dataset=shapes",
    "dataset.n_train=10",
    "dataset.n_test=12",
    "shift.corruptions=[contrast,fog,shot_noise]",
    "seed=3",
]


def write(*words: str) -> Path:
    assert main(["experiment=corrupt", *WORDS, *words]) == 0
    return Path("data/shapes-corrupted")


def shift(*words: str) -> Corruption:
    config = compose([*WORDS, *words])
    return Corruption.of(config.shift, config.dataset.name, datasets.load(config).test)


def test_files_are_in_the_published_layout(there: Path) -> None:
    folder = write()
    test = datasets.load(compose(WORDS)).test
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "contrast.npy",
        "fog.npy",
        "shot_noise.npy",
        "labels.npy",
        "ids.npy",
        "clean.npy",
        "manifest.json",
    }
    labels = np.load(folder / "labels.npy")
    assert labels.dtype == np.uint8 and (labels == np.tile(test.labels, 5)).all()
    for name in ("contrast", "fog", "shot_noise"):
        images = np.load(folder / f"{name}.npy")
        assert images.shape == (60, 32, 32, 3) and images.dtype == np.uint8
        for severity in range(1, 6):
            block = images[(severity - 1) * 12 : severity * 12]
            assert (block == corrupt(test.images, name, severity, seed=3, ids=test.ids)).all()


def test_manifest_says_how_they_were_made(there: Path) -> None:
    folder = write()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "not the published files" in manifest["about"]
    assert manifest["recipe"]["seed"] == 3 and manifest["recipe"]["preset"] == "cifar"
    assert manifest["recipe"]["n"] == 12 and manifest["recipe"]["version"]
    assert manifest["constants"]["contrast"] == [{"keep": keep} for keep in (0.75, 0.5, 0.4, 0.3, 0.15)]
    assert set(manifest["files"]) == {path.name for path in folder.glob("*.npy")}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_second_run_writes_only_what_is_not_whole(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write()
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.npy")}
    (folder / "fog.npy").unlink()
    cut = folder / "contrast.npy"
    cut.write_bytes(cut.read_bytes()[:-1] + b"\0")
    (folder / "labels.npy").write_bytes(b"")
    capsys.readouterr()
    write()
    assert "1 done" in capsys.readouterr().out
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.npy")}
    assert {n: content for n, (content, _) in after.items()} == {n: c for n, (c, _) in before.items()}
    assert after["shot_noise.npy"] == before["shot_noise.npy"]


def test_small_blocks_make_the_same_files(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write()
    whole = (folder / "fog.npy").read_bytes()
    from withstand.shifts.corruption import writing as experiment

    monkeypatch.setattr(experiment, "_AT_ONCE", 5 * 32 * 32 * 3)
    write("overwrite=true")
    assert (folder / "fog.npy").read_bytes() == whole


@pytest.mark.parametrize(
    ("word", "said"),
    [("seed=4", "seed 3"), ("dataset.test_limit=5", "n 12"), ("shift.severities=[1]", "severities")],
)
def test_other_settings_do_not_mix(
    there: Path, capsys: pytest.CaptureFixture[str], word: str, said: str
) -> None:
    folder = write()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["experiment=corrupt", *WORDS, word]) == 2
    error = capsys.readouterr().err
    assert said in error and "overwrite=true" in error
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert main(["experiment=corrupt", *WORDS, word, "overwrite=true"]) == 0


def test_files_of_others_are_left_alone(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = there / "CIFAR-10-C"
    folder.mkdir()
    np.save(folder / "labels.npy", np.zeros(5, np.uint8))
    assert main(["experiment=corrupt", *WORDS, f"shift.written={folder}", "overwrite=true"]) == 2
    assert "withstand did not write" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["labels.npy"]


def test_evaluation_reads_what_was_written_as_if_it_were_made(there: Path) -> None:
    write()
    read, made = shift(), shift("shift.source=made")
    assert isinstance(read.origin, Written) and isinstance(made.origin, Made)
    for condition in read.conditions():
        assert read.facts(condition) == made.facts(condition)
        assert read.digest(condition) == made.digest(condition)
        ours, fresh = read.images(condition).images(), made.images(condition).images()
        assert (ours.images == fresh.images).all() and (ours.ids == fresh.ids).all()
    assert "not the published files" in read.source and "seed 3" in read.source


def test_a_part_of_the_images_is_read_too(there: Path) -> None:
    write()
    read, made = shift("dataset.test_limit=5"), shift("dataset.test_limit=5", "shift.source=made")
    assert isinstance(read.origin, Written)
    condition = read.conditions()[-1]
    assert len(read.images(condition)) == 5
    ours, fresh = (one.images(condition).images() for one in (read, made))
    assert (ours.images == fresh.images).all()


@pytest.mark.parametrize("word", ["shift.seed=4", "seed=4", "dataset.n_test=13", "shift.corruptions=[snow]"])
def test_what_does_not_fit_is_not_read(there: Path, capsys: pytest.CaptureFixture[str], word: str) -> None:
    write()
    assert isinstance(shift(word).origin, Made)
    assert "is not read" in capsys.readouterr().out
    if word != "shift.seed=4":
        config = compose([*WORDS, word, "shift.source=written"])
        with pytest.raises(Exception, match="experiment=corrupt"):
            Corruption.of(config.shift, "shapes", datasets.load(config).test)
    else:  # asked for by name, the files are what counts, and the record says their seed
        assert "seed 3" in shift(word, "shift.source=written").source


def reversed_in_place(file: Path) -> None:
    images = np.load(file, mmap_mode="r+")
    images[:] = images[::-1].copy()
    images.flush()


@pytest.mark.parametrize("name", ["fog", "labels", "ids", "clean"])
def test_a_file_that_was_altered_is_not_believed(
    there: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Its cells would be stored under the key of the right images, and used for ever."""
    file = write() / f"{name}.npy"
    reversed_in_place(file)
    assert isinstance(shift().origin, Made)
    assert f"{name}.npy is not what was written" in capsys.readouterr().out
    with pytest.raises(UserError, match=rf"{name}\.npy is not what was written"):
        shift("shift.source=written")


def test_a_file_that_is_altered_while_it_is_read_is_noticed(there: Path) -> None:
    folder, read = write(), shift()
    reversed_in_place(folder / "fog.npy")
    conditions = {str(condition): condition for condition in read.conditions()}
    read.images(conditions["corruption-contrast-1"])
    with pytest.raises(UserError, match=r"fog\.npy is not what was written"):
        read.images(conditions["corruption-fog-3"])


@pytest.mark.parametrize("limit", [[], ["dataset.test_limit=5"]])
def test_other_images_of_the_same_names_are_other_images(
    there: Path, monkeypatch: pytest.MonkeyPatch, limit: list[str]
) -> None:
    """Ids and labels are those of file names: two folders may share them all."""
    write()
    config = compose([*WORDS, *limit])
    test = datasets.load(config).test
    assert isinstance(Corruption.of(config.shift, "shapes", test).origin, Written)
    one = test.images.copy()
    one[-1] ^= 1
    assert isinstance(Corruption.of(config.shift, "shapes", replace(test, images=one)).origin, Made)


def test_a_folder_of_an_earlier_version_is_read_whole_and_completed(there: Path) -> None:
    folder = write()
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "clean.npy").unlink()
    del content["files"]["clean.npy"]
    (folder / "manifest.json").write_text(json.dumps(content))
    assert isinstance(shift().origin, Written)
    assert isinstance(shift("dataset.test_limit=5").origin, Made), "which images these are is not on record"
    before = (folder / "fog.npy").stat().st_mtime_ns
    write()
    assert isinstance(shift("dataset.test_limit=5").origin, Written)
    assert (folder / "fog.npy").stat().st_mtime_ns == before


def test_drawn_frost_is_marked_in_the_folder_and_made_again_once_the_photographs_are_here(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["shift.corruptions=[fog,frost]", "shift.severities=[1]"]
    monkeypatch.setattr(frost, "drawn", lambda: "drawn")
    write(*words)
    assert isinstance(shift(*words).origin, Written)
    frosty = Condition("corruption", "frost", 1)
    assert shift(*words).facts(frosty)["frost"] == "drawn"
    monkeypatch.setattr(frost, "drawn", lambda: "")
    assert isinstance(shift(*words).origin, Made), "the photographs' frost is asked for"
    assert shift(*words, "shift.source=written").facts(frosty)["frost"] == "drawn"
    folder = there / "data" / "shapes-corrupted"
    before = (folder / "fog.npy").stat().st_mtime_ns, (folder / "frost.npy").stat().st_mtime_ns
    write(*words)
    assert (folder / "fog.npy").stat().st_mtime_ns == before[0] != (folder / "frost.npy").stat().st_mtime_ns
    assert isinstance(shift(*words).origin, Written) and "frost" not in shift(*words).facts(frosty)


def test_ours_are_never_taken_for_the_published(there: Path) -> None:
    folder = write()
    read = shift(f"shift.folder={folder}", "shift.source=official")
    assert isinstance(read.origin, Written) and read.origin.facts()["corruptions"] != "official"


def test_files_in_the_layout_that_are_not_the_published_ones_are_told_apart(there: Path) -> None:
    config = compose(WORDS)
    test = replace(datasets.load(config).test, classes=cifar10.CLASSES)
    published, other = (Official(there, test, altered) for altered in ({}, {"fog.npy": "0123"}))
    assert "official" in published.words and published.facts() == {"corruptions": "official"}
    assert "not the published ones by their MD5 (fog.npy)" in other.words
    assert other.facts() != published.facts()
    hundred = replace(other, test=replace(test, classes=(*cifar10.CLASSES[:9], "road")))
    assert "in CIFAR-C's layout" in hundred.words and "CIFAR-10-C" not in hundred.words
    assert hundred.facts("fog", 1) == {"corruptions": {"fog.npy": "0123"}} != hundred.facts("snow", 1)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": 99, "about": "", "recipe": {}}'])
def test_a_damaged_manifest_is_one_clear_line(
    there: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (write() / "manifest.json").write_text(content)
    assert main(["experiment=corrupt", *WORDS]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "manifest.json" in error


def test_labels_of_cifar10_are_the_published_file(real_data: Path, there: Path) -> None:
    words = [
        "dataset=cifar10",
        f"paths.data={real_data}",
        "shift.written=ours",
        "shift.corruptions=[contrast]",
    ]
    assert main(["experiment=corrupt", *words]) == 0
    content = (there / "ours" / "labels.npy").read_bytes()
    assert hashlib.md5(content).hexdigest() == official.MD5["labels"]
