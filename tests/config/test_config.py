"""Every shipped config composes and is checked; every mistake is one clear line."""

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from withstand.base.errors import UserError
from withstand.config.checks import typed
from withstand.config.composing import choices, compose, config_folder
from withstand.config.schema import Config


@pytest.mark.parametrize("group", ["dataset", "model", "shift", "experiment", "tracker"])
def test_every_shipped_config_is_valid(group):
    assert choices(group)
    for name in choices(group):
        config = compose([f"{group}={name}"])
        assert isinstance(config, Config)


@pytest.mark.parametrize(
    ("model", "architecture", "size", "epochs", "optimizer", "rate", "decay"),
    [
        ("resnet50", "resnet50", 32, 50, "sgd", 0.1, 5e-4),
        ("resnet50_pretrained", "resnet50", 32, 20, "sgd", 0.01, 5e-4),
        ("vit_small", "vit_small_patch16_224", 224, 50, "adamw", 1e-4, 0.05),
        ("vit_small_pretrained", "vit_small_patch16_224", 224, 20, "adamw", 1e-5, 1e-4),
    ],
)
def test_the_studys_settings(model, architecture, size, epochs, optimizer, rate, decay):
    c = compose([f"model={model}", "dataset=cifar10"])
    assert (c.model.name, c.model.image_size, c.model.num_classes) == (architecture, size, 10)
    assert (c.train.epochs, c.train.optimizer, c.train.learning_rate) == (epochs, optimizer, rate)
    assert (c.train.weight_decay, c.train.batch_size, c.train.momentum, c.seed) == (decay, 64, 0.9, 42)
    assert (c.train.schedule, c.train.augment) == ("constant", "crop_flip")
    assert str(c.run_folder) == f"checkpoints/{model}_cifar10"


def test_a_config_composed_as_the_study_does_is_typed():
    with initialize_config_dir(version_base=None, config_dir=str(config_folder().resolve())):
        raw = hydra_compose(config_name="config", overrides=["model=resnet50_pretrained_in9"])
    assert typed(raw).model.image_size == 224


def test_the_command_line_has_the_last_word_over_model_and_experiment():
    assert compose(["model=resnet50", "train.epochs=3"]).train.epochs == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=resnet5"], "unknown model 'resnet5'; did you mean 'resnet50'?"),
        (["dataset=cifar"], "unknown dataset 'cifar'; did you mean 'cifar10'?"),
        (["experiment=robustnes"], "did you mean 'robustness'?"),
        (["shift.corruptions=[fogg]"], "unknown 'fogg'; did you mean 'fog'?"),
        (["train.epoch=1"], "unknown key 'train.epoch'; did you mean 'train.epochs'?"),
        (["+train.extra=1"], "unknown key 'train.extra'"),
        (["epochs"], "settings are written KEY=VALUE"),
        (["train.epochs=-1"], "train.epochs=-1 must be 1 or more"),
        (["train.epochs=many"], "train.epochs: Value 'many'"),
        (["train.optimizer=adam"], "did you mean 'adamw'?"),
        (["train.learning_rate=-1"], "must be 0 or more"),
        (["train.learning_rate=nan"], "neither nan nor infinite"),
        (["train.validation=1"], "must lie between 0 and 1"),
        (["shift.severities=[0]"], "must be above 0"),
        (["model.num_classes=7"], "leave model.num_classes out"),
        (["dataset.test_limit=0"], "must be 1 or more"),
        (["dataset.name=foldr"], "set dataset.title); did you mean 'folder'?"),
    ],
)
def test_a_mistake_is_one_line(words, message):
    with pytest.raises(UserError) as caught:
        compose(words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_users_own_config_folder_is_found(tmp_path, monkeypatch):
    (tmp_path / "configs" / "model").mkdir(parents=True)
    own = tmp_path / "configs" / "model" / "mine.yaml"
    own.write_text("# @package _global_\nmodel:\n  cfg_name: mine\n  name: resnet18\n  image_size: 32\n")
    monkeypatch.chdir(tmp_path)
    assert compose(["model=mine"]).model.name == "resnet18"


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (["dataset=folder", "dataset.folder=in/my photos"], "my photos"),
        (["dataset=imagenet"], "imagenet"),
        (["dataset=csv", "dataset.file=in/site 3.csv"], "site 3"),
        (["dataset=npy", "dataset.images=in/cifar10.1_v6_data.npy"], "cifar10.1_v6_data"),
        (["dataset=hf", "dataset.repo=somebody/pictures"], "pictures"),
        (["dataset=hf", "dataset.repo=somebody/pictures", "dataset.title=mine"], "mine"),
        (["dataset=cifar100"], "cifar100"),
    ],
)
def test_a_data_set_is_called_by_its_folder_or_file(words, label):
    config = compose(["model=small_cnn", *words])
    assert config.dataset.label == label and config.run_name == f"small_cnn_{label}"
    assert config.dataset.num_classes == config.model.num_classes == 0, "counted when it is loaded"
