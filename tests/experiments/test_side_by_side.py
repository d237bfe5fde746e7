"""Several processes fill one store with the very cells that one would have made."""

import pytest

from withstand.cli import main

WORDS = [
    "experiment=study",
    "model=small_cnn",
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "dataset.n_train=64",
    "dataset.n_test=30",
    "train.epochs=1",
    "threads=1",
    "shift.corruptions=[contrast,gaussian_noise]",
    "shift.severities=[1,5]",
]


@pytest.fixture
def there(tmp_path, monkeypatch, environment):
    """Processes that are started import this checkout too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    return tmp_path


def test_two_processes_make_what_one_makes(there):
    assert main([*WORDS, "paths.checkpoints=one"]) == 0
    assert main([*WORDS, "paths.checkpoints=two", "evaluation.devices=[cpu,cpu]"]) == 0
    one, two = (there / name / "small_cnn_shapes" for name in ("one", "two"))
    files = [sorted(file.name for file in (run / "predictions").iterdir()) for run in (one, two)]
    assert len(files[0]) == 5 and files[0] == files[1], "the same keys"
    assert (one / "robustness_results.csv").read_text() == (two / "robustness_results.csv").read_text()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["evaluation.precision=1"], "leave one of the two out"),
        (["experiment=finetune"], "experiment=finetune runs on one device"),
        (["experiment=background"], "experiment=background runs on one device"),
    ],
)
def test_devices_are_refused_where_they_would_be_ignored(there, capsys, words, text):
    assert main([*WORDS, "evaluation.devices=[cpu,cpu]", *words]) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("error: evaluation.devices") and text in told and "\n" not in told
    assert not (there / "checkpoints").exists()


def test_devices_of_another_kind_or_not_there_are_refused(there, capsys):
    assert main([*WORDS, "evaluation.devices=[cpu,cuda:7]"]) == 2
    assert "cuda:7" in capsys.readouterr().err
    assert not (there / "checkpoints").exists()
