"""The names of classes, as a setting gives them: a list, a file, or those of a data set that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from withstand.base import files, json_file, plugins
from withstand.base.errors import UserError, nearest
from withstand.datasets import code
from withstand.images.listing import name_of


def class_names(said: Any, key: str = "dataset.classes") -> tuple[str, ...] | None:
    """The names in the order of the labels; None where nothing is said.

    Args:
        said: a list; ``[a, b]`` as it is typed; a file, one name a line or a JSON list; or the name of a data set.

    Raises:
        UserError: it is none of these, or names a class twice.
    """
    if said is None:
        return None
    try:
        names = tuple(name_of(name.strip()) for name in _names(said, key))
    except UnicodeEncodeError as error:  # JSON can write half a character
        raise UserError(f"{key}: the class {error.object!a} holds half a character; mend it") from error
    if twice := next((name for at, name in enumerate(names) if name in names[:at]), None):
        raise UserError(f"{key} names the class '{twice}' twice; give each label a name of its own")
    if not names:
        raise UserError(f"{key}={said} names no class")
    return names


def known(name: str) -> tuple[str, ...]:
    """The classes of a data set that are known without its files; none where they are not."""
    found = getattr(code(name), "CLASSES", ())
    return tuple(found() if callable(found) else found)


def _names(said: Any, key: str) -> list[str]:
    if isinstance(said, list | tuple):
        return [str(name) for name in said]
    text = str(said)
    if text.startswith("[") and text.endswith("]"):
        return [name.strip().strip("'\"") for name in text[1:-1].split(",") if name.strip()]
    if Path(text).is_file():
        return _of_file(Path(text), key)
    datasets = [name for name in plugins.names("datasets") if known(name)]
    if text not in datasets:
        raise UserError(
            f"{key}={text} is neither a file nor a data set whose classes are known; {nearest(text, datasets)}"
        )
    return list(known(text))


def _of_file(file: Path, key: str) -> list[str]:
    try:
        text = files.text(file)
        if file.suffix.lower() != ".json":
            return [line for line in text.splitlines() if line.strip()]
        return [str(name) for name in json_file.decoded(text.encode("utf-8"), list[str | int])]
    except files.BAD as error:
        raise UserError(
            f"{key}={file} cannot be read ({files.why(error)}); write one name a line, in UTF-8, or as JSON"
            ' ["first", "second"]'
        ) from error
