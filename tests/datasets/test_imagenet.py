"""ImageNet in the forms in which people have it, made small by the test, and the photographs that are at hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from withstand.base.errors import UserError
from withstand.config.schema import Config, DatasetConfig
from withstand.datasets import imagenet
from withstand.images.imageset import Dataset

WNIDS = imagenet.CLASSES()
SOME = (WNIDS[0], WNIDS[2], WNIDS[10])  # not 0, 1, 2, so that a place among the found is no number
NAMES = tuple(f"ILSVRC2012_val_{number:08}.JPEG" for number in range(1, 7))
OF = [SOME[2], SOME[0], SOME[1], SOME[0], SOME[2], SOME[1]]  # the class of each, in the order of names


def load(folder: Path, **options: Any) -> Dataset:
    own = {"folder": str(folder), "size": 8} | options
    return imagenet.from_config(Config(dataset=DatasetConfig("imagenet", num_classes=0, options=own)))


def image(file: Path, wnid: str) -> None:
    """Its level of grey is the class's number."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (WNIDS.index(wnid) * 20,) * 3).save(file, "PNG")


def flat(folder: Path) -> Path:
    for name, wnid in zip(NAMES, OF, strict=True):
        image(folder / name, wnid)
    return folder


def right(read: Dataset, classes: tuple[str, ...] = SOME) -> bool:
    """Every image has its own label."""
    shown = read.test.images[:, 4, 4, 0] // 20
    return read.classes == classes and shown.tolist() == [
        WNIDS.index(read.classes[label]) for label in read.test.labels
    ]


def test_folders_of_wnids_alone_or_with_training_images(tmp_path: Path) -> None:
    for wnid in SOME:
        image(tmp_path / "val" / wnid / f"{wnid}.JPEG", wnid)
    (tmp_path / "val" / "README.txt").write_text("no image")
    assert right(load(tmp_path)) and right(load(tmp_path / "val")) and len(load(tmp_path).train) == 0
    for wnid in SOME:
        image(tmp_path / "train" / wnid / f"{wnid}_7.JPEG", wnid)
    image(tmp_path / "test" / "ILSVRC2012_test_00000001.JPEG", WNIDS[5])
    read = load(tmp_path)
    assert right(read) and read.train.labels.tolist() == [0, 1, 2]


def write_truth(place: Path, form: str) -> None:
    numbers = {wnid: 500 - at for at, wnid in enumerate(WNIDS[:20])}  # ILSVRC's own, in no order of ours
    if form == "devkit":
        (place / "ILSVRC2012_validation_ground_truth.txt").write_text(
            "".join(f"{numbers[wnid]}\n" for wnid in OF)
        )
        kinds = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
        rows = [(number, wnid, "words", 0) for wnid, number in numbers.items()]
        rows.append((1001, "n00001740", "above", 3))
        savemat(place / "meta.mat", {"synsets": np.array(rows, kinds)})
    elif form == "kaggle":
        lines = [
            f"{name[:-5]},{wnid} 1 2 3 4 {wnid} 5 6 7 8 \n" for name, wnid in zip(NAMES, OF, strict=True)
        ]
        (place / "LOC_val_solution.csv").write_text("ImageId,PredictionString\n" + "".join(lines[::-1]))
    elif form == "wnid a line":
        (place / "imagenet_2012_validation_synset_labels.txt").write_text("\n".join(OF))
    else:
        said = {"numbers": [str(WNIDS.index(wnid)) for wnid in OF], "wnids": OF}[form]
        (place / "val.txt").write_text(
            "".join(f"{name} {one}\n" for name, one in zip(NAMES, said, strict=True))
        )


@pytest.mark.parametrize("form", ["devkit", "kaggle", "wnid a line", "numbers", "wnids"])
@pytest.mark.parametrize("inside", ["", "val"])
def test_a_flat_folder_has_its_ground_truth_beside_it(tmp_path: Path, form: str, inside: str) -> None:
    flat(tmp_path / inside)
    write_truth(tmp_path, form)
    assert right(load(tmp_path))


def test_the_devkit_may_lie_beside_the_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = flat(tmp_path) / "ILSVRC2012_devkit_t12" / "data"
    place.mkdir(parents=True)
    write_truth(place, "devkit")
    (tmp_path / "notes.txt").write_text("no image")
    assert right(load(tmp_path)) and "skipped 1 .txt" in capsys.readouterr().out


def test_kaggles_folders_are_read_as_they_are(tmp_path: Path) -> None:
    flat(tmp_path / "ILSVRC" / "Data" / "CLS-LOC" / "val")
    write_truth(tmp_path, "kaggle")
    assert right(load(tmp_path)) and right(load(tmp_path / "ILSVRC" / "Data" / "CLS-LOC"))


def test_a_photograph_has_one_id_in_every_form(tmp_path: Path) -> None:
    flat(tmp_path / "flat")
    write_truth(tmp_path / "flat", "numbers")
    for name, wnid in zip(NAMES, OF, strict=True):
        image(tmp_path / "sorted" / "val" / wnid / name, wnid)
        image(tmp_path / "named" / name.replace(".JPEG", f"_{wnid}.JPEG"), wnid)
    found = [load(tmp_path / place) for place in ("flat", "sorted", "named")]
    assert all(right(one) for one in found)
    first, *others = [
        dict(zip(one.test.ids.tolist(), one.test.labels.tolist(), strict=True)) for one in found
    ]
    assert len(first) == 6 and all(one == first for one in others)
    assert len({one.content for one in found}) == 1, "runs on them are runs on the same images"


def test_numbers_are_folders_of_imagenet_v2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (10, 2, 0):
        image(tmp_path / str(number) / "a.jpeg", WNIDS[number])
    assert right(load(tmp_path)) and "in the order of sorted wnids" in capsys.readouterr().out
    image(tmp_path / "1000" / "a.jpeg", WNIDS[0])
    with pytest.raises(UserError, match="has a folder 1000, and classes are numbered 0 to 999"):
        load(tmp_path)


def test_a_wnid_in_the_name_is_enough(tmp_path: Path) -> None:
    for at, wnid in enumerate(SOME):
        image(tmp_path / f"{wnid}_name {at}.JPEG", wnid)
    assert right(load(tmp_path))
    (tmp_path / "lines.txt").write_text(
        "".join(f"{file.name} {SOME[0]}\n" for file in tmp_path.glob("*.JPEG"))
    )
    with pytest.raises(UserError, match="has one class"):
        load(tmp_path, labels=str(tmp_path / "lines.txt"))  # what is set has the word


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("", "", r"nothing says of which class ILSVRC2012_val_00000001\.JPEG is; put val\.txt, "),
        (
            "ILSVRC2012_validation_ground_truth.txt",
            "1\n2\n3\n4\n5\n6\n",
            r"put the devkit's meta\.mat beside it",
        ),
        ("ILSVRC2012_validation_ground_truth.txt", "1\n2\n", r"has 2 lines, and there are 6 images"),
        (
            "val.txt",
            f"{NAMES[0]} 0\n",
            r"says nothing of 5 of 6 images, e\.g\. ILSVRC2012_val_00000002\.JPEG",
        ),
        ("val.txt", "".join(f"{name} 1000\n" for name in NAMES), "counts classes from 1"),
        ("val.txt", "".join(f"{name} n00000000\n" for name in NAMES), "has 'n00000000', which is no wnid"),
        ("val.txt", f"{NAMES[0]} 1\n{NAMES[1]}\n", r"line 2 is no image and class"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, file: str, text: str, message: str) -> None:
    flat(tmp_path)
    if file:
        (tmp_path / file).write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_what_is_no_imagenet_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        load(tmp_path / "nowhere")
    (tmp_path / "train").mkdir()
    with pytest.raises(UserError, match="holds train, and no test images"):
        load(tmp_path)
    (tmp_path / "train").rmdir()
    image(tmp_path / "val" / "cat" / "1.png", WNIDS[0])
    with pytest.raises(UserError, match=r"has cat, no wnid .* dataset=folder"):
        load(tmp_path)
    flat(tmp_path / "damaged")
    write_truth(tmp_path / "damaged", "devkit")
    (tmp_path / "damaged" / "meta.mat").write_bytes(b"no meta")
    with pytest.raises(UserError, match=r"meta\.mat is not the devkit's"):
        load(tmp_path / "damaged")
    with pytest.raises(UserError, match=r"no file dataset\.labels"):
        load(tmp_path / "damaged", labels="nowhere.txt")


def test_the_photographs_at_hand_are_one_a_class(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "imagenet-1k-samples"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    read = load(folder, cache=str(tmp_path), size=32)
    assert read.classes == WNIDS and np.bincount(read.test.labels).tolist() == [1] * 1000
