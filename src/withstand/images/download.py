"""Downloads that resume where they stopped, try every mirror, and land only when the checksum is right."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from withstand.base import moving
from withstand.base.console import console, say
from withstand.base.errors import UserError, of_system

_BLOCK = 1 << 18  # bytes asked for at once: small enough that a slow line still moves the bar
_TIMEOUT = 20  # seconds without an answer
_PLAIN_EVERY = 10.0  # seconds between lines where the output is no terminal


def download(mirrors: Sequence[str], target: Path, *, md5: str) -> Path:
    """Have ``target``, whose MD5 is known: as it lies there, or from the first mirror that gives it.

    What has arrived is kept in ``target.part``, whatever ends the run; the next mirror, or the next run, resumes
    there. Mirrors are gone round again for as long as a round brings more of the file.

    Raises:
        UserError: the file that is there is wrong, or no mirror gave it; says what to put where.
    """
    if target.is_file():
        if md5_of(target) == md5:
            return target
        raise UserError(f"{target} is damaged (its MD5 is not {md5}); delete it and run again")
    part = target.with_name(f"{target.name}.part")
    with _writing(part):
        part.parent.mkdir(parents=True, exist_ok=True)
    failures: dict[str, list[str]] = {}
    before = -1
    while (have := _size(part)) > before:
        before = have
        failures.clear()
        for mirror in mirrors:
            failure = _attempt(mirror, part, md5)
            if failure is None:
                moving.replace(part, target)
                return target
            failures.setdefault(failure, []).append(mirror.split("/")[2])
    why = "; ".join(f"{', '.join(hosts)}: {failure}" for failure, hosts in failures.items())
    kept = f" ({have / 1e6:.1f} MB are kept)" if have else ""
    raise UserError(
        f"cannot download {target.name}: {why}{kept}; run again when the network is there,"
        f" or get it from {mirrors[0]} and put it at {target}"
    )


def md5_of(path: Path) -> str:
    """MD5 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _attempt(url: str, part: Path, md5: str) -> str | None:
    """None once ``part`` is the file that is wanted; else why this mirror did not give it."""
    while True:
        resumed = _size(part) > 0
        try:
            _fetch(url, part)
        except urllib.error.HTTPError as error:
            error.close()
            return f"HTTP {error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            return str(getattr(cause, "strerror", None) or cause)
        if md5_of(part) == md5:
            return None
        part.unlink()  # no part of a wrong file is kept
        if not resumed:
            return "serves another file (wrong MD5)"
        # The wrong bytes may have been those of an earlier run or mirror: once more, from the start.


def _fetch(url: str, part: Path) -> None:
    """Bring the rest of ``url`` into ``part``."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if have and error.code == 416:  # nothing is left to send: the part is whole, or not this file
            error.close()
            return
        raise
    with answer:
        if have and answer.status != 206:
            have = 0  # the server sends all of it again
        elif have and not str(answer.headers.get("Content-Range")).startswith(f"bytes {have}-"):
            raise http.client.HTTPException("resumes at the wrong byte")
        length = answer.headers.get("Content-Length")
        size = have + int(length) if length else None
        with _writing(part):
            file = part.open("ab" if have else "wb")
        with file:
            _copy(answer, file, url, have, size)
    if size is not None and _size(part) < size:
        raise http.client.HTTPException(f"cut off at {_size(part) / 1e6:.1f} of {size / 1e6:.1f} MB")


def _copy(answer: http.client.HTTPResponse, file: BinaryIO, url: str, have: int, size: int | None) -> None:
    """From the wire to the disk, with a bar on a terminal and a line now and then elsewhere."""
    say(f"downloading {url}" + (f", resuming at {have / 1e6:.1f} MB" if have else ""))
    columns = (
        TextColumn("download"),
        BarColumn(24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    said = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as live:
        task = live.add_task("download", total=size, completed=have)
        while block := answer.read1(_BLOCK):
            with _writing(file.name):
                file.write(block)
                file.flush()  # what has arrived is on disk, should the run be killed
            have += len(block)
            live.advance(task, len(block))
            if not console.is_terminal and time.monotonic() - said > _PLAIN_EVERY:
                said = time.monotonic()
                say(f"download: {have / 1e6:,.1f}" + (f" of {size / 1e6:,.1f} MB" if size else " MB"))


@contextmanager
def _writing(path: str | Path) -> Iterator[None]:
    """A disk that fails is the user's matter, not the mirror's."""
    try:
        yield
    except OSError as error:
        raise of_system(f"write {path}", error) from error
