"""Classifiers: heads by name, files of every kind, and errors that say which keys are wrong."""

import pytest
import timm
import torch
from safetensors.torch import save_file

from withstand import models
from withstand.base.errors import UserError
from withstand.config.composing import compose

TINY = ["model=small_cnn", "dataset=shapes"]


def test_a_file_for_other_classes_keeps_all_but_the_head(tmp_path):
    source = timm.create_model("resnet10t", num_classes=7, **compose(TINY).model.args)
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    built = models.build(compose([*TINY, f"model.weights={tmp_path}/w.safetensors"]))
    ours, theirs = built.network.state_dict(), source.state_dict()
    assert ours["fc.weight"].shape[0] == 10
    assert all(torch.equal(ours[k], theirs[k]) for k in theirs if not k.startswith("fc."))
    assert built.origin == "file w.safetensors"


def test_a_checkpoint_of_the_same_classes_keeps_its_head(tmp_path):
    source = models.build(compose([*TINY, "seed=7"]))
    torch.save(source.network.state_dict(), tmp_path / "best_model.pth")
    built = models.build(compose([*TINY, f"model.weights={tmp_path}/best_model.pth"]))
    assert built.digest() == source.digest()


def test_the_seed_decides_the_weights_and_the_digest_sees_them():
    digests = [models.build(compose([*TINY, f"seed={seed}"])).digest() for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet50"])
def test_a_file_of_another_architecture_names_its_keys(tmp_path, name):
    source = timm.create_model(name, num_classes=10)
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(
        UserError, match=r"another architecture: .*(is missing|is not in the model|not \().*more"
    ):
        models.build(compose([*TINY, f"model.weights={tmp_path}/w.safetensors"]))


@pytest.mark.parametrize("content", [b"", b"not weights", b"\x80\x04c__builtin__\nprint\n."])
def test_a_file_that_holds_no_weights_is_refused(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(UserError, match="cannot read the weights"):
        models.build(compose([*TINY, f"model.weights={tmp_path}/w.pth"]))


def test_a_missing_file_and_an_unknown_architecture():
    with pytest.raises(UserError, match=r"there is no weights file nowhere\.pth; put it there"):
        models.build(compose([*TINY, "model.weights=nowhere.pth"]))
    with pytest.raises(UserError, match="did you mean 'resnet50'"):
        models.build(compose([*TINY, "model.name=resnet5O"]))


def test_pretrained_weights_that_cannot_be_had_say_where_to_put_them(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network")

    config = compose(["model=resnet50_pretrained", "dataset=cifar10", "paths.data=elsewhere"])
    monkeypatch.setattr(
        models.sources.timm, "_create", lambda *a, **k: refuse() if k else torch.nn.Linear(1, 1)
    )
    with pytest.raises(UserError, match=r"elsewhere/weights/resnet50\.a1_in1k\.safetensors"):
        models.build(config)


def test_a_trained_model_is_restored_without_its_pretrained_weights(tmp_path, monkeypatch):
    """Nothing is downloaded again, and the images are made ready as those weights want them."""
    config = compose(["model=vit_tiny_pretrained", "dataset=cifar10", "model.image_size=32"])
    monkeypatch.setattr(models.sources.timm, "_download", None)
    trained = timm.create_model(config.model.name, num_classes=10, img_size=32)
    torch.save(trained.state_dict(), tmp_path / "best_model.pth")
    restored = models.restore(config, tmp_path / "best_model.pth")
    assert restored.digest() == models.digest(trained.state_dict())
    assert restored.preprocessing.mean == (0.5, 0.5, 0.5)


def test_own_weights_of_a_model_from_scratch_see_the_dataset_s_statistics(tmp_path):
    config = compose([*TINY, f"model.weights={tmp_path}/w.pth"])
    torch.save(models.build(compose(TINY)).network.state_dict(), tmp_path / "w.pth")
    assert models.build(config).preprocessing.mean == tuple(config.dataset.mean)


def test_the_real_weights_of_vit_tiny(real_data):
    built = models.build(compose(["model=vit_tiny_pretrained", "dataset=cifar10", f"paths.data={real_data}"]))
    assert (
        built.origin
        == "timm vit_tiny_patch16_224.augreg_in21k_ft_in1k, from vit_tiny_patch16_224_imagenet1k.safetensors"
    )
    assert built.preprocessing.mean == (0.5, 0.5, 0.5)


def test_a_misspelt_tag_or_architecture_gets_the_nearest(tmp_path):
    words = ["model=resnet50_pretrained", f"paths.data={tmp_path}"]
    with pytest.raises(UserError, match=r"no weights 'a1_in1kk' of resnet50; did you mean 'a1_in1k'"):
        models.build(compose([*words, "model.tag=a1_in1kk"]))
    with pytest.raises(UserError, match="has no architecture 'zzz'") as caught:
        models.build(compose([*words, "model.name=zzz"]))
    assert len(str(caught.value)) < 1000, "not all of timm"
