"""Two hundred of ImageNet's classes, answered both ways by a pretrained network, as its own logits say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import withstand
from withstand.analysis.collected import Collected
from withstand.cli import main
from withstand.images.wnids import wnids
from withstand.results.conditions import Condition

MANY = 200


def test_two_hundred_classes_are_answered_among_themselves_and_among_all(
    real_data: Path, tmp_path: Path, monkeypatch
) -> None:
    samples, weights = real_data / "imagenet-1k-samples", real_data / "weights"
    chosen = sorted(samples.glob("*.JPEG"))[::5][:MANY]
    for file in chosen:  # mirrored, so that they are other pictures
        place = tmp_path / "mirrored" / file.name.partition("_")[0]
        place.mkdir(parents=True)
        ImageOps.mirror(Image.open(file).convert("RGB")).save(place / "one.png")
    monkeypatch.chdir(tmp_path)
    words = [
        *(
            "experiment=robustness",
            "model=timm:vit_tiny_patch16_224",
            "model.cfg_name=vit",
            "device=cpu",
            "threads=1",
        ),
        f"model.weights={weights / 'vit_tiny_patch16_224_imagenet1k.safetensors'}",
        *("evaluation.dtype=float32", "evaluation.backend=eager"),
        *("dataset=imagenet", f"dataset.folder={samples}", "dataset.test_limit=60"),
    ]
    assert main([*words, "shift=collection", "shift.folder=mirrored"]) == 0
    (run,) = withstand.load_runs("checkpoints")
    found = Collected.of([run], "mirrored")
    # The same pictures as a data set of their own, open to all outputs: 200 logits, and the best of the rest.
    own = [*words[:-3], "dataset=folder", "dataset.folder=mirrored", "experiment=evaluate", "classes=open"]
    assert main([word for word in own if word != "experiment=robustness"]) == 0
    apart = next(one for one in withstand.load_runs("checkpoints") if one.dataset == "mirrored")
    read = apart.predictions(Condition("clean", "clean"))
    assert read.logits.shape == (MANY, MANY + 1)
    among = (read.logits[:, :MANY].argmax(1) == read.labels).mean()
    of_all = (read.logits.argmax(1) == read.labels).mean()
    restricted, opened = found.shifted("vit"), found.among_all("vit")
    assert opened is not None and (restricted.n, opened.n) == (MANY, MANY)
    assert restricted.value == among > of_all == opened.value > 0.5
    assert run.about("mirrored")["of"].count(-1) == 1000 - MANY
    of = np.array(run.about("mirrored")["of"])
    assert [wnids()[at] for at in np.flatnonzero(of >= 0)] == sorted(
        file.name.partition("_")[0] for file in chosen
    )
    clean = found.clean("vit")
    assert clean is not None and 0 < clean.n < 60  # of the sixty, those of these classes
