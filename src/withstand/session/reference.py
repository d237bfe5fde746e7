"""Every setting in one page, from the schema and the configs; ``python -m withstand.session.reference`` prints it.

It is kept as docs/settings.md. What a setting means is the comment beside it in its YAML, else what the schema says;
there is no third place.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import yaml

from withstand.config import ranges, schema
from withstand.config.composing import choices, config_folder
from withstand.config.schema import Config, keys
from withstand.session import usage

_LINE = re.compile(r"^(?P<indent> *)(?P<key>\w+):(?P<value>[^#]*?)(?:\s+#\s*(?P<said>.*))?$")
_HIDDEN = ("experiment.", "dataset.options", "shift.options", "dataset.about", "shift.title", "tracker.title")
_OPEN = ("dataset", "shift")
_INTRODUCTION = """# Settings

Every setting is `KEY=VALUE` on the command line; the keys of a group may also stand in a YAML file of yours under
`configs/`. This page is made from the schema and the shipped configs, and checked in CI. `null` is no value. A list is
written `[a,b]`. A setting that the experiment does not use is refused; each group says which experiments use it.
"""


def page() -> str:
    """The page, as Markdown."""
    said = _comments()
    groups = [item.name for item in fields(Config) if is_dataclass(keys()[item.name])]
    parts = [_INTRODUCTION, _group("General", "", said)]
    parts += [_group(f"`{one}`", f"{one}.", said) for one in groups if one not in ("experiment", *_OPEN)]
    for group in _OPEN:
        parts.append(_group(f"`{group}`", f"{group}.", said))
        parts += [_own(group, name) for name in sorted(choices(group))]
    return "\n".join(part for part in parts if part)


def meaning(key: str, said: Mapping[str, tuple[str, str]]) -> str:
    """What a key means; empty where nothing says so."""
    return said.get(key, ("", ""))[1] or _of_schema(key)


def _group(title: str, prefix: str, said: Mapping[str, tuple[str, str]]) -> str:
    rows = []
    for key in keys():
        inner = key.removeprefix(prefix)
        if not key.startswith(prefix) or "." in inner or key.startswith(_HIDDEN) or is_dataclass(keys()[key]):
            continue
        rows.append((key, _type(keys()[key]), _default(key, said), _range(key), meaning(key, said)))
    if not rows:
        return ""
    who = _used(prefix.rstrip(".")) if prefix else ""
    heading = [f"## {title}", "", *([f"Used by {who}.", ""] if who else [])]
    return "\n".join([*heading, *_table(("key", "type", "default", "range", "meaning"), rows), ""])


def _own(group: str, name: str) -> str:
    """What the YAML of a data set or shift sets beside what all have."""
    common = {key.removeprefix(f"{group}.") for key in keys() if key.startswith(f"{group}.")}
    rows = [
        (f"{group}.{key}", f"`{value or 'null'}`", text)
        for key, value, text in _lines(config_folder() / group / f"{name}.yaml")
        if key not in common and text
    ]
    if not rows:
        return ""
    return "\n".join([f"### `{group}={name}`", "", *_table(("key", "default", "meaning"), rows), ""])


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"| {' | '.join('---' for _ in heads)} |"
    for key, *rest in rows:
        cells = [f"`{key}`", *(cell.replace("|", r"\|") for cell in rest)]
        yield f"| {' | '.join(cells)} |"


def _comments() -> dict[str, tuple[str, str]]:
    """Key → its value and the comment beside it, in the defaults and in the experiments' configs."""
    folder = config_folder()
    found: dict[str, tuple[str, str]] = {}
    for file in (folder / "defaults.yaml", *sorted((folder / "experiment").glob("*.yaml"))):
        for key, value, text in _lines(file):
            if text or key not in found:
                found.setdefault(key, (value, text))
                found[key] = (found[key][0], found[key][1] or text)
    for group in ("tracker", "cluster", "model"):
        for file in sorted((folder / group).glob("*.yaml")):
            for key, value, text in _lines(file):
                if text:
                    found.setdefault(f"{group}.{key}", (value, text))
    for group in _OPEN:
        for file in sorted((folder / group).glob("*.yaml"), key=lambda one: one.stem != "corruption"):
            for key, _, text in _lines(file):
                if text:
                    found.setdefault(f"{group}.{key}", ("", text))
    return found


def _lines(file: Path) -> Iterator[tuple[str, str, str]]:
    """Dotted key, value as written, and comment, of a YAML of two levels at most."""
    above = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        found = _LINE.match(line)
        if found is None or found["key"] == "defaults":
            continue
        value, text = found["value"].strip(), (found["said"] or "").strip()
        if not found["indent"]:
            above = "" if value else f"{found['key']}."
        key = f"{above if found['indent'] else ''}{found['key']}"
        if value or text:
            yield key, value, text


def _default(key: str, said: Mapping[str, tuple[str, str]]) -> str:
    written = said.get(key, ("", ""))[0]
    item = _field(key)
    if written and not key.startswith("model."):
        return f"`{written}`"
    if item.default is not MISSING:
        return "" if item.default == "???" else f"`{_plain(item.default)}`"
    made = item.default_factory() if item.default_factory is not MISSING else ""
    return f"`{_plain(made)}`"


def _plain(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).strip()
    return text.removesuffix("...").strip().replace("''", '""') or '""'


def _type(kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_type(one) for one in get_args(kind))
    if get_origin(kind) is list:
        return f"list of {_type(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return "mapping"
    known = {
        str: "text",
        int: "integer",
        float: "number",
        bool: "true or false",
        type(None): "null",
        Any: "any",
    }
    return known.get(kind, str(kind))


def _range(key: str) -> str:
    what = _field(key).metadata.get("allowed")
    if not isinstance(what, ranges.Allowed):
        return ""
    names = what.choices() if callable(what.choices) else what.choices
    if names:
        return ", ".join(f"`{one}`" for one in names)
    if what.high < math.inf and what.high <= 1000:
        sign = "between" if what.between else "from"
        return f"{sign} {what.low:g} {'and' if what.between else 'to'} {what.high:g}"
    if what.low > -math.inf:
        return f"above {what.low:g}" if what.between else f"{what.low:g} or more"
    return ""


def _field(key: str) -> Any:
    kind: Any = Config
    for part in key.split("."):
        item = next(one for one in fields(kind) if one.name == part)
        kind = keys(kind)[part]
    return item


def _of_schema(key: str) -> str:
    """What the schema says: ``about``, else the comment at the end of the field."""
    what = _field(key).metadata.get("allowed")
    if isinstance(what, ranges.Allowed) and what.about:
        return what.about
    above, _, name = key.rpartition(".")
    owner = type(Config()) if not above else keys()[above]
    source = Path(inspect.getsourcefile(schema) or "").read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == owner.__name__:
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and getattr(part.target, "id", "") == name:
                    text = " ".join(lines[part.lineno - 1 : (part.end_lineno or part.lineno)])
                    return text.partition("  # ")[2].rstrip(" )")
    return ""


def _used(group: str) -> str:
    names = [name for name in choices("experiment") if usage.covered(group, usage.used_by(name))]
    return ", ".join(f"`{name}`" for name in names) if group not in usage.EVERYWHERE else "every experiment"


if __name__ == "__main__":
    sys.stdout.write(page())
