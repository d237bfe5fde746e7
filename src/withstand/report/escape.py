"""Names and sentences as they stand in each form of a report: one function a form, used for every value."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from withstand.base.names import shown

_SIGNS = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")
_LINE = re.compile(r"^(#|>|[-+]\s|\d+[.)]\s)")


def html(value: Any) -> Any:
    """Jinja2 escapes it; here, what cannot be seen is written out."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def markdown(value: Any) -> Any:
    """Text in Markdown, also in a table's cell: it stays text, whatever it holds."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = _SIGNS.sub(lambda sign: f"\\{sign[0]}", shown(value))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINE.sub(lambda sign: f"\\{sign[0]}", text)


def code(value: Any) -> Markup:
    """Text as code in Markdown: between as many marks as it does not hold itself."""
    text = shown(str(value)).replace("|", r"\|")
    marks = "`" * (1 + max((len(found) for found in re.findall("`+", text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return Markup(f"{marks}{blank}{text}{blank}{marks}")


def latex(text: str) -> str:
    """Text in LaTeX, also at the beginning of a row, where a bracket would be read as a distance."""
    return "".join(_LATEX.get(letter, letter) for letter in shown(text))


def comment(text: str) -> str:
    """A comment's line in LaTeX."""
    return f"% {shown(text)}"


_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",
    "]": "{]}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": r"$-$",
    "–": "--",
    "×": r"$\times$",
    "’": "'",
    "“": "``",
    "”": "''",
    "→": r"$\to$",
    "±": r"$\pm$",
    "…": r"\ldots{}",
    "†": r"\textdagger{}",
}
