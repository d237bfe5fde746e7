"""``withstand.evaluate``: what people have at hand in, a table with intervals out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.session.conftest import FEW, PLAIN, Net
from torch import Tensor, nn
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

import withstand
from withstand.base.errors import UserError
from withstand.results.conditions import CLEAN
from withstand.results.metrics import confidence


def test_three_lines_give_a_table_with_intervals(images: Any) -> None:
    pixels, labels = images
    result = withstand.evaluate(Net(), pixels, labels, **FEW)
    frame = result.frame(["top1"]).set_index("group")
    right = Net()(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255).argmax(1).numpy() == labels
    assert frame.loc["clean", "value"] == pytest.approx(right.mean())
    assert (
        frame.loc["clean", "low"] < right.mean() < frame.loc["clean", "high"]
        and frame.loc["clean", "n"] == 60
    )
    assert {"corrupted", "contrast", "fog", "severity-1"} <= set(frame.index)
    assert "mean under corruption" in repr(result) and "95%" in repr(result)


def test_every_form_of_an_array_is_the_same_images(images: Any) -> None:
    pixels, labels = images
    first = withstand.evaluate(Net(), pixels, labels, **PLAIN)
    forms = (
        (pixels.transpose(0, 3, 1, 2), labels.tolist()),
        (torch.from_numpy(pixels), torch.from_numpy(labels)),
        (torch.from_numpy(pixels).permute(0, 3, 1, 2), labels.astype(np.uint8)),
    )
    for form in forms:
        other = withstand.evaluate(Net(), *form, **PLAIN)
        assert np.array_equal(other.run.predictions(CLEAN).logits, first.run.predictions(CLEAN).logits)
        assert np.array_equal(other.run.scores.ids, first.run.scores.ids)


def test_an_image_is_the_same_wherever_it_stands_and_copies_are_told_apart(images: Any) -> None:
    pixels, labels = images
    twice = np.concatenate([pixels[:5], pixels[:5]])
    result = withstand.evaluate(Net(), twice, np.concatenate([labels[:5]] * 2), **PLAIN)
    assert len(set(result.run.scores.ids.tolist())) == 10
    ids = {ident for n in (slice(0, 60), slice(59, None, -1)) for ident in ids_of(pixels[n], labels[n])}
    assert len(ids) == 60


def ids_of(pixels: np.ndarray, labels: np.ndarray) -> list[int]:
    found: list[int] = withstand.evaluate(Net(), pixels, labels, **PLAIN).run.scores.ids.tolist()
    return found


def test_a_network_is_given_back_in_its_mode_and_stays_where_its_name_says(
    images: Any, tmp_path: Path
) -> None:
    net = nn.Sequential(Net(), nn.BatchNorm1d(3))
    net[1].eval()
    result = withstand.evaluate(net, *images, name="../../elsewhere", **PLAIN)
    assert net.training and net[0].training and not net[1].training
    assert result.run.model == "../../elsewhere" and ".." not in result.run.folder.parts


def test_a_network_that_gives_more_than_a_tensor(images: Any) -> None:
    class Two(Net):
        def forward(self, x: Tensor) -> Any:
            return (super().forward(x), x)

    with pytest.raises(UserError, match="the network gives a tuple, where a tensor of scores is wanted"):
        withstand.evaluate(Two(), *images, **PLAIN)


def test_probabilities_are_as_sure_as_they_say(images: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The logits are their logarithms, whether a module or a function gives them, and through a class map, too."""
    pixels, labels = images
    scores = withstand.evaluate(nn.Sequential(Net(9.0)), pixels, labels, **PLAIN).run.predictions(CLEAN)
    assert "probabilities" not in capsys.readouterr().out
    net = nn.Sequential(Net(9.0), nn.Softmax(1))

    def shares(batch: np.ndarray) -> Any:
        return net(torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 255).detach().double().numpy()

    for model in (net, shares):
        found = withstand.evaluate(model, pixels, labels, **PLAIN).run.predictions(CLEAN)
        assert "its outputs are probabilities, which add up to 1" in capsys.readouterr().out
        assert np.allclose(confidence(found), confidence(scores), atol=1e-5)
    turned = withstand.evaluate(
        net, pixels, 2 - labels, classes=["b", "g", "r"], outputs=["r", "g", "b"], **PLAIN
    ).run.predictions(CLEAN)
    assert np.allclose(confidence(turned), confidence(scores), atol=1e-5)
    capsys.readouterr()
    votes = withstand.evaluate(lambda batch: np.eye(3)[[0] * len(batch)], pixels, labels, **PLAIN)
    assert "probabilities" not in capsys.readouterr().out  # 1 and 0 may be anything
    assert votes.run.predictions(CLEAN).logits[0].tolist() == [1, 0, 0]


def test_a_callable_takes_bytes_and_needs_no_torch(images: Any) -> None:
    pixels, labels = images

    def scores(batch: np.ndarray) -> Any:
        assert batch.dtype == np.uint8 and batch.shape[1:] == (16, 16, 3)
        return (batch.mean((1, 2)) / 255).tolist()

    one, other = (
        withstand.evaluate(scores, pixels, labels, **FEW),
        withstand.evaluate(Net(), pixels, labels, **FEW),
    )
    assert one.run.model == "scores"
    logits = [result.run.predictions(CLEAN).logits for result in (one, other)]
    assert np.allclose(*logits, atol=1e-5)
    both = withstand.compare(one, other)
    assert both.names == ("scores", "Net") and both.pairs[0].difference.value == 0
    with pytest.raises(UserError, match="where N×K numbers are wanted"):
        withstand.evaluate(lambda batch: batch.mean((1, 2, 3)), pixels, labels, **PLAIN)


def test_what_is_kept_goes_on_and_an_edited_classifier_begins_anew(images: Any, tmp_path: Path) -> None:
    pixels, labels = images
    first = Net()
    withstand.evaluate(first, pixels, labels, out=tmp_path / "kept", **FEW)
    again = Net()
    result = withstand.evaluate(again, pixels, labels, out=tmp_path / "kept", **FEW)
    assert first._calls > 5 * 60 - 1 and again._calls <= 1 and len(result.run.files) == 5
    assert (tmp_path / "kept" / "summary.json").is_file()
    with pytest.raises(UserError, match=r"is another run.* out=…"):
        withstand.evaluate(Net(2.0), pixels, labels, out=tmp_path / "kept", **FEW)
    with pytest.raises(UserError, match="cannot be seen; give version=NAME"):
        withstand.evaluate(lambda batch: batch.mean((1, 2)), pixels, labels, out=tmp_path / "fn", **FEW)
    withstand.evaluate(
        lambda batch: batch.mean((1, 2)), pixels, labels, out=tmp_path / "fn", version="1", **FEW
    )


def test_a_random_part_is_enough_for_a_precision(images: Any) -> None:
    pixels, labels = images
    result = withstand.evaluate(
        Net(), np.tile(pixels, (20, 1, 1, 1)), np.tile(labels, 20), precision=10, **FEW
    )
    assert result.run.sampled is not None and result.run.sampled.evaluated < 4 * 1200


def test_a_folder_says_what_the_command_line_says(
    tmp_path: Path, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from withstand.cli import main

    pixels, labels = images
    for at, (one, label) in enumerate(zip(pixels, labels, strict=True)):
        place = tmp_path / "photos" / "rgb"[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).resize((40, 30)).save(place / f"{at}.png")
    monkeypatch.chdir(tmp_path)
    text = "import test_direct_net as t\ndef make(): return t.Net(), t.HOW\n"
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    (tmp_path / "test_direct_net.py").write_text(
        "import torch\nfrom torch import nn\nfrom withstand import Preprocessing\n"
        "HOW = Preprocessing(12, 'bicubic', (0.0,) * 3, (1.0,) * 3, crop=0.75)\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.w = nn.Parameter(torch.eye(3))\n"
        "    def forward(self, x):\n        return x.mean((2, 3)) @ self.w\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    data = ["dataset=folder", "dataset.folder=photos", "dataset.num_classes=3", "device=cpu"]
    shift = ["shift.corruptions=[contrast,fog]", "shift.severities=[1,5]"]
    assert main(["experiment=robustness", "model=python:mine.py:make", *data, *shift]) == 0
    theirs = withstand.load_run("checkpoints/python-mine-make_photos")
    import test_direct_net as t

    ours = withstand.evaluate(t.Net(), "photos", preprocess=t.HOW, device="cpu", **FEW).run
    assert set(ours.files) == set(theirs.files)
    for condition in ours.files:
        assert np.array_equal(ours.predictions(condition).logits, theirs.predictions(condition).logits)
        assert np.array_equal(ours.predictions(condition).ids, theirs.predictions(condition).ids)
    named = withstand.evaluate("python:mine.py:make", "photos", device="cpu", **FEW).run
    assert np.array_equal(named.predictions(CLEAN).logits, ours.predictions(CLEAN).logits)


def test_data_sets_bring_their_pictures_and_labels(images: Any) -> None:
    pixels, labels = images
    plain = withstand.evaluate(Net(), pixels, labels, classes=["r", "g", "b"], **PLAIN)

    class Pairs(torch.utils.data.Dataset):  # type: ignore[type-arg]
        classes = ("r", "g", "b")

        def __len__(self) -> int:
            return 60

        def __getitem__(self, at: int) -> tuple[Image.Image, int]:
            if at >= 60:
                raise IndexError
            return Image.fromarray(pixels[at]), int(labels[at])

    pairs = withstand.evaluate(Net(), Pairs(), **PLAIN)
    assert np.array_equal(pairs.run.predictions(CLEAN).logits, plain.run.predictions(CLEAN).logits)
    assert pairs.run.classes == ("r", "g", "b")
    with pytest.raises(UserError, match="leave its transform out"):
        withstand.evaluate(Net(), [(torch.rand(3, 16, 16), 0), (torch.rand(3, 16, 16), 1)], **PLAIN)


def test_a_hugging_face_data_set(images: Any) -> None:
    theirs = pytest.importorskip("datasets")
    pixels, labels = images
    features = theirs.Features({"img": theirs.Image(), "fine": theirs.ClassLabel(names=["r", "g", "b"])})
    found = theirs.Dataset.from_dict(
        {"img": [Image.fromarray(one) for one in pixels], "fine": labels.tolist()}, features=features
    )
    result = withstand.evaluate(Net(), found, **PLAIN)
    plain = withstand.evaluate(Net(), pixels, labels, **PLAIN)
    assert np.array_equal(result.run.predictions(CLEAN).logits, plain.run.predictions(CLEAN).logits)
    assert result.run.classes == ("r", "g", "b")


def test_pictures_of_many_sizes_become_what_the_classifier_wants(images: Any) -> None:
    pixels, labels = images
    sizes = [(16 + at % 5, 20 + at % 3) for at in range(12)]
    pairs = [(Image.fromarray(pixels[at]).resize(size), int(labels[at])) for at, size in enumerate(sizes)]
    with pytest.raises(UserError, match="of several sizes"):
        withstand.evaluate(Net(), pairs, **PLAIN)
    how = withstand.Preprocessing(14, "bilinear", (0.0,) * 3, (1.0,) * 3, crop=0.875)
    theirs = Compose([Resize(16), CenterCrop(14), ToTensor(), Normalize((0.0,) * 3, (1.0,) * 3)])
    for preprocess in (how, theirs):
        result = withstand.evaluate(Net(), pairs, preprocess=preprocess, classes=[*"rgb"], **PLAIN)
        read = result.run.predictions(CLEAN)
        with torch.inference_mode():
            expected = sorted(float(Net()(theirs(one)[None])[0, 0]) for one, _ in pairs)
        assert np.allclose(sorted(read.logits[:, 0].tolist()), expected, atol=1e-5)


def test_a_function_may_prepare_whole_batches(images: Any) -> None:
    pixels, labels = images
    plain = withstand.evaluate(Net(), pixels, labels, **PLAIN)
    own = withstand.evaluate(
        Net(), pixels, labels, preprocess=lambda x: x.permute(0, 3, 1, 2).float() / 255, **PLAIN
    )
    assert np.allclose(own.run.predictions(CLEAN).logits, plain.run.predictions(CLEAN).logits)


def test_a_network_of_timm_brings_its_own_preprocessing(images: Any) -> None:
    import timm

    network = timm.create_model("resnet10t", num_classes=3, channels=(8, 8, 8, 8))
    result = withstand.evaluate(network, *images, **PLAIN)
    assert result.run.provenance["image_size"] == 176


def test_the_result_is_a_page_and_a_notebook_s_cell(images: Any, tmp_path: Path) -> None:
    result = withstand.evaluate(Net(), *images, **FEW)
    page = result.report(tmp_path / "page" / "report.html")
    assert "Net" in page.read_text(encoding="utf-8") and [*page.parent.iterdir()] == [page]
    assert (result.report(tmp_path / "whole").parent / "tables").is_dir()
    shown = result._repr_html_()
    assert "<table" in shown and "<svg" in shown


def test_the_record_says_what_was_computed(images: Any) -> None:
    record = json.loads(
        (withstand.evaluate(Net(), *images, **PLAIN).run.folder / "provenance.json").read_text()
    )
    assert record["precision"] == "float32" and record["parameters"] == 9 and record["weights_digest"]


@pytest.mark.parametrize("kept", [True, False])
def test_two_of_one_class_are_two(images: Any, tmp_path: Path, kept: bool) -> None:
    pixels, labels = images
    two = [
        withstand.evaluate(
            Net(gain), pixels, labels, **FEW, **({"out": tmp_path / place / "o"} if kept else {})
        )
        for gain, place in ((1.0, "x"), (-1.0, "y"))
    ]
    found = withstand.compare(*two)
    assert len(set(found.names)) == 2 and not found.left_out
    right = {name: found.accuracy(name, "clean").value for name in found.names}
    assert sorted(right.values()) == sorted(one.run.scores.of("top1", [CLEAN]).mean() for one in two)
    assert not kept or set(found.names) == {"x/o", "y/o"}
    assert len(withstand.compare(two[0], two[0]).names) + len(withstand.compare(two[0], two[0]).left_out) == 2
