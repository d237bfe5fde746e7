"""Real photographs and a real classifier: preprocessing gives the accuracy that is known, and the map nine classes."""

import json

import numpy as np
import pytest
import torch

from withstand.analysis.backgrounds import measures
from withstand.config.composing import compose
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.images.listing import listed
from withstand.images.photographs import decoded
from withstand.models import build, class_map


@pytest.fixture(scope="module")
def predictions(real_data, tmp_path_factory):
    """The 1,000-class ViT-Ti on one photograph of each class: short side 248, bicubic, the middle 224."""
    folder = real_data / "imagenet-1k-samples"
    if not folder.is_dir() or not (real_data / "weights").is_dir():
        pytest.skip("needs imagenet-1k-samples and weights in WITHSTAND_DATA")
    files = listed(folder)  # sorted by WordNet id: the order of ImageNet's classes
    photographs = decoded(files, folder, 248, tmp_path_factory.mktemp("cache"), "samples")
    labels = np.arange(len(files))
    images = ImageSet(photographs.images, labels, labels, tuple(file.stem for file in files))
    words = [
        "model=vit_tiny_pretrained",
        "model.interpolation=bicubic",
        "model.crop=0.9",
        f"paths.data={real_data}",
    ]
    config = compose([*words, "dataset=imagenet9", "dataset.num_classes=1000"])
    classifier = build(config)
    assert not classifier.fresh_head
    torch.set_num_threads(1)
    return Predictor.of(classifier, torch.device("cpu"), torch.float32, 50)(images)


def test_the_accuracy_that_is_known(predictions):
    assert len(predictions) == 1000
    assert 100 * measures.accuracy(predictions).value == pytest.approx(80.4, abs=0.15)


def test_zero_shot_on_the_370_that_are_mapped(predictions, shared_data):
    path = shared_data / "in_to_in9.json"
    class_of = class_map.positions(class_map.read_map(path, fetch=False), class_map.NINE, path)
    rows = np.flatnonzero(class_of >= 0)
    own = type(predictions)(rows, class_of[rows], predictions.logits[rows])
    seen = class_map.through(own, class_of, 9)
    top1, outside = measures.accuracy(seen), measures.outside(seen)
    among = measures.accuracy(measures.restricted(seen))
    print(json.dumps([vars(one) for one in (top1, outside, among)]))
    assert top1.n == 370
    assert top1.value > 0.9 and among.value > top1.value and outside.value < 0.08
