"""What a classifier says of photographs of any size is what its source's own code says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from timm.data import create_transform, resolve_model_data_config
from torch import nn
from torchvision import models as theirs

from withstand.base.errors import UserError
from withstand.models.objects import of_object

Answers = Callable[..., Any]
NEAR = 1e-3


@torch.inference_mode()
def own(network: nn.Module, prepare: Callable[[Any], torch.Tensor], pictures: list[Any]) -> torch.Tensor:
    return torch.cat([network.eval()(prepare(one)[None]) for one in pictures])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("mobilenetv3_small_050.lamb_in1k", {}),  # bicubic, 0.875
        ("vit_tiny_patch16_224.augreg_in21k_ft_in1k", {"depth": 1}),  # bicubic, 0.9, its own mean
        ("resnet10t.c3_in1k", {}),  # 176 pixels, 0.875
        ("efficientvit_b0.r224_in1k", {}),  # 0.95
    ],
)
def test_timm(answers: Answers, tmp_path: Path, name: str, args: dict[str, Any]) -> None:
    torch.manual_seed(1)
    network = timm.create_model(name, pretrained=False, **args)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "w.pth")
    words = [f"model.args.{key}={value}" for key, value in args.items()]
    found, said, pictures = answers(f"model=timm:{name}", f"model.weights={tmp_path}/w.pth", *words)
    theirs_ = create_transform(**resolve_model_data_config(network), is_training=False)
    assert torch.allclose(said, own(network, theirs_, pictures), atol=NEAR)
    assert found.preprocessing.image_size == resolve_model_data_config(network)["input_size"][-1]


@pytest.mark.parametrize(
    "weights", ["ResNet18_Weights.IMAGENET1K_V1", "MobileNet_V3_Small_Weights.IMAGENET1K_V1"]
)
def test_torchvision(answers: Answers, tmp_path: Path, weights: str) -> None:
    torch.manual_seed(1)
    meant = theirs.get_weight(weights)
    network = theirs.get_model(weights.split("_Weights")[0].lower(), weights=None)
    torch.save(network.state_dict(), tmp_path / "w.pth")
    _, said, pictures = answers(f"model=torchvision:{weights}", f"model.weights={tmp_path}/w.pth")
    assert torch.allclose(said, own(network, meant.transforms(), pictures), atol=NEAR)


def test_torchvision_finds_the_weights_of_a_name_in_the_data_folder(answers: Answers, tmp_path: Path) -> None:
    meant = theirs.ResNet18_Weights.DEFAULT
    (tmp_path / "weights").mkdir()
    torch.save(theirs.resnet18().state_dict(), tmp_path / "weights" / Path(meant.url).name)
    found, _, _ = answers("model=torchvision:resnet18", f"paths.data={tmp_path}")
    assert found.origin == "torchvision ResNet18_Weights.IMAGENET1K_V1"
    assert len(found.outputs) == 1000 and found.outputs[0] == "tench"
    with pytest.raises(UserError, match="has no 'resnet19'; did you mean 'resnet18'"):
        answers("model=torchvision:resnet19")
    with pytest.raises(UserError, match="did you mean 'IMAGENET1K_V2'"):
        answers("model=torchvision:ResNet50_Weights.IMAGENET1K_V3")


def hf_folder(kind: str, folder: Path) -> tuple[nn.Module, Any]:
    """A small classifier of Transformers with random weights and its usual image processor, saved."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    if kind == "vit":
        config = transformers.ViTConfig(
            hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_labels=5
        )
        model, processor = transformers.ViTForImageClassification(config), transformers.ViTImageProcessorPil()
    else:
        config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1], num_labels=5)
        model = transformers.ResNetForImageClassification(config)
        processor = transformers.ConvNextImageProcessorPil(size={"shortest_edge": 224}, crop_pct=0.875)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return model, processor


@pytest.mark.parametrize("kind", ["vit", "resnet"])
def test_transformers(answers: Answers, tmp_path: Path, kind: str) -> None:
    model, processor = hf_folder(kind, tmp_path / kind)
    found, said, pictures = answers(f"model=hf:{tmp_path}/{kind}")

    def prepare(one: Any) -> torch.Tensor:
        return torch.as_tensor(np.asarray(processor(one, return_tensors="np")["pixel_values"]))[0].float()

    with torch.inference_mode():
        expected = torch.cat([model.eval()(prepare(one)[None]).logits for one in pictures])
    assert torch.allclose(said, expected, atol=NEAR)
    assert found.outputs == ()  # LABEL_0 is no name
    batch = torch.randint(256, (2, 40, 50, 3), dtype=torch.uint8)
    assert torch.equal(of_object(model, processor).logits(batch), found.logits(batch))


def test_transformers_with_a_head_that_was_never_trained_is_refused(tmp_path: Path, answers: Answers) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    transformers.ViTModel(config).save_pretrained(tmp_path / "backbone")
    transformers.ViTImageProcessorPil().save_pretrained(tmp_path / "backbone")
    with pytest.raises(UserError, match=r"has no weights for classifier\.bias .* drawn at random"):
        answers(f"model=hf:{tmp_path}/backbone")


def test_open_clip(answers: Answers, tmp_path: Path) -> None:
    """Its own zero-shot recipe, with its own 80 templates."""
    open_clip = pytest.importorskip("open_clip")
    torch.manual_seed(1)
    model, _, prepare = open_clip.create_model_and_transforms("ViT-S-32-alt")
    torch.save(model.state_dict(), tmp_path / "clip.pt")
    found, said, pictures = answers("model=clip:ViT-S-32-alt", f"model.weights={tmp_path}/clip.pt")
    with torch.inference_mode():
        classes = open_clip.build_zero_shot_classifier(
            model.eval(),
            open_clip.get_tokenizer("ViT-S-32-alt"),
            ["cat", "dog"],
            open_clip.OPENAI_IMAGENET_TEMPLATES,
        )
        features = torch.cat([model.encode_image(prepare(one)[None], normalize=True) for one in pictures])
        expected = model.logit_scale.exp() * features @ classes
    assert torch.allclose(said, expected, atol=NEAR)
    few = tmp_path / "prompts.txt"
    few.write_text("a drawing of a {}\n", encoding="utf-8")
    other, _, _ = answers(
        "model=clip:ViT-S-32-alt", f"model.weights={tmp_path}/clip.pt", f"model.args.templates={few}"
    )
    assert other.digest() != found.digest()  # the text is a part of the key
