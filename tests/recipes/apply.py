"""The recipes of CONTRIBUTING.md, done to a copy of the checkout: nothing here but what the page says to write.

    python tests/recipes/apply.py COPY RECIPE …     # or all

A recipe that needs more than its page says is a fault of the page or of the code.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("src", "configs", "tests", "docs", "main.py", "pyproject.toml", "CONTRIBUTING.md", "README.md")


def copy(to: Path) -> Path:
    """The parts of the checkout that a recipe touches or a test reads."""
    leave = shutil.ignore_patterns("__pycache__", ".*_cache")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, to / part, ignore=leave)
        else:
            shutil.copy(ROOT / part, to / part)
    return to


def _blocks(copy: Path, heading: str) -> list[str]:
    """The code blocks that CONTRIBUTING.md has under a heading."""
    page = (copy / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [body for _, body in re.findall(r"```(\w*)\n(.*?)```", section, flags=re.DOTALL)]


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def _edit(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(old) == 1, (path.name, old, content.count(old))
    path.write_text(content.replace(old, new), encoding="utf-8")


def corruption(copy: Path) -> None:
    """``posterize``, as the page has it."""
    package = copy / "src" / "withstand" / "corruptions"
    (code,) = _blocks(copy, "To add a shift")
    function = code.split("# digital.py")[1].split("\n\n\n")[0].split("\n", 1)[1]
    family = package / "digital.py"
    _write(family, f"{family.read_text(encoding='utf-8')}\n\n{function}\n")
    names = package / "names.py"
    _edit(names, "EXTRAS: tuple[str, ...] = (", 'EXTRAS: tuple[str, ...] = (\n    "posterize",\n    ')
    _edit(names, '"digital": (', '"digital": ("posterize", ')
    constants = package / "constants.py"
    _edit(constants, '"speckle_noise": "spread",', '"speckle_noise": "spread",\n    "posterize": "bits",')
    rows = re.search(r'"posterize": (\(.*?\)),? ?(?:#.*)?$', code, flags=re.MULTILINE)
    assert rows, "the page gives the row of constants"
    content = constants.read_text(encoding="utf-8")
    row = f'"posterize": {rows[1]},\n            "speckle_noise": (('
    _write(constants, content.replace('"speckle_noise": ((', row))


def metric(copy: Path) -> None:
    """The margin of the true class, for which higher is better."""
    metrics = copy / "src" / "withstand" / "results" / "metrics"
    function = (
        "\n\ndef margin(predictions: Predictions) -> NDArray[np.float64]:\n"
        '    """The true class\'s probability: float64 N."""\n'
        "    return probabilities(predictions)[np.arange(len(predictions)), predictions.labels]\n"
    )
    answers = metrics / "answers.py"
    _write(answers, answers.read_text(encoding="utf-8") + function)
    table = metrics / "__init__.py"
    _edit(table, "    losses,\n    nll,", "    losses,\n    margin,\n    nll,")
    _edit(
        table,
        "_OURS: dict[str, Metric] = {\n",
        '_OURS: dict[str, Metric] = {\n    "margin": Metric(margin, "Margin", "higher", high=1),\n',
    )


def tracker(copy: Path) -> None:
    """One that writes lines to a file of the run."""
    _write(
        copy / "src" / "withstand" / "trackers" / "lines.py",
        '"""Lines in a file."""\n\nfrom __future__ import annotations\n\n'
        "from collections.abc import Mapping\nfrom pathlib import Path\nfrom typing import Any\n\n"
        "from withstand.trackers import Tracker\n\n\n"
        "class Lines:\n"
        "    def __init__(self, file: Path) -> None:\n        self.file = file\n\n"
        "    def log(self, step: int, values: Mapping[str, float]) -> None:\n"
        '        """A line."""\n'
        "        self.file.parent.mkdir(parents=True, exist_ok=True)\n"
        '        with self.file.open("a", encoding="utf-8") as file:\n'
        '            file.write(f"{step} {sorted(values)}\\n")\n\n'
        "    def finish(self, summary: Mapping[str, float]) -> None:\n"
        '        """A last line."""\n'
        "        self.log(-1, summary)\n\n\n"
        "def start(*, project: str, run: str, tags: list[str], config: dict[str, Any], folder: Path) -> Tracker:\n"
        '    """Into ``lines.txt`` of the run."""\n'
        '    return Lines(folder / "lines.txt")\n',
    )
    _write(copy / "configs" / "tracker" / "lines.yaml", "name: lines\ntitle: lines in a file\n")


def experiment(copy: Path) -> None:
    """One that counts the test images of each class."""
    _write(
        copy / "src" / "withstand" / "experiments" / "count.py",
        '"""How many test images each class has."""\n\nfrom __future__ import annotations\n\n'
        "import numpy as np\n\nfrom withstand import datasets\nfrom withstand.config.schema import Config\n"
        "from withstand.base.console import say\n\n\n"
        "def run(config: Config, overrides: list[str]) -> int:\n"
        "    test = datasets.load(config).test\n"
        "    for name, n in zip(test.classes, np.bincount(test.labels, minlength=len(test.classes)), strict=True):\n"
        '        say(f"{name}: {n}")\n'
        "    return 0\n",
    )
    _write(
        copy / "configs" / "experiment" / "count.yaml",
        "# @package _global_\nexperiment:\n  name: count\n  title: how many test images each class has\n",
    )


def section(copy: Path) -> None:
    """One table: how many conditions each run has."""
    (head,) = _blocks(copy, "To add a section to the report")
    place = re.search(r"PLACE = \d+", head)
    assert place, "the page shows a place"
    _write(
        copy / "src" / "withstand" / "report" / "sections" / "counted.py",
        '"""How many conditions each run has."""\n\nfrom __future__ import annotations\n\n'
        "from withstand.report.section import Context, Section\n"
        "from withstand.report.table import MODEL, Column, Row, Table\n\n"
        f"{place[0]}\n\n\n"
        "def section(context: Context) -> Section | None:\n"
        '    rows = [Row({"model": name, "conditions": len(run.conditions)}) for name, run in context.runs.items()]\n'
        '    table = Table("counted", "Conditions", [MODEL, Column("conditions", "conditions", ",d")], rows)\n'
        '    return Section("counted", "How many conditions", tables=[table])\n',
    )


def model(copy: Path) -> None:
    """The example of docs/models.md, as a model that is shipped."""
    page = (copy / "docs" / "models.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    _write(copy / "configs" / "model" / "convnext_tiny.yaml", example)


def dataset(copy: Path) -> None:
    """Two classes of plain colour."""
    _write(
        copy / "src" / "withstand" / "datasets" / "plain.py",
        '"""Plain colours, dark and light."""\n\nfrom __future__ import annotations\n\nimport numpy as np\n\n'
        "from withstand.config.schema import Config\nfrom withstand.images.imageset import Dataset, ImageSet\n\n\n"
        "def from_config(config: Config) -> Dataset:\n"
        '    """Sixty images to train on, twenty to test."""\n'
        "    return Dataset(config.dataset.name, _drawn(np.arange(20, 80)), _drawn(np.arange(20)))\n\n\n"
        "def _drawn(ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ImageSet:\n"
        "    levels = np.where(ids % 2, 200, 50).astype(np.uint8)\n"
        "    images = np.broadcast_to(levels[:, None, None, None], (len(ids), 32, 32, 3))\n"
        '    return ImageSet(np.ascontiguousarray(images), ids % 2, ids, ("dark", "light"))\n',
    )
    _write(
        copy / "configs" / "dataset" / "plain.yaml",
        "name: plain\nabout: plain colours, dark and light\nnum_classes: 2\n"
        "mean: [0.5, 0.5, 0.5]\nstd: [0.25, 0.25, 0.25]\n",
    )


RECIPES: dict[str, Callable[[Path], None]] = {
    one.__name__: one for one in (corruption, metric, tracker, experiment, section, model, dataset)
}

if __name__ == "__main__":
    place = copy(Path(sys.argv[1]))
    for name in RECIPES if sys.argv[2:] in ([], ["all"]) else sys.argv[2:]:
        RECIPES[name](place)
