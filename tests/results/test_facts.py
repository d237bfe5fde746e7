"""What is known of a classifier: from the config where it says, else from timm's own names."""

import pytest

from withstand.config.composing import choices, compose
from withstand.results.facts import Facts, family_of
from withstand.results.folder import training_settings


def of(**model: object) -> Facts:
    return Facts.of({"model": "m"}, {"config": {"model": model}, "seed": 1, "image_size": 32})


@pytest.mark.parametrize(
    ("tag", "corpus"),
    [
        ("a1_in1k", "ImageNet-1k"),
        ("augreg_in21k_ft_in1k", "ImageNet-21k + ImageNet-1k"),
        ("laion2b_ft_in12k_in1k", "LAION-2B + ImageNet-12k + ImageNet-1k"),
        ("mystery", "unknown"),
    ],
)
def test_the_corpus_is_read_from_the_tag(tag: str, corpus: str) -> None:
    assert of(name="resnet50", pretrained=True, tag=tag).corpus == corpus


def test_what_the_config_says_comes_first_and_nothing_is_guessed() -> None:
    assert of(name="resnet50", corpus="JFT-300M", family="mixer") == Facts(
        "m", "mixer", "JFT-300M", "yes", 32, None, "", "trained", 1
    )
    assert of(name="resnet50").corpus == "none"
    assert of(name="resnet50").pretrained == "no"
    assert of(name="resnet50", weights="mine.pth").pretrained == "unknown"
    assert Facts.of({"model": "m"}, {}).corpus == "unknown"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("vit_small_patch16_224", "transformer"),
        ("deit3_base_patch16_224", "transformer"),
        ("resnet10t", "cnn"),
        ("convnext_tiny", "cnn"),
        ("mixer_b16_224", "unknown"),
    ],
)
def test_families(name: str, family: str) -> None:
    assert family_of(name) == family


def test_every_shipped_model_says_its_family() -> None:
    for name, content in choices("model").items():
        model = content["model"]
        known = family_of(model["name"])
        assert known != "unknown" and model.get("family", known) == known, name


def test_family_and_corpus_do_not_matter_to_training() -> None:
    settings = training_settings(compose(["model=small_cnn"]))["model"]
    assert not {"family", "corpus", "title"} & set(settings)
