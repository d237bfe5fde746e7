"""Names that come from files and people, and what may be made of them: file names, and text that is shown.

A name is never trusted: it may hold a path, a line break, half a character, or what turns the direction of writing.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata

_LONGEST = (
    120  # bytes of a file's name that are the name's own; suffixes and marks of temporary files come on top
)
_MOST = 200  # bytes of a name that a person gives
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_REFUSED = frozenset('<>:"|?*\\') if os.name == "nt" else frozenset()
"""What Windows has in no name; after a colon it would even write elsewhere, unseen."""
_NEVER = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_UNSEEN = {chr(one) for one in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""What turns the direction of writing."""


def file_name(name: str) -> str:
    """A name as the name of a file or folder: whatever it says, it stays in the folder that it is put into.

    Names that fit stay as they are. Of others, a digest keeps apart what would become the same.
    """
    made = re.sub(r"[^\w.+@=, -]+", "-", name).strip(". -") or "unnamed"
    if _DEVICES.fullmatch(made):
        made = f"_{made}"
    if len(made.encode("utf-8")) > _LONGEST + 7:  # with the digest
        made = made.encode("utf-8")[:_LONGEST].decode("utf-8", "ignore").rstrip(". -")
    if made == name:
        return made
    return f"{made}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def names_a_folder(name: str) -> bool:
    """Whether a name may be a folder's, as it is: one, here, on every system, and in words that can be read."""
    return (
        bool(name.strip(". "))
        and not {"/", "\0", os.sep, *_REFUSED} & set(name)
        and all(_plain(sign) or "\udc80" <= sign <= "\udcff" for sign in name)  # a byte that is no UTF-8
        and name == name.strip().rstrip(".")
        and not _DEVICES.fullmatch(name)
        and len(name.encode("utf-8", "surrogatepass")) <= _MOST
    )


def inside(path: str) -> bool:
    """Whether a path that a file names stays in the folder that it is taken in."""
    parts = re.split(r"[/\\]", path)
    return (
        bool(path)
        and "\0" not in path
        and all(part not in ("", ".", "..") and ":" not in part for part in parts)
    )


def shown(text: str, most: int = 0) -> str:
    r"""Text that can stand anywhere on one line: what cannot be seen is written out, as ``\x1b``.

    Args:
        most: signs; of a longer one the beginning is shown. 0: all.
    """
    if not text.isprintable():
        text = "".join(sign if _plain(sign) else _written(sign) for sign in text)
    return f"{text[: most - 1]}…" if most and len(text) > most else text


def printed(text: str) -> str:
    """The same of text with lines of its own, for a terminal."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(sign if sign in "\n\t" or _plain(sign) else _written(sign) for sign in text)


def _plain(sign: str) -> bool:
    return sign.isprintable() or (unicodedata.category(sign) not in _NEVER and sign not in _UNSEEN)


def _written(sign: str) -> str:
    if sign in "\t\n\r":
        return {"\t": r"\t", "\n": r"\n", "\r": r"\r"}[sign]
    return sign.encode("unicode_escape").decode("ascii")


def csv_text(text: str) -> str:
    """Text as a cell of a table that spreadsheets open: what these would compute is marked as text."""
    text = shown(text)
    return f"'{text}" if text[:1] in tuple("=+-@\\") and not _NUMBER.fullmatch(text) else text


_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|-")
