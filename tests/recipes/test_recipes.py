"""A recipe of CONTRIBUTING.md is tested by doing it, in a copy: what it adds works, and no test needs to hear of it.

All are done to one copy, and the tests run there once. ``python tests/recipes/apply.py COPY RECIPE`` does one alone.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

_SPEC = importlib.util.spec_from_file_location("recipes_apply", Path(__file__).with_name("apply.py"))
assert _SPEC is not None and _SPEC.loader is not None
apply = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(apply)

pytestmark = pytest.mark.xdist_group("recipes")  # what they share takes long to make

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

ONLY = "not test_properties or posterize or any_size"
"""The properties of the other corruptions are tested where they stand."""

METRIC = """
from pathlib import Path
import withstand
from tests.report.conftest import SOME, write_run

write_run(Path("runs"), "small_cnn", conditions=SOME[:3], sheet=False)
runs = withstand.load_runs("runs")
assert "margin" in runs.frame() and "margin" in set(withstand.compare(runs).frame().metric)
"""

PROGRAM = """
import json, sys, traceback
from withstand.cli import main

codes = {}
for name, words in json.loads(sys.argv[1]).items():
    try:
        if words:
            codes[name] = main(words)
        elif name == "metric":
            exec(sys.argv[2])
    except Exception:
        codes[name] = traceback.format_exc()
with open("codes.json", "w", encoding="utf-8") as file:
    json.dump(codes, file)
"""


class Done(NamedTuple):
    """What came of the copy: what each recipe's words ended with, and the failures of each file of tests."""

    codes: dict[str, int | str]
    failed: dict[str, list[str]]
    output: str


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    copy = apply.copy(tmp_path_factory.mktemp("recipes") / "copy")
    for recipe in apply.RECIPES.values():
        recipe(copy)
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(copy / "src"), str(copy)]),
        "OMP_NUM_THREADS": "1",
    }

    def run(*command: str) -> str:
        ended = subprocess.run(
            [sys.executable, *command], cwd=copy, env=env, capture_output=True, encoding="utf-8", check=False
        )
        return f"ended with {ended.returncode}\n{ended.stdout[-4000:]}\n{ended.stderr[-2000:]}"

    said = run("-c", PROGRAM, json.dumps(DOES), METRIC)
    assert (copy / "codes.json").is_file(), said
    tests = [f"tests/{one}" for one in [*ALWAYS, *(file for files in TESTS.values() for file in files)]]
    output = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=tests.xml", "-k", ONLY, *tests)
    assert (copy / "tests.xml").is_file(), output
    failed: dict[str, list[str]] = {}
    for case in ElementTree.parse(copy / "tests.xml").iter("testcase"):
        file = case.attrib["classname"].removeprefix("tests.").replace(".", "/") + ".py"
        wrong = [case.attrib["name"] for part in case if part.tag in ("failure", "error")]
        failed.setdefault(file, []).extend(wrong)
    return Done(json.loads((copy / "codes.json").read_text(encoding="utf-8")), failed, said + output)


@pytest.mark.parametrize("recipe", apply.RECIPES)
def test_a_recipe_is_all_there_is_to_do(done: Done, recipe: str) -> None:
    assert done.codes.get(recipe, 0) == 0, done.output
    assert bool(DOES[recipe]) <= (recipe in done.codes)
    for file in TESTS[recipe]:
        assert done.failed[file] == [], f"{file}: {done.output}"


def test_the_configs_and_the_help_know_all_of_them(done: Done) -> None:
    for file in ALWAYS:
        assert done.failed[file.partition("::")[0]] == [], done.output


def test_each_recipe_names_its_words_and_tests() -> None:
    assert set(DOES) == set(TESTS) == set(apply.RECIPES)
