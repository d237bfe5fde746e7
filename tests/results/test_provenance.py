"""The record names the code and the weights that were at work, and no others."""

import json
import subprocess

import pytest

from withstand import models
from withstand.cli import main
from withstand.config.composing import compose
from withstand.results import provenance
from withstand.results.facts import Facts


@pytest.fixture
def repository(tmp_path):
    """Somebody's repository with one commit; gives a function that runs git in it."""

    def git(*words):
        own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(tmp_path), *own, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        git("init", "-q")
    except OSError:
        pytest.skip("needs git")
    (tmp_path / "analysis.py").write_text("pass\n")
    git("add", "analysis.py")
    git("commit", "-q", "-m", "theirs")
    return git


def test_a_repository_that_the_package_only_lies_in_is_not_named(tmp_path, monkeypatch, repository):
    package = tmp_path / ".venv" / "withstand"
    package.mkdir(parents=True)
    (package / "provenance.py").write_text("")
    monkeypatch.setattr(provenance, "_PACKAGE", package)
    assert provenance.git_revision() is None
    repository("add", "-f", ".venv")
    repository("commit", "-q", "-m", "ours")
    assert provenance.git_revision() == repository("rev-parse", "--short=12", "HEAD")
    (package / "provenance.py").write_text("changed\n")
    assert str(provenance.git_revision()).endswith("-dirty")


def test_no_repository_and_no_git_are_no_revision(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.git_revision() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.git_revision() is None


def test_a_tag_that_was_left_out_is_recorded_as_what_it_stands_for(tmp_path, monkeypatch):
    """A bare architecture means other weights in another version of timm."""
    monkeypatch.chdir(tmp_path)
    words = [
        "model=vit_tiny_pretrained",
        "model.tag=null",
        "model.file=tiny.safetensors",
        "model.image_size=32",
    ]
    words += ["model.args={embed_dim:32,num_heads:2,depth:1}", "dataset=shapes", "dataset.n_train=40"]
    words += ["dataset.n_test=10", "experiment=train", "train.epochs=1", "threads=1", "device=cpu"]
    assert models.tag_of(compose(words).model) == "augreg_in21k_ft_in1k"
    from safetensors.torch import save_file

    small = models.sources.timm._create(
        "vit_tiny_patch16_224", 1000, models.sources.timm._arguments(compose(words).model)
    )
    (tmp_path / "data" / "weights").mkdir(parents=True)
    save_file(small.state_dict(), tmp_path / "data" / "weights" / "tiny.safetensors")
    assert main(words) == 0
    run = tmp_path / "checkpoints" / "vit_tiny_pretrained_shapes"
    record = json.loads((run / "provenance.json").read_text())
    assert record["tag"] == "augreg_in21k_ft_in1k"
    assert record["pretrained"] == "timm vit_tiny_patch16_224.augreg_in21k_ft_in1k, from tiny.safetensors"
    facts = Facts.of(json.loads((run / "summary.json").read_text()), record)
    assert facts.corpus == "ImageNet-21k + ImageNet-1k"


def test_a_local_copy_under_the_bare_name_is_found_as_before(tmp_path):
    config = compose(
        ["model=resnet50_pretrained", "model.tag=null", f"paths.data={tmp_path}", "dataset=shapes"]
    )
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "resnet50.safetensors").write_bytes(b"")
    assert models.sources.timm._local(config, config.model, "resnet50.a1_in1k").name == "resnet50.safetensors"
