"""Trained networks that are not timm's, as they are: by the command line, from Python, and exported."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from tests.models.cifar_resnet import MEAN, STD, resnet
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform

import withstand
from withstand import datasets
from withstand.cli import main
from withstand.config.composing import compose
from withstand.models.checkpoints import read_state
from withstand.models.loading import load
from withstand.results.conditions import CLEAN

WEIGHTS = {3: "resnet20-12fca82f.th", 9: "resnet56-4bfd9763.th"}
RIGHT = {3: 0.9173, 9: 0.9339}
FEW = {"corruption": {"corruptions": ["gaussian_noise", "fog"], "severities": [1, 5]}}
SHIFT = ["shift.corruptions=[gaussian_noise,fog]", "shift.severities=[1,5]", "shift.source=made"]


@pytest.fixture
def there(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real data; the working folder holds the module that was written for these weights."""
    if not (real_data / "weights" / WEIGHTS[3]).is_file():
        pytest.skip(f"{real_data}/weights has no trained networks")
    shutil.copy(Path(__file__).with_name("cifar_resnet.py"), tmp_path)
    monkeypatch.chdir(tmp_path)
    return real_data


def trained(there: Path, blocks: int) -> tuple[torch.nn.Module, withstand.Preprocessing]:
    network, how = resnet(blocks)
    load(network, read_state(there / "weights" / WEIGHTS[blocks]), "w")
    return network.eval(), how


@pytest.mark.parametrize("blocks", [3, 9])
def test_networks_of_another_make_have_the_accuracy_they_are_known_for(there: Path, blocks: int) -> None:
    words = ["experiment=evaluate", "model=python:cifar_resnet.py:resnet", f"model.args.blocks={blocks}"]
    words += [
        f"model.weights={there}/weights/{WEIGHTS[blocks]}",
        "dataset=cifar10",
        f"paths.data={there}",
        "device=cpu",
    ]
    if (
        blocks > 3
    ):  # a part, for time: once is enough to see the known figure itself, and that Python says the same
        assert main([*words, "model.cfg_name=net", "dataset.test_limit=2000"]) == 0
        part = withstand.load_run("checkpoints/net_cifar10")
        assert part.scores.values("top1").mean() == pytest.approx(RIGHT[blocks], abs=0.015)
        return
    assert main([*words, "model.cfg_name=net"]) == 0
    theirs = withstand.load_run("checkpoints/net_cifar10")
    assert theirs.scores.values("top1").mean() == pytest.approx(RIGHT[blocks], abs=5e-5)
    network, how = trained(there, blocks)
    with (there / "cifar10/cifar-10-batches-py/test_batch").open("rb") as file:
        batch = pickle.load(file, encoding="bytes")
    ours = withstand.evaluate(
        network,
        batch[b"data"].reshape(-1, 3, 32, 32)[:1000],
        batch[b"labels"][:1000],
        preprocess=how,
        shifts=(),
        device="cpu",
    )
    mine, first = ours.run.predictions(CLEAN).logits, theirs.predictions(CLEAN).logits[:1000]
    assert np.allclose(mine, first, atol=1e-4) and np.array_equal(mine.argmax(1), first.argmax(1))


@pytest.mark.filterwarnings("ignore")  # torch.onnx's own
def test_the_command_line_and_python_and_exported_files_say_the_same_cell_for_cell(there: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    pytest.importorskip("torch", minversion="2.6", reason="torch.onnx takes a program from 2.6 on")
    data = ["dataset=cifar10", f"paths.data={there}", "dataset.test_limit=300", "device=cpu"]
    network, how = trained(there, 3)
    shape = ({0: torch.export.Dim("n", min=1)},)
    program = torch.export.export(network, (torch.zeros(2, 3, 32, 32),), dynamic_shapes=shape)
    torch.export.save(program, "net.pt2")
    torch.onnx.export(program, dynamo=True, verbose=False).save("net.onnx")
    norm = [f"model.mean=[{','.join(map(str, MEAN))}]", f"model.std=[{','.join(map(str, STD))}]"]
    weights = [f"model.weights={there}/weights/{WEIGHTS[3]}"]
    commands = {
        "python": ["model=python:cifar_resnet.py:resnet", *weights],
        "exported": ["model=exported:net.pt2", *norm],
        "onnx": ["model=onnx:net.onnx", *norm],
    }
    for name, words in commands.items():
        assert main(["experiment=robustness", *words, f"model.cfg_name={name}", *data, *SHIFT]) == 0
    test = datasets.load(compose([*data, "model=small_cnn"])).test
    ours = withstand.evaluate(
        network, test.images, test.labels, ids=test.ids, preprocess=how, shifts=FEW, device="cpu"
    ).run
    runs = {name: withstand.load_run(f"checkpoints/{name}_cifar10") for name in commands}
    assert len(ours.files) == 5
    for condition in ours.files:
        mine = ours.predictions(condition)
        for name, run in runs.items():
            read = run.predictions(condition)
            assert np.array_equal(read.ids, mine.ids)
            assert np.array_equal(read.logits.argmax(1), mine.logits.argmax(1)), name
            assert np.allclose(read.logits, mine.logits, atol=1e-3)
        assert np.array_equal(runs["python"].predictions(condition).logits, mine.logits)


CASES: dict[str, tuple[str, dict[str, Any], list[str], float]] = {
    "vit_tiny_patch16_224.augreg_in21k_ft_in1k": ("vit_tiny_patch16_224_imagenet1k", {}, [], 0.804),
    "mobilenetv2_100": (
        "mobilenetv2_100_imagenet1k",
        {"pad_type": "same"},
        ["model.mean=[0.5,0.5,0.5]", "model.std=[0.5,0.5,0.5]"],
        0.863,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_networks_of_imagenet_on_photographs_by_one_command(there: Path, name: str) -> None:
    """The accuracy that is known, and on some the very logits of timm's own pipeline."""
    file, args, words, right = CASES[name]
    for one in (there / "imagenet-1k-samples").glob("*.JPEG"):
        place = Path("photos", one.name.partition("_")[0])
        place.mkdir(parents=True)
        (place / one.name).symlink_to(one)
    weights = there / "weights" / f"{file}.safetensors"
    own = [f"model.args.{key}={value}" for key, value in args.items()]
    command = [
        f"model=timm:{name}",
        f"model.weights={weights}",
        *words,
        *own,
        "dataset=folder",
        "dataset.folder=photos",
    ]
    words = ["experiment=evaluate", *command, "model.cfg_name=net", "device=cpu", "dataset.test_limit=250"]
    assert main(words) == 0
    run = withstand.load_run("checkpoints/net_photos")
    assert run.scores.values("top1").mean() == pytest.approx(
        right, abs=0.07
    )  # three sigma; of all 1,000: docs/study.md
    network = timm.create_model(name, **args).eval()
    network.load_state_dict(load_file(weights))
    half = {"mean": (0.5,) * 3, "std": (0.5,) * 3} if args else {}
    settings = resolve_model_data_config(network) | half
    prepare: Callable[[Any], torch.Tensor] = create_transform(**settings, is_training=False)
    read = run.predictions(CLEAN)
    files = sorted(Path("photos").glob("n*/*"))  # one a class, in the order of the labels
    for row in range(0, len(read), 32):
        with torch.inference_mode(), Image.open(files[read.labels[row]]) as picture:
            expected = network(prepare(picture.convert("RGB"))[None])[0].numpy()
        assert np.abs(read.logits[row] - expected).max() < 1e-3
