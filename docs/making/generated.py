"""The parts of pages that are made from the code: `python docs/making/generated.py` writes them, a test compares.

A part stands between `<!-- made: NAME -->` and `<!-- /made -->`.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import yaml

DOCS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(DOCS))

from making.formulas import FORMULAS  # noqa: E402

from withstand.corruptions.constants import FIELDS, PRESETS  # noqa: E402
from withstand.corruptions.names import CORRUPTIONS, EXTRAS, FAMILIES  # noqa: E402
from withstand.results.metrics import METRICS  # noqa: E402

_PART = re.compile(r"(<!-- made: (?P<name>\w+) -->\n).*?(<!-- /made -->)", re.DOTALL)


def metrics() -> Iterator[str]:
    """A section for each metric."""
    for name, metric in METRICS.ours.items():
        formula, about = FORMULAS[name]
        bounds = (
            f"{metric.low:g} to {metric.high:g}" if metric.high is not None else f"{metric.low:g} or more"
        )
        unit = "percent; a share from 0 to 1 in Python" if metric.share else metric.unit or "a pure number"
        yield f"### {metric.title}: `{name}`\n"
        yield f"$$\n{formula}\n$$\n"
        yield f"{about}\n"
        where = f", under `{metric.only}` alone" if metric.only else ""
        yield f"Unit: {unit}. Values: {bounds}. **{metric.better.capitalize()}** is better{where}.\n"


def corruptions() -> Iterator[str]:
    """A picture for each corruption, by family, with what it does and its constants."""
    for family, names in FAMILIES.items():
        yield f"### {family.capitalize()}\n"
        module = import_module(f"withstand.corruptions.{family}")
        for name in names:
            says = (
                (inspect.getdoc(getattr(module, name)) or "")
                .split("\n\n")[0]
                .replace("\n", " ")
                .replace("``", "`")
            )
            extra = " It is not among the 15 of the benchmark." if name in EXTRAS else ""
            yield f"**{name.replace('_', ' ').capitalize()}** (`{name}`). {says}{extra}\n"
            yield f"![{name} at severities 1 to 5, after the clean image](images/corruptions/{name}.png)\n"
    yield "## Constants\n"
    yield "Columns with a star are in pixels of 32 × 32 (`cifar`) or 224 × 224 (`imagenet`), and scale with the size.\n"
    yield "| corruption | columns | `cifar`, severity 1 to 5 | `imagenet`, severity 1 to 5 |"
    yield "| --- | --- | --- | --- |"
    for name in CORRUPTIONS:
        shown = [_rows(PRESETS[preset].rows[name]) for preset in ("cifar", "imagenet")]
        yield f"| `{name}` | `{FIELDS[name]}` | {' | '.join(shown)} |"


def shifts() -> Iterator[str]:
    """A line for each shift that has a YAML."""
    yield "| `shift=` | what it is | picture |"
    yield "| --- | --- | --- |"
    for file in sorted((DOCS.parent / "configs" / "shift").glob("*.yaml")):
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
        title, name = said["title"].replace(" (default)", ""), said["name"]
        yield f"| `{file.stem}` | {title} | [{name}](#{name.replace('_', '-')}) |"


def decisions() -> Iterator[str]:
    """The decisions by number."""
    for file in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        number, _, rest = title.partition(". ")
        yield f"- {number}: [{rest}]({file.name})"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    one.__name__: one for one in (metrics, corruptions, shifts, decisions)
}


def _rows(rows: tuple[tuple[float, ...], ...]) -> str:
    return "; ".join(" ".join(f"{value:.4g}" for value in row) for row in rows)


def renewed(text: str) -> str:
    """A page's text with its parts made again."""
    return _PART.sub(lambda found: f"{found[1]}{chr(10).join(PARTS[found['name']]())}\n{found[3]}", text)


def pages() -> list[Path]:
    """Those that have such parts."""
    return [file for file in sorted(DOCS.rglob("*.md")) if "<!-- made: " in file.read_text(encoding="utf-8")]


if __name__ == "__main__":
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (new := renewed(text)) != text:
            page.write_text(new, encoding="utf-8")
            print(page.relative_to(DOCS.parent))
