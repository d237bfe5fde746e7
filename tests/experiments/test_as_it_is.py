"""A classifier as it is, by one command and without a YAML: evaluated with its own outputs, or refused in one line."""

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
from withstand.cli import main
from withstand.models import imagenet
from withstand.results.conditions import CLEAN
from withstand.results.reading import load_run, load_runs

SMALL = [
    "model=timm:resnet10t",
    "model.args.channels=[8,8,8,8]",
    "model.image_size=32",
    "model.crop=1",
    "threads=1",
    "device=cpu",
]
FISH = ("n01440764", "n01443537", "n01484850")
SHIFT = ["shift.corruptions=[contrast]", "shift.severities=[1,5]"]


def network(outputs: int, seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    return timm.create_model("resnet10t", num_classes=outputs, channels=(8, 8, 8, 8)).eval()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders of three of ImageNet's classes, and files of weights for some numbers of outputs."""
    monkeypatch.chdir(tmp_path)
    for seed, place in enumerate(("fish", "more")):
        draw = np.random.default_rng(seed)
        for wnid in FISH:
            (tmp_path / place / wnid).mkdir(parents=True)
            for number in range(5):
                pixels = draw.integers(0, 256, (40, 48, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / place / wnid / f"{number}.png")
    for outputs, seed in ((1000, 1), (1000, 2), (3, 1), (10, 1)):
        torch.save(network(outputs, seed).state_dict(), f"{outputs}-{seed}.pth")
    return tmp_path


def words(weights: str, folder: str = "fish", experiment: str = "evaluate", *more: str) -> list[str]:
    data = ["dataset=folder", f"dataset.folder={folder}", "dataset.num_classes=3"]
    return [f"experiment={experiment}", *SMALL, f"model.weights={weights}.pth", *data, *more]


def test_a_subset_of_the_outputs_is_answered_both_ways(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words("1000-1")) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "3 of 1,000 outputs stand for the 3 classes; answers are among these 3 alone" in told
    assert "of 15 images" in told
    closed = load_run(world / "checkpoints/resnet10t-1000-1_fish")
    assert closed.predictions(CLEAN).logits.shape == (15, 3)
    assert "stand for the classes in another way" in refused(
        capsys, *words("1000-1", "fish", "evaluate", "classes=open")
    )
    opened_words = words("1000-1", "fish", "robustness", "classes=open", "model.cfg_name=open", *SHIFT)
    assert main(opened_words) == 0
    opened = load_run(world / "checkpoints/open_fish").predictions(CLEAN)
    assert np.array_equal(opened.logits[:, :3], closed.predictions(CLEAN).logits)
    assert (opened.logits.argmax(axis=1) == 3).sum() > 9  # of 1,000 outputs of a network that knows nothing
    assert main(["experiment=report", "dataset=folder", "dataset.folder=fish"]) == 0
    assert "none of the classes" in (world / "reports/fish/report.html").read_text(encoding="utf-8")


def test_the_record_says_in_what_order_images_were_made_ready(world: Path) -> None:
    assert main(words("1000-1", "fish", "robustness", *SHIFT)) == 0
    record = json.loads(
        (world / "checkpoints/resnet10t-1000-1_fish/provenance.json").read_text(encoding="utf-8")
    )
    assert [one.partition(":")[0] for one in record["steps"]] == ["decode", "shift", "normalise"]
    assert record["image_size"] == 32 and record["pretrained"] == "file 1000-1.pth"


@pytest.mark.parametrize(
    ("weights", "change", "line"),
    [
        ("10-1", (), "the classifier has 10 outputs, and the data set has 3 classes"),
        ("headless", (), "has no classifier layer for resnet10t"),
        ("3-1", ("model=timm:resnet18",), "holds weights of another architecture"),
        ("3-1", ("model=timm:resnet10",), "timm has no architecture 'resnet10'; did you mean 'resnet10t'"),
        (
            "3-1",
            ("model=tmim:resnet10t",),
            "unknown source 'tmim' in model=tmim:resnet10t; did you mean 'timm'",
        ),
        ("3-1", ("model=timm:",), "names nothing"),
        ("3-1", ("classes=closed",), "classes=closed is not known"),
        ("3-1", ("class_map=nowhere.json",), "nowhere.json is no class map"),
        ("3-1", ("train.epochs=1",), "does not use train.epochs"),
    ],
)
def test_what_does_not_fit_is_one_line(
    world: Path, capsys: pytest.CaptureFixture[str], weights: str, change: tuple[str, ...], line: str
) -> None:
    state = network(3, 1).state_dict()
    torch.save({name: one for name, one in state.items() if not name.startswith("fc")}, "headless.pth")
    given = words(weights)
    kept = [word for word in given if word.partition("=")[0] not in {one.partition("=")[0] for one in change}]
    if change and change[0].startswith("model=timm:resnet18"):
        kept.remove("model.args.channels=[8,8,8,8]")
    assert line in refused(capsys, *kept, *change)
    assert not (world / "checkpoints").exists() or not any((world / "checkpoints").rglob("summary.json"))


def test_a_classifier_without_weights_is_not_evaluated(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A random head of a YAML's, too."""
    given = [word for word in words("3-1") if not word.startswith("model")]
    assert "there is no trained model" in refused(capsys, *given, "model=small_cnn")


def test_two_files_of_weights_and_two_folders_have_runs_of_their_own(world: Path) -> None:
    for weights in ("1000-1", "1000-2"):
        for folder in ("fish", "more"):
            assert main(words(weights, folder)) == 0
    runs = load_runs(world / "checkpoints")
    assert [(run.model, run.dataset) for run in runs] == [
        (f"resnet10t-{weights}", folder) for folder in ("fish", "more") for weights in ("1000-1", "1000-2")
    ]
    assert len({run.predictions(CLEAN).logits.tobytes() for run in runs}) == 4


def test_one_name_for_two_is_refused(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words("1000-1", "fish", "evaluate", "model.cfg_name=mine")) == 0
    assert "it is a run of the weights in 1000-1.pth as they are" in refused(
        capsys, *words("1000-2", "fish", "evaluate", "model.cfg_name=mine")
    )


def test_several_models_are_evaluated_and_reported_in_one_command(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.py").write_text(
        "import timm, torch\nfrom withstand import Preprocessing\n"
        "def make(outputs):\n"
        "    torch.manual_seed(outputs)\n"
        "    network = timm.create_model('resnet10t', num_classes=3, channels=(8, 8, 8, 8))\n"
        "    return network, Preprocessing(32, 'bilinear', (0.5,) * 3, (0.5,) * 3)\n"
        "def one(): return make(1)\n"
        "def two(): return make(2)\n",
        encoding="utf-8",
    )
    data = ["dataset=folder", "dataset.folder=fish", "dataset.num_classes=3"]
    both = "models=[python:mine.py:one,python:mine.py:two]"
    assert main(["experiment=robustness", both, *data, *SHIFT, "threads=1", "device=cpu"]) == 0
    told = capsys.readouterr().out
    assert "python-mine-one" in told and "python-mine-two" in told and "reports/fish/report.html" in told
    frame = load_runs(world / "checkpoints").frame()
    assert set(frame["model"]) == {"python-mine-one", "python-mine-two"} and len(frame) == 6


def test_outputs_of_imagenet_are_taken_by_name_whatever_the_folder_s_order(world: Path) -> None:
    """The same images in folders called by name, whose order is another one."""
    called = dict(zip(FISH, ("tench", "goldfish", "great white shark"), strict=True))
    Path("named").mkdir()
    for wnid, name in called.items():
        Path("named", name).symlink_to(world / "fish" / wnid, target_is_directory=True)
    Path("map.csv").write_text("".join(f"{wnid},{name}\n" for wnid, name in called.items()), encoding="utf-8")
    assert main(words("1000-1")) == 0
    assert main(words("1000-1", "named", "evaluate", "class_map=map.csv")) == 0
    first, second = (load_run(world / f"checkpoints/resnet10t-1000-1_{name}") for name in ("fish", "named"))
    order = [sorted(called.values()).index(called[wnid]) for wnid in FISH]
    rows = np.argsort(first.predictions(CLEAN).labels, kind="stable")
    there = second.predictions(CLEAN)
    by_label = np.concatenate([np.flatnonzero(there.labels == label) for label in order])
    assert np.allclose(first.predictions(CLEAN).logits[rows], there.logits[by_label][:, order], atol=1e-5)
    assert imagenet.wnids()[:3] == FISH


def test_classifiers_that_want_photographs_decoded_otherwise_are_paired_image_by_image(world: Path) -> None:
    """Both decodings are kept, and a photograph that was changed is another source."""
    assert main(words("1000-1")) == 0
    wider = [word for word in words("1000-2") if not word.startswith("model.crop")]
    assert main([*wider, "model.crop=0.8"]) == 0
    runs = load_runs(world / "checkpoints")
    assert len({run.content for run in runs}) == 2 and len({run.sources for run in runs}) == 1
    found = withstand.compare(runs)
    assert len(found.names) == 2 and len(found.ids) == 15 and not found.left_out
    assert len([*(world / "fish/.decoded").glob("fish*.npy")]) == 2
    Image.new("RGB", (48, 40), "red").save(world / "fish" / FISH[0] / "0.png")
    third = [word for word in words("1000-1") if not word.startswith("model.crop")]
    assert main([*third, "model.crop=0.9", "model.cfg_name=third"]) == 0
    again = load_runs(world / "checkpoints")
    assert [run.model for run in again] == ["third"] and len(again.left_out) == 2
