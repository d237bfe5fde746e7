"""Words are read as people mean them: paths and names as written, one value is a list of one."""

from pathlib import Path

import pytest

from withstand import cli, experiments
from withstand.base.errors import UserError
from withstand.config.composing import choices, compose

NAMES = [
    "plain", "a=b", "a(b", "a)b", "a#b", "it's", "a&b", "~a", "a b", "a,b", "a[b]", "a{b}", "a$b", "a:b", "a%b",
    "a+b", "a@b", "a!b", "a;b", "grün", "日本", 'a"b', "a\\b", "a*b", "a?b", "a|b", "a<b>", "a`b", "-a", ".a", "1e3",
]  # fmt: skip

MINE = """# @package _global_
model:
  cfg_name: {}
  name: resnet18
  image_size: 32
  num_classes: ${{dataset.num_classes}}
"""


def own_model(folder: Path, file: str = "mine", cfg_name: str = "mine") -> None:
    (folder / "configs" / "model").mkdir(parents=True)
    (folder / "configs" / "model" / f"{file}.yaml").write_text(MINE.format(cfg_name), encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_taken_as_written(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every key that holds a path or a name, and as the folder one works in, with configs of one's own."""
    own_model(tmp_path / name)
    monkeypatch.chdir(tmp_path / name)
    words = ["model=mine", "dataset=folder", f"dataset.folder=in/{name}", f"model.weights={name}.pth"]
    words += [
        f"paths.data={name}",
        f"finetune.name={name}",
        f"dataset.cache={name}",
        f"tracker.tags=[{name}]",
    ]
    config = compose([*words, f"make_backgrounds.boxes={name}.tsv", f"shift.written=./{name}"])
    assert config.model.name == "resnet18"
    assert config.dataset.options["folder"] == f"in/{name}" and config.dataset.options["cache"] == name
    assert config.dataset.label == name and config.run_folder == Path("checkpoints") / f"mine_{name}"
    assert (config.model.weights, config.paths.data, config.finetune.name) == (f"{name}.pth", name, name)
    assert (config.make_backgrounds.boxes, config.shift.written) == (f"{name}.tsv", f"./{name}")
    assert config.shift.folder == f"{name}/{name}-C", "what is made of it follows"
    assert config.tracker.tags == name.split(",")


def test_null_quotes_and_references_mean_what_they_did() -> None:
    config = compose(["model=small_cnn", "model.tag=null", "model.weights='a b.pth'", "paths.data=/big"])
    assert (config.model.tag, config.model.weights) == (None, "a b.pth")
    assert compose(["paths.reports=${paths.checkpoints}/r"]).paths.reports == "checkpoints/r"
    assert compose(["paths.data=/big"]).shift.written == "/big/cifar10-corrupted"


def test_one_value_is_a_list_of_one() -> None:
    config = compose(["shift.severities=3", "models=resnet50", "tracker.tags=1e3", "evaluation.devices=cpu"])
    assert (config.shift.severities, config.models, config.tracker.tags) == ([3], ["resnet50"], ["1e3"])
    assert config.evaluation.devices == ["cpu"]
    assert compose(["finetune.held_out=noise", "shift.corruptions=fog"]).finetune.held_out == ["noise"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("model=resnet50,vit_small", "names several; give one"),
        ("model=[resnet50,vit_small]", "names several; give one"),
        ("model=null", "unknown model 'null'"),
        ("train.epochs=1,2", "names several values"),
        ("shift.severities=1,2", r"a list is written \[A,B\]"),
        ("shift.severities=[]", "is empty"),
        ("shift.severities=null", "shift.severities"),
        ("shift.severities=[1,1]", "has a name twice"),
        ("shift.corruptions=[]", "is empty"),
        ("shift.corruptions=null", "is empty"),
        ("background.variants=[]", "is empty"),
        ("model.mean=0.5", "must have three values"),
        ("model.cfg_name=a/b", "cannot name a folder"),
        ("dataset.title=..", "cannot name a folder"),
        ("suffix=-a/../../b", "cannot name a folder"),
        ("paths.data=${nope}", "'nope' not found"),
    ],
)
def test_what_cannot_be_meant_is_one_line(word: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        compose([word])
    assert "\n" not in str(caught.value)


def test_a_wrong_name_does_not_print_everything_there_is() -> None:
    with pytest.raises(UserError) as caught:
        compose(["zzz=1"])
    assert len(str(caught.value)) < 600


def test_a_model_is_called_as_its_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its runs would go into the folder of another model, or train what is trained already."""
    own_model(tmp_path, "mine", "resnet50")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="says cfg_name: resnet50; write cfg_name: mine"):
        compose(["model=mine"])


def test_a_config_that_is_no_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_model(tmp_path)
    monkeypatch.chdir(tmp_path)
    for content in ("a: [", "- a list"):
        Path("configs/model/other.yaml").write_text(content, encoding="utf-8")
        known = choices("model")
        assert "other" not in known and "mine" in known
        assert "other.yaml is damaged" in known.broken["other"] and "\n" not in known.broken["other"]
        with pytest.raises(UserError, match=r"other\.yaml is damaged"):
            compose(["model=other"])
        assert compose(["model=mine"]).model.cfg_name == "mine"


@pytest.mark.parametrize(
    ("words", "experiment", "models"),
    [
        ([], "quickstart", ["small_cnn", "small_vit"]),
        (["train.epochs=1"], "quickstart", ["small_cnn", "small_vit"]),
        (["tracker=none", "shift.severities=[1]"], "quickstart", ["small_cnn", "small_vit"]),
        (["models=small_cnn"], "quickstart", ["small_cnn"]),
        (["model=resnet50"], "study", []),
        (["dataset=cifar10", "train.epochs=1"], "study", []),
        (["experiment=train", "seed=1"], "train", []),
    ],
)
def test_words_that_choose_nothing_are_the_quickstarts(
    words: list[str], experiment: str, models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(experiments, "run", lambda config, overrides: asked.append((config, overrides)) or 0)
    assert cli.main(words) == 0
    (config, overrides) = asked[0]
    assert (config.experiment.name, config.models) == (experiment, models)
    assert compose(overrides) == config, "the words on record give the same again"


def test_the_printed_settings_are_those_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--cfg", "train.epochs=1"]) == 0
    assert "name: quickstart" in capsys.readouterr().out


def test_the_home_folder_may_be_written_short(monkeypatch, tmp_path):
    """Shells leave a ``~`` after a ``=``; in quotes it is a name as any other."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    words = ["dataset=folder", "model=small_cnn"]
    assert compose([*words, "dataset.folder=~/photos"]).dataset.options["folder"] == str(tmp_path / "photos")
    assert compose([*words, "dataset.folder='~/photos'"]).dataset.options["folder"] == "~/photos"
