"""Files of weights as training leaves them: one network, many wrappings, one digest and one answer."""

from __future__ import annotations

import argparse
import collections
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch.optim.swa_utils import AveragedModel

from withstand import datasets, models
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.engines.predictor import Predictor
from withstand.models.checkpoints import read_state
from withstand.models.loading import load
from withstand.models.weights_file import _harmless

TINY = ["model=small_cnn", "dataset=shapes", "dataset.n_train=1", "dataset.n_test=20"]
TEST = datasets.load(compose(TINY)).test
State = dict[str, torch.Tensor]


def trained(seed: int) -> torch.nn.Module:
    """A network whose BatchNorm has seen images, so that its counters are not 0."""
    made = models.build(compose([*TINY, f"seed={seed}"]))
    with torch.no_grad():
        made.network.train()(made.preprocessing(torch.from_numpy(TEST.images.copy())))
    return made.network.eval()


NETWORK, OTHER = trained(1), trained(2)
STATE: State = NETWORK.state_dict()
OTHERS: State = OTHER.state_dict()


def prefixed(prefix: str, state: State = STATE) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def without_counters() -> State:
    return {name: tensor for name, tensor in STATE.items() if not name.endswith("num_batches_tracked")}


def timm_s_own() -> dict[str, Any]:
    """As timm's ``last.pth.tar``: arguments, NumPy's numbers, and averages beside."""
    return {
        "epoch": 3,
        "arch": "resnet10t",
        "state_dict": OTHERS,
        "state_dict_ema": STATE,
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]},
        "args": argparse.Namespace(lr=np.float64(0.1), data_dir="photos", sync_bn=False),
        "metric": np.float64(71.5),
        "best": np.int64(3),
        "seen": np.float32(0.5),
    }


FORMS: dict[str, Any] = {
    "plain": STATE,
    "ordered": collections.OrderedDict(STATE),
    "state_dict": {"state_dict": STATE, "best_prec1": 91.5},
    "model": {"model": STATE, "epoch": 1},
    "model_state_dict": {"model": "resnet10t", "model_state_dict": STATE},
    "net": {"net": prefixed("module."), "acc": 91.5},
    "data parallel": prefixed("module."),
    "compiled": prefixed("_orig_mod."),
    "compiled, parallel": prefixed("module._orig_mod."),
    "parallel, compiled": {"model": prefixed("_orig_mod.module.")},
    "compiled inside": {name.replace("layer1.", "layer1._orig_mod."): t for name, t in STATE.items()},
    "lightning": {
        "pytorch-lightning_version": "2.4.0",
        "state_dict": prefixed("model."),
        "hyper_parameters": {"lr": 0.1},
        "callbacks": {},
    },
    "lightning, net": {"state_dict": prefixed("net._orig_mod.")},
    "no counters": without_counters(),
    "timm": timm_s_own(),
    "torchvision": {
        "model": OTHERS,
        "model_ema": AveragedModel(NETWORK).state_dict(),
        "args": argparse.Namespace(lr=0.1),
    },
    "averaged model": AveragedModel(NETWORK).state_dict(),
    "ema": {"model": OTHERS, "ema": {"module": STATE, "decay": 0.999}},
}


def build(tmp_path: Path, content: Any, *words: str) -> models.Classifier:
    torch.save(content, tmp_path / "w.pth")
    return models.build(compose([*TINY, f"model.weights={tmp_path}/w.pth", *words]))


def logits(classifier: models.Classifier) -> Any:
    return Predictor.of(classifier, torch.device("cpu"), torch.float32, 20)(TEST).logits


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> models.Classifier:
    folder = tmp_path_factory.mktemp("plain")
    save_file(STATE, folder / "w.safetensors")
    return models.build(compose([*TINY, f"model.weights={folder}/w.safetensors"]))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_classifier(tmp_path, plain, form):
    built = build(tmp_path, FORMS[form])
    assert built.digest() == plain.digest() and not built.fresh_head
    assert np.array_equal(logits(built), logits(plain))


def test_averages_beside_plain_weights_are_said_and_chosen(tmp_path, plain, capsys):
    build(tmp_path, timm_s_own())
    assert "averaged weights (EMA) are used; model.ema=false uses the plain ones" in capsys.readouterr().out
    both = [build(tmp_path, timm_s_own(), f"model.ema={word}").digest() for word in ("auto", "true", "false")]
    assert both[0] == both[1] == plain.digest() != both[2]
    assert "plain weights are used, not the averaged ones (EMA)" in capsys.readouterr().out
    assert both[2] == build(tmp_path, OTHERS).digest()


@pytest.mark.parametrize(
    ("content", "word", "text"),
    [
        (STATE, "true", "holds no averaged weights"),
        (AveragedModel(NETWORK).state_dict(), "false", "holds averaged weights (EMA) alone"),
        ({"state_dict": STATE, "home": Path("x")}, "auto", "PosixPath, which only its own code could read"),
        ({"model": NETWORK}, "auto", "ResNet, which only its own code could read"),
        ({"epoch": 3}, "auto", "holds no state dict"),
    ],
)
def test_what_cannot_be_taken_is_named(tmp_path, content, word, text):
    with pytest.raises(UserError) as told:
        build(tmp_path, content, f"model.ema={word}")
    assert text in str(told.value) and "\n" not in str(told.value)


def test_a_prefix_stays_where_then_nothing_fits(tmp_path):
    half = {(f"module.{name}" if name.startswith("layer") else name): t for name, t in STATE.items()}
    with pytest.raises(UserError, match=r"another architecture: layer1\S* is missing"):
        build(tmp_path, half)


def test_position_embeddings_of_another_size_are_resampled_as_timm_does():
    settings = {"embed_dim": 32, "num_heads": 2, "depth": 1, "num_classes": 10}
    large = timm.create_model("vit_tiny_patch16_224", img_size=64, **settings)
    ours, theirs = (timm.create_model("vit_tiny_patch16_224", img_size=96, **settings) for _ in range(2))
    load(ours, prefixed("module.", large.state_dict()), "w.pth")
    changed = timm.models.vision_transformer.checkpoint_filter_fn(large.state_dict(), theirs)
    theirs.load_state_dict(changed)
    assert models.digest(ours.state_dict()) == models.digest(theirs.state_dict())
    assert ours.pos_embed.shape[1] == 37


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["fc.weight", "bn1.running_var"])
def test_weights_that_are_no_numbers_are_refused(tmp_path, name, value):
    broken = {key: tensor.clone() for key, tensor in STATE.items()}
    broken[name].view(-1)[0] = value
    with pytest.raises(UserError, match=rf"{name} holds values that are not finite"):
        build(tmp_path, broken)


def test_reading_a_file_leaves_nothing_allowed_behind(tmp_path):
    torch.save({"state_dict": STATE, "args": argparse.Namespace(a=1)}, tmp_path / "w.pth")
    before = torch.serialization.get_safe_globals()
    read_state(tmp_path / "w.pth")
    after = torch.serialization.get_safe_globals()  # torch itself may have imported more of its own meanwhile
    assert not [one for one in _harmless() if one in after and one not in before]
