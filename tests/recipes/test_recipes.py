"""A recipe of CONTRIBUTING.md is tested by doing it, in a copy: what it adds works, and no test needs to hear of it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("recipes_apply", Path(__file__).with_name("apply.py"))
assert _SPEC is not None and _SPEC.loader is not None
apply = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(apply)

SMALL = [
    "model=small_cnn",
    "threads=1",
    "train.epochs=1",
    "dataset=shapes",
    "dataset.n_train=60",
    "dataset.n_test=20",
]

DOES = {
    "corruption": ["experiment=corrupt", *SMALL[3:], "shift.corruptions=[posterize]", "shift.severities=[2]"],
    "metric": None,
    "tracker": ["experiment=train", *SMALL, "tracker=lines"],
    "experiment": ["experiment=count", *SMALL[3:]],
    "section": None,
    "model": ["--cfg", "model=convnext_tiny"],
    "dataset": ["experiment=train", *SMALL[:3], "dataset=plain"],
}
"""What a user says who wants it."""

TESTS = {
    "corruption": [
        "corruptions/test_adding.py",
        "corruptions/test_properties.py",
        "training/test_protocols.py",
    ],
    "metric": ["test_library.py"],
    "tracker": ["trackers/test_guarded.py"],
    "experiment": [],
    "section": ["report/test_page.py"],
    "model": ["results/test_facts.py"],
    "dataset": [],
}
"""The tests that read what the recipe adds to, beside those of the configs and the help."""

ALWAYS = [
    "config/test_config.py::test_every_shipped_config_is_valid",
    "test_cli.py::test_help_names_everything_there_is",
]


@pytest.mark.parametrize("recipe", apply.RECIPES)
def test_a_recipe_is_all_there_is_to_do(recipe: str, tmp_path: Path) -> None:
    copy = apply.copy(tmp_path / "copy")
    apply.RECIPES[recipe](copy)
    path = os.pathsep.join([str(copy / "src"), str(copy)])
    env = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=copy, env=env, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    words = DOES[recipe]
    if words:
        assert run("main.py", *words)
    run(
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *(f"tests/{one}" for one in [*ALWAYS, *TESTS[recipe]]),
    )


def test_a_metric_is_in_every_table_at_once(tmp_path: Path) -> None:
    copy = apply.copy(tmp_path / "copy")
    apply.RECIPES["metric"](copy)
    code = (
        "from pathlib import Path\nimport withstand\nfrom tests.report.conftest import SOME, write_run\n"
        "write_run(Path('runs'), 'small_cnn', conditions=SOME[:3], sheet=False)\n"
        "runs = withstand.load_runs('runs')\n"
        "assert 'margin' in runs.frame() and 'margin' in set(withstand.compare(runs).frame().metric)\n"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(copy / "src"), str(copy)])}
    subprocess.run([sys.executable, "-c", code], cwd=copy, env=env, check=True)
