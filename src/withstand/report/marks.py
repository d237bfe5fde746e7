"""What the marks of a figure say under the pointer, and which model and shift they belong to.

Matplotlib gives an artist's ``gid`` to its group in the SVG. Here the gid is a small record, which ``titled`` turns
into what pages and readers of SVG know: a ``<title>`` for each mark, and its model and shift for the group.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend

from withstand.base.names import shown
from withstand.report.style import Look
from withstand.report.wording import between, number
from withstand.statistics import Estimate

Owner = Look | Sequence[Look]

_SIGN = "withstand "
_TAG = re.compile(
    r"""<g\b[^>]*?/>|<g id=(?P<quote>["'])(?P<id>.*?)(?P=quote)|<g\b|</g>|<defs|</defs>|<(?P<mark>use|path)\b[^>]*?/>"""
)


def tell(
    artist: Artist, look: Owner = (), *, shift: str = "", says: Sequence[str] = (), cells: bool = False
) -> None:
    """Say what an artist shows.

    Args:
        artist: a line with marks, a mesh, a patch or a text.
        look: of the model that it belongs to, or of several; it goes when one of them goes.
        shift: the shift that it belongs to, as the page writes it.
        says: a text for each of its marks, in order; empty for those that say nothing.
        cells: its marks are areas, as those of a mesh, and not the marks of a line.
    """
    record: dict[str, Any] = {"says": [*says], "mark": "path" if cells else "use"}
    owners = [look] if isinstance(look, Look) else look
    record |= {"model": " ".join(str(one.number) for one in owners)} if owners else {}
    artist.set_gid(_SIGN + json.dumps(record | ({"shift": shift} if shift else {}), ensure_ascii=False))


def tell_legend(legend: Legend, looks: Iterable[Owner]) -> None:
    """The entries of a legend belong to models, in this order."""
    for handle, text, look in zip(legend.legend_handles, legend.get_texts(), looks, strict=False):
        if handle is not None:
            tell(handle, look)
        tell(text, look)


def tell_rows(axes: Axes, looks: Sequence[Owner] = (), shifts: Sequence[str] = ()) -> None:
    """The names beside the rows belong to models, or to shifts."""
    labels = axes.get_yticklabels()
    for label, look in zip(labels, looks, strict=False):
        tell(label, look)
    for label, shift in zip(labels, shifts, strict=False):
        tell(label, shift=shift)


def words(*about: str, value: Estimate | float, unit: str = "%", digits: int = 1, sign: str = "") -> str:
    """``resnet50, fog: 61.2% (59.0 to 63.4)``."""
    one = value.value if isinstance(value, Estimate) else value
    ends = f" ({between(value, digits)})" if isinstance(value, Estimate) else ""
    return f"{', '.join(filter(None, about))}: {number(one, sign, digits)}{unit}{ends}"


def titled(drawn: str) -> str:
    """An SVG whose marks say what they were told to; the same as before where none was."""
    return _Reader().read(drawn)


class _Reader:
    """Goes through the tags of one SVG, and knows in which group it is."""

    def __init__(self) -> None:
        self.groups: list[tuple[str, Iterator[str]]] = []
        self.defining = False

    def read(self, drawn: str) -> str:
        return _TAG.sub(self._tag, drawn)

    def _tag(self, found: re.Match[str]) -> str:
        text = found[0]
        if text in ("<defs", "</defs>"):
            self.defining = text == "<defs"
        elif text == "</g>":
            self.groups.pop()
        elif text.startswith("<g") and text.endswith("/>"):
            pass  # an empty group
        elif found["mark"]:
            return self._mark(text, found["mark"])
        else:
            return self._group(text, html.unescape(found["id"] or ""))
        return text

    def _group(self, text: str, own: str) -> str:
        if not own.startswith(_SIGN):
            # What stands in a group of marks are its marks, too.
            self.groups.append(self.groups[-1] if self.groups else ("", iter(())))
            return text
        record = json.loads(own.removeprefix(_SIGN))
        self.groups.append((record["mark"], iter(record["says"])))
        known = ((key, str(record[key])) for key in ("model", "shift") if key in record)
        return "<g" + "".join(f' data-{key}="{html.escape(shown(value))}"' for key, value in known)

    def _mark(self, text: str, kind: str) -> str:
        wanted, says = self.groups[-1] if self.groups else ("", iter(()))
        said = next(says, "") if kind == wanted and not self.defining else ""
        return f"{text[:-2].rstrip()}><title>{html.escape(shown(said))}</title></{kind}>" if said else text
