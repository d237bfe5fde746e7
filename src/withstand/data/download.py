"""Downloads that go on where they stopped, try every mirror, and land only when the checksum is right."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from withstand.console import progress, say
from withstand.errors import UserError

_BLOCK = 1 << 20
_TIMEOUT = 20  # seconds without an answer


def download(mirrors: Sequence[str], target: Path, *, md5: str) -> Path:
    """Have ``target``, whose MD5 is known: as it lies there, or from the first mirror that gives it.

    What has arrived is kept in ``target.part``, and the next try, or the next run, goes on from there.

    Raises:
        UserError: the file that is there is wrong, or no mirror gave it; says what to put where.
    """
    if target.is_file():
        if md5_of(target) == md5:
            return target
        raise UserError(f"{target} is damaged (its MD5 is not {md5}); delete it and run again")
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for mirror in mirrors:
        try:
            _fetch(mirror, part)
        except (OSError, http.client.HTTPException) as error:
            reasons.append(f"{mirror.split('/')[2]}: {getattr(error, 'reason', None) or error}")
            continue
        if md5_of(part) == md5:
            part.replace(target)
            return target
        part.unlink()  # nothing of a wrong file is worth keeping
        reasons.append(f"{mirror.split('/')[2]}: wrong MD5")
    raise UserError(
        f"cannot download {target.name} ({'; '.join(reasons)}); get it from {mirrors[0]} and put it at {target}"
    )


def _fetch(url: str, part: Path) -> None:
    """Bring the rest of ``url`` into ``part``."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send: the part is whole, or not this file
            return
        raise
    with answer:
        if have and answer.status != 206:  # the server sends all of it again
            have = 0
        size = have + int(answer.headers.get("Content-Length") or 0)
        say(f"downloading {url}" + (f", going on at {have / 1e6:.0f} MB" if have else ""))
        with part.open("ab" if have else "wb") as file, progress("download (MB)", size >> 20, have >> 20) as bar:
            while block := answer.read(_BLOCK):
                file.write(block)
                bar.advance(len(block) >> 20)
        if size and part.stat().st_size < size:
            raise http.client.IncompleteRead(b"", size - part.stat().st_size)


def md5_of(path: Path) -> str:
    """MD5 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
