"""An installed distribution adds one of everything, and a command line uses it: nothing of ours has to hear of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.plugins.installing import install_package

pytestmark = pytest.mark.xdist_group("plugged")  # what they share takes long to make

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["model=small_cnn", "dataset=stripes", "threads=1", "evaluation.backend=eager"]
Does = Callable[..., str]


@pytest.fixture(scope="module")
def does(tmp_path_factory: pytest.TempPathFactory) -> Does:
    """Runs ``python …`` where the distribution is installed, in a folder of its own; gives what it printed."""
    place, folder = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("work")
    install_package(place)
    path = os.pathsep.join([str(ROOT / "src"), str(place)])
    env = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    run(
        str(ROOT / "main.py"),
        *SMALL,
        *("dataset.width=8", "tracker=diary", "train.epochs=1"),
        *("shift.corruptions=[fog]", "shift.severities=[1,2]"),
    )
    # On the very images of the training; without its tracker and width, the data set would be another one.
    words = [*SMALL, "dataset.width=8", "experiment=robustness", "shift=fade", "shift.amounts=[0.25,1.0]"]
    told = run(str(ROOT / "main.py"), *words)
    assert "3 conditions × 20 images, 1 done; fade: faded test images" in told and "the colours go" in told
    run(str(ROOT / "main.py"), "experiment=report", "dataset=stripes")
    return run


def test_the_data_set_is_trained_on_and_the_tracker_told(does: Does) -> None:
    told = does("-c", "print(open('checkpoints/small_cnn_stripes/diary.txt').read())")
    assert told.startswith("1 [") and "val" in told
    record = does("-c", "print(open('checkpoints/small_cnn_stripes/provenance.json').read())")
    assert '"width": 8' in record


def test_the_metric_is_in_frames_and_comparisons(does: Does) -> None:
    does(
        "-c",
        "import withstand\n"
        "runs = withstand.load_runs('checkpoints')\n"
        "frame = runs.frame()\n"
        "assert frame.sureness.between(0.5, 1).all() and len(frame) == 5\n"
        "one = withstand.compare(runs)\n"
        "assert 'sureness' in set(one.frame().metric)\n"
        "assert one.accuracy('small_cnn', 'corrupted', 'sureness').n == 20\n",
    )


def test_the_source_s_classifier_is_evaluated_as_it_is(does: Does) -> None:
    words = ["experiment=evaluate", "model=edges:2", "dataset=stripes", "dataset.width=8", "threads=1"]
    assert "of 20 images" in does(str(ROOT / "main.py"), *words, "paths.checkpoints=others")
    assert "edges" in does(str(ROOT / "main.py"), "--help")


def test_the_shift_stands_beside_the_corruptions(does: Does) -> None:
    does(
        "-c",
        "import withstand\n"
        "from withstand.results.store import Store\n"
        "runs = withstand.load_runs('checkpoints')\n"
        "assert runs[0].shifts == ('clean', 'fade', 'corruption') and runs[0].sampled is None\n"
        "fade, fog = withstand.compare(runs, shift='fade'), withstand.compare(runs)\n"
        "assert [c.variant for c in fade.conditions] == ['100', '25'] and len(fog.conditions) == 2\n"
        "assert [c.variant for c in fade.groups['gone']] == ['100'] and 'gone' not in fog.groups\n"
        "grey = runs[0].predictions(fade.conditions[0]).logits\n"
        "assert (grey == grey[0]).all()  # every image is the same grey\n",
    )
    page = does("-c", "print(open('reports/stripes/report.md').read())")
    assert "Under the shift fade" in page
    rows = does("-c", "print(open('reports/stripes/tables/shift-fade.csv').read())").split("\n")
    assert "shifted_top1" in rows[0] and "small_cnn" in rows[1]
    table = does("-c", "print(open('checkpoints/small_cnn_stripes/fade_results.csv').read())").split("\n")
    assert table[0] == "model,corruption,severity,top1_acc,top5_acc" and table[1].startswith("small_cnn,25,,")


def test_the_report_has_the_section_the_column_and_the_claim(does: Does) -> None:
    page = does("-c", "print(open('reports/stripes/report.md').read())")
    assert "How sure they are" in page and "A convolutional network is sure of something" in page
    tables = "reports/stripes/tables"
    rows = does("-c", f"print(open('{tables}/conditions.csv').read())").split()
    assert "sureness" in rows[0].split(",")
    assert "sureness" in does("-c", f"print(open('{tables}/hypotheses.csv').read())").split("\n")[0].split(
        ","
    )
    assert "small_cnn" in does("-c", f"print(open('{tables}/surest.csv').read())")


def test_the_experiment_runs_and_refuses_what_it_does_not_use(does: Does) -> None:
    assert does(str(ROOT / "main.py"), "experiment=tally", "dataset=stripes") == "across: 10\nalong: 10\n"
    with pytest.raises(AssertionError, match=r"experiment=tally does not use train\.epochs"):
        does(str(ROOT / "main.py"), "experiment=tally", "dataset=stripes", "train.epochs=1")


def test_the_adaptation_is_found(does: Does) -> None:
    does(
        "-c",
        "from withstand import adaptations\n"
        "one = adaptations.load('still')\n"
        "assert one.wrap('anything') == 'anything' and one.facts() == {'adaptation': 'still'}\n",
    )


def test_the_help_names_all_of_it_and_imports_the_metric_alone(does: Does) -> None:
    page = does("-c", "import sys; from withstand.help import show; show(); print(*sys.modules, sep='\\n')")
    shown, modules = page.split("Every setting is KEY=VALUE")
    for name in ("stripes", "diary", "tally", "sureness", "stripes across or along", "images fade to grey"):
        assert name in shown
    assert {one for one in modules.split() if one.startswith("plugged")} == {"plugged", "plugged.sureness"}


def test_names_import_nothing(does: Does) -> None:
    code = (
        "import sys\n"
        "from withstand.base import plugins\n"
        "from withstand.config.composing import choices\n"
        "for kind in plugins.KINDS: print(*plugins.names(kind))\n"
        "assert 'stripes' in choices('dataset')\n"
        "assert not [one for one in sys.modules if one.startswith('plugged')]\n"
    )
    assert {"stripes", "sureness", "surest", "diary", "tally", "still"} <= set(does("-c", code).split())
