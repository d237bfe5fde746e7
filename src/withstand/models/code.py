"""What a network computes with beside its weights, as far as it can be seen: source text, and what attributes say."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
import sysconfig
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import nn

USER = "withstand_user_"
"""What the names of modules begin with that were read from a user's file."""

_LIBRARIES = tuple({Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")})
_PLAIN = (bool, int, float, str, type(None))


def of_network(network: nn.Module) -> dict[str, str]:
    """Digests of the text that defines a user's classes, and of what a network says of itself, by name."""
    own = sorted({type(module) for module in network.modules()}, key=lambda one: one.__qualname__)
    own = [one for one in own if not _is_library(one)]
    settings = {
        name: {key: value for key, value in vars(module).items() if _says_something(key, value)}
        for name, module in network.named_modules()
        if type(module) in own
    }
    said = {"structure": _sha(repr(network))}
    if own:
        said["settings"] = _sha(json.dumps(settings, sort_keys=True, default=str))
        said["source"] = of_text(found for one in own if (found := text(one)))
    return said


def of_text(texts: Iterable[str]) -> str:
    """A digest of Python source that comments, docstrings and layout do not change."""
    return _sha("\n".join(sorted({_meaning(text) for text in texts})))


def unseen(thing: Any) -> bool:
    """Whether the text that defines a class or function cannot be had, as of what was typed at a prompt."""
    return not _is_library(thing) and not text(thing)


def text(thing: Any) -> str:
    """The whole file where there is one, since a function calls others; the cell, for a notebook's."""
    module = sys.modules.get(getattr(thing, "__module__", ""))
    file = getattr(module, "__file__", None)
    try:
        return Path(file).read_text(encoding="utf-8") if file else inspect.getsource(thing)
    except (OSError, TypeError, UnicodeDecodeError):
        return ""


def _is_library(thing: Any) -> bool:
    """Whether it comes with Python or an installed package, which the record of versions tells of."""
    module = sys.modules.get(getattr(thing, "__module__", ""))
    file = getattr(module, "__file__", None)
    if file is None:
        return module is not None and module.__name__ in sys.builtin_module_names
    place = Path(file).resolve()
    return any(place.is_relative_to(one) for one in _LIBRARIES)


def _says_something(key: str, value: Any) -> bool:
    if key.startswith("_") or key == "training":
        return False
    plain = value if isinstance(value, tuple | list) else [value]
    return all(isinstance(one, _PLAIN) for one in plain)


def _meaning(text: str) -> str:
    try:
        tree = ast.parse(textwrap.dedent(text))
    except SyntaxError:  # a notebook's own commands
        return text
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            node.body = body[1:]  # type: ignore[attr-defined]  # a docstring
    return ast.dump(tree)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
