"""Jobs whose pieces do what is asked of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from withstand.base.crew import Job, Piece


@dataclass(eq=False)
class Toy(Job):
    """What a piece is told is what it does."""

    title: str = "toy"
    held: Any = field(default=None, repr=False)

    def do(self, what: Any) -> Iterator[Any]:
        act, *more = what
        if act == "sum":
            yield int(self.held.sum())
        elif act == "read":
            yield more[1] if more[1:] else Path(more[0]).read_text(encoding="utf-8")
        elif act == "die":
            os._exit(1)
        elif act == "count":
            first, last, log = more
            for number in range(first, last):
                with open(log, "a", encoding="utf-8") as file:
                    file.write(f"{number}\n")
                time.sleep(0.2)  # what it gave has arrived
                if number == 2 and Path(f"{log}.once").exists():
                    Path(f"{log}.once").unlink()
                    os._exit(1)
                yield number
        elif act == "wait":
            time.sleep(more[0])
            yield os.getpid()
        elif act == "refuse":
            from withstand.base.errors import UserError

            raise UserError(more[0])
        elif act == "break":
            raise ZeroDivisionError(more[0])

    def again(self, piece: Piece, last: Any) -> Piece:
        return (
            replace(piece, what=("count", last + 1, *piece.what[2:])) if piece.what[0] == "count" else piece
        )

    def sent(self, piece: Piece) -> Piece:
        return replace(piece, what=(*piece.what, Path(piece.what[1]).read_text(encoding="utf-8")))
