"""`experiment=corrupt corrupt.layout=tree`: ImageNet-C's layout, written and read back as if it had been made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from tests.experiments.conftest import refused

import withstand
from withstand import datasets
from withstand.cli import main
from withstand.config.composing import compose
from withstand.corruptions import corrupt
from withstand.results.conditions import Condition
from withstand.results.run import Run
from withstand.shifts.corruption import Corruption, from_config, written_tree
from withstand.shifts.corruption.sources import Made, Written

WNIDS = ("n01440764", "n01443537", "n01484850")
SHIFT = ["shift.corruptions=[fog,impulse_noise]", "shift.severities=[1,2.25]", "seed=3"]
DATA = ["dataset=folder", "dataset.folder=photos", "dataset.size=24", "dataset.resize=30"]
WORDS = [*DATA, *SHIFT]
TREE = ["experiment=corrupt", "corrupt.layout=tree", *WORDS]
MADE = Path("data/photos-corrupted")
CELLS = ["fog/1", "fog/2.25", "impulse_noise/1", "impulse_noise/2.25"]


@pytest.fixture
def photos(there: Path) -> Path:
    draw = np.random.default_rng(0)
    for wnid in WNIDS:
        (there / "photos" / wnid).mkdir(parents=True)
        for number in range(2):
            rough = Image.fromarray(draw.integers(0, 256, (5, 6, 3), np.uint8)).resize((48, 40))
            rough.save(there / "photos" / wnid / f"photo.{number}.jpg")
    return there


def shift(*words: str) -> Corruption:
    config = compose([*WORDS, *words])
    return from_config(config.shift, datasets.load(config))


def test_the_files_are_the_corrupted_images_by_class_and_name(photos: Path) -> None:
    assert main(TREE) == 0
    test = datasets.load(compose(WORDS)).test
    manifest = json.loads((MADE / "manifest.json").read_text())
    assert manifest["recipe"]["layout"] == "tree" and manifest["recipe"]["format"] == "png"
    assert sorted(manifest["files"]) == sorted([*CELLS, "labels.npy", "ids.npy", "clean.npy"])
    assert manifest["constants"]["fog/2.25"][0]["amount"] == pytest.approx(0.5625)
    for cell in CELLS:
        name, severity = cell.split("/")
        made = corrupt(test.images, name, float(severity), seed=3, ids=test.ids)
        files = sorted((MADE / cell).glob("*/*"))
        assert [str(file.relative_to(MADE / cell)) for file in files] == [
            f"{wnid}/photo.{number}.png" for wnid in WNIDS for number in range(2)
        ]
        assert (np.stack([np.asarray(Image.open(file)) for file in files]) == made).all()

    read, fresh = shift(), shift("shift.source=made")
    assert isinstance(read.origin, Written) and isinstance(fresh.origin, Made)
    assert "severities 2.25 interpolated, not published" in read.source
    for condition in read.conditions():
        assert read.facts(condition) == fresh.facts(condition)
        ours, theirs = (one.images(condition).images() for one in (read, fresh))
        assert (ours.images == theirs.images).all() and (ours.ids == theirs.ids).all()
    assert read.facts(Condition("corruption", "fog", 2.25))["severity"] == "interpolated, not published"
    assert "severity" not in read.facts(Condition("corruption", "fog", 1))


def test_it_goes_on_where_it_stopped_and_writes_what_was_altered_anew(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(written_tree, "_save", killed)
        assert main(TREE) != 0
    assert not [*MADE.glob("*/*")], "no half-written folder is left"
    assert main(TREE) == 0
    times = {file: file.stat().st_mtime_ns for file in MADE.glob("*/*/*/*")}
    altered = MADE / "fog" / "1" / WNIDS[0] / "photo.0.png"
    Image.new("RGB", (24, 24)).save(altered)
    assert isinstance(shift().origin, Made) and "fog/1 is not what was written" in capsys.readouterr().out
    assert main([*TREE, "shift.corruptions=[fog]", "shift.severities=[1,2.25,3]"]) == 0
    assert "1 done" in capsys.readouterr().out
    again = {file: file.stat().st_mtime_ns for file in MADE.glob("*/*/*/*")}
    assert {
        str(file.relative_to(MADE)).rpartition("/n0")[0] for file in again if again[file] != times.get(file)
    } == {
        "fog/1",
        "fog/3",
    }
    assert isinstance(shift().origin, Written) and not [*MADE.glob("*/.*")]


def test_other_settings_and_names_that_no_folder_has_are_one_line(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["shift.corruptions=[fog]", "shift.severities=[1]"]
    assert main([*TREE, *few]) == 0
    other = [*TREE, *few, "corrupt.layout=npy"]
    assert "written with other settings (layout tree);" in refused(capsys, *other)
    assert "holds files of corrupt.layout=tree; remove it" in refused(capsys, *other, "overwrite=true")
    assert "(format png)" in refused(capsys, *TREE, *few, "corrupt.format=jpeg")
    assert "corrupt.format=gif is not known" in refused(capsys, *TREE, *few, "corrupt.format=gif")
    (photos / "photos" / WNIDS[0] / "photo.0.png").write_bytes(
        (MADE / "fog/1" / WNIDS[0] / "photo.0.png").read_bytes()
    )
    assert "of one name but for the suffix" in refused(capsys, *TREE, *few, "shift.written=other")


def test_jpegs_are_others_than_those_made_and_say_so(photos: Path) -> None:
    few = ["shift.corruptions=[fog]", "shift.severities=[1]"]
    assert main([*TREE, *few, "corrupt.format=jpeg"]) == 0
    assert len([*MADE.glob("fog/1/*/*.JPEG")]) == 6
    assert isinstance(shift(*few).origin, Made), "nobody asked for what JPEG loses"
    read = shift(*few, "shift.source=written")
    assert "compressed as jpeg 85" in read.source
    assert read.facts(Condition("corruption", "fog", 1))["compressed"] == "jpeg 85"


def test_webp_loses_nothing_and_drawn_images_go_by_their_ids(there: Path) -> None:
    words = ["dataset=shapes", "dataset.n_train=2", "dataset.n_test=3", *SHIFT[:1], "shift.severities=[1]"]
    assert main(["experiment=corrupt", "corrupt.layout=tree", "corrupt.format=webp", *words]) == 0
    config = compose(words)
    test = datasets.load(config).test
    read = from_config(config.shift, datasets.load(config))
    assert isinstance(read.origin, Written)
    shown = read.images(Condition("corruption", "fog", 1)).images().images
    assert (shown == corrupt(test.images, "fog", 1, seed=42, ids=test.ids)).all()
    assert sorted(file.stem for file in Path("data/shapes-corrupted/fog/1").glob("*/*")) == [
        str(one) for one in sorted(test.ids)
    ]


def test_severities_of_ones_own_constants_need_a_tree_where_they_differ(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["shift.constants={fog: [[0.2,3],[0.5,3]]}", "shift.severities=[1,2,3,4,5]"]
    told = refused(capsys, "experiment=corrupt", *WORDS, *own)
    assert (
        "corrupt.layout=npy holds the same severities of all corruptions (fog has 2, impulse_noise has 5)"
        in told
    )
    found = shift(*own)
    assert [str(one) for one in found.conditions()][:3] == [
        *("corruption-fog-1", "corruption-fog-2"),
        "corruption-impulse_noise-1",
    ]
    assert "constants of its own, not published, of fog" in found.source
    assert found.facts(found.conditions()[1])["constants"] == [[0.2, 3], [0.5, 3]]
    assert "constants" not in found.facts(found.conditions()[2])


def predictions_equal(one: Run, other: Run) -> None:
    assert one.conditions == other.conditions and len(one.conditions) > 2
    for condition in one.conditions:
        mine, theirs = one.predictions(condition), other.predictions(condition)
        assert np.array_equal(mine.ids, theirs.ids) and np.array_equal(mine.logits, theirs.logits)
        assert one.shown(condition) == other.shown(condition) or condition.shift == "clean"


def test_what_was_written_gives_the_predictions_of_what_is_made(photos: Path) -> None:
    torch.manual_seed(0)
    network = timm.create_model("resnet10t", channels=(8, 8, 8, 8)).eval()
    torch.save(network.state_dict(), "net.pth")
    net = [
        "model=timm:resnet10t",
        "model.args.channels=[8,8,8,8]",
        "model.weights=net.pth",
        "device=cpu",
        "threads=1",
    ]
    command = ["experiment=robustness", *net, *WORDS]
    assert main(TREE) == 0
    assert main([*command, "shift.source=made", "model.cfg_name=made"]) == 0
    assert main([*command, "shift.source=written", "model.cfg_name=read"]) == 0
    (MADE / "manifest.json").unlink()  # then they are anyone's files, and found by themselves
    MADE.rename("data/photos-C")
    assert main([*command, "model.cfg_name=found"]) == 0
    made, read, found = (
        withstand.load_run(f"checkpoints/{name}_photos") for name in ("made", "read", "found")
    )
    predictions_equal(made, read)
    assert "ImageNet-C's layout" in found.summary["corruption_source"]
    for condition in made.conditions:
        assert np.array_equal(made.predictions(condition).logits, found.predictions(condition).logits)
    severities = (
        Path("checkpoints/found_photos/robustness_results.csv").read_text(encoding="utf-8").splitlines()[1:]
    )
    assert [line.split(",")[2] for line in severities] == ["1", "2.25", "1", "2.25"]


def test_a_tree_of_real_photographs_gives_a_network_of_imagenet_the_same_predictions(
    real_data: Path, there: Path
) -> None:
    weights = real_data / "weights" / "mobilenetv2_100_imagenet1k.safetensors"
    if not weights.is_file() or not (real_data / "imagenet-1k-samples").is_dir():
        pytest.skip("needs imagenet-1k-samples and weights in WITHSTAND_DATA")
    data = [
        "dataset=imagenet",
        f"dataset.folder={real_data / 'imagenet-1k-samples'}",
        "dataset.cache=decoded",
    ]
    data += ["dataset.num_classes=0", "dataset.test_limit=8"]
    few = ["shift.corruptions=[fog,jpeg_compression]", "shift.severities=[1,3.5]"]
    form = ["dataset.size=128", "dataset.resize=146", "dataset.interpolation=bicubic"]
    assert main(["experiment=corrupt", "corrupt.layout=tree", *data, *form, *few]) == 0
    command = [
        *("experiment=robustness", "model=timm:mobilenetv2_100", f"model.weights={weights}"),
        *("model.args.pad_type=same", "model.mean=[0.5,0.5,0.5]", "model.std=[0.5,0.5,0.5]"),
        *("model.image_size=128", "model.crop=0.875", "model.interpolation=bicubic", "device=cpu"),
        *(*data, *few),
    ]
    assert main([*command, "shift.source=made", "model.cfg_name=made"]) == 0
    assert main([*command, "shift.source=written", "model.cfg_name=read"]) == 0
    Path("data/imagenet-1k-samples-corrupted").rename("data/ImageNet-C")  # where the published files would be
    Path("data/ImageNet-C/manifest.json").unlink()
    assert main([*command, "model.cfg_name=found"]) == 0
    made, read, found = (
        withstand.load_run(f"checkpoints/{name}_imagenet-1k-samples") for name in ("made", "read", "found")
    )
    predictions_equal(made, read)
    assert "ImageNet-C's layout" in found.summary["corruption_source"]
    for condition in made.conditions:
        assert np.array_equal(made.predictions(condition).logits, found.predictions(condition).logits)
