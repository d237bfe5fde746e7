"""The measured gap follows what is known of shapes: the more the background tells in training, the wider it is."""

from dataclasses import replace

import pytest
import torch

from withstand import datasets, models
from withstand.analysis.backgrounds import measures
from withstand.config.composing import compose
from withstand.datasets import worlds
from withstand.engines.predictor import Predictor
from withstand.training.loop import train

CPU = torch.device("cpu")


def gap(model, correlation, *words):
    config = compose(
        [
            f"model={model}",
            "dataset=shapes",
            "dataset.size=16",
            "model.image_size=16",
            f"dataset.correlation={correlation}",
            "dataset.n_train=1200",
            "dataset.n_test=800",
            "train.augment=none",
            "train.schedule=cosine",
            "train.learning_rate=0.002",
            *words,
        ]
    )
    images, classifier = datasets.load(config), models.build(config)
    for _ in train(
        classifier,
        images.train,
        images.test.take(slice(0, 20)),
        config.train,
        seed=1,
        device=CPU,
        dtype=torch.float32,
        eval_batch_size=20,
        resume=None,
    ):
        pass
    found, predictor = worlds.load(config), Predictor.of(classifier, CPU, torch.float32, 400)
    same, rand = (
        replace(predictor(found.of(v)), background=found.variants[v].background)
        for v in ("mixed_same", "mixed_rand")
    )
    pull = measures.pull(rand)
    return measures.gap(same, rand), pull.background.value


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("small_cnn", ["train.epochs=2", "train.batch_size=64"]),
        (
            "small_vit",
            [
                "model.args.img_size=16",
                "model.args.embed_dim=64",
                "model.args.depth=2",
                "train.epochs=6",
                "train.batch_size=32",
            ],
        ),
    ],
)
def test_the_gap_grows_with_the_correlation(model, words):
    torch.set_num_threads(1)
    (none, said_none), (half, said_half), (most, said_most) = (gap(model, c, *words) for c in (0, 0.5, 0.9))
    assert abs(none.value) < 0.12  # what few images leave to chance
    assert none.high < half.low  # far apart
    assert half.value < most.value
    assert said_none < said_half < said_most  # and so does the share of answers that name the background
