"""Data sets of the library ``datasets``: opened from a folder, a file, its cache or, where it may, the Hub."""

from __future__ import annotations

import contextlib
import io
import logging
import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, overload

import huggingface_hub

from withstand.base.errors import UserError
from withstand.images.photographs import Picture

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_MAPPED = 1024  # pictures that are read before the files behind them are mapped anew
_SAVED = ("state.json", "dataset_dict.json")  # what save_to_disk leaves


def library() -> ModuleType:
    """The package, imported now.

    Raises:
        UserError: it is not installed; says how to install it.
    """
    try:
        return import_module("datasets")
    except ImportError as error:
        raise UserError(f'dataset=hf needs datasets: pip install "withstand[hf]" ({error})') from error


def is_local(repo: str) -> bool:
    """Whether it lies here, in a folder or a file."""
    return Path(repo).exists()


def opened(
    repo: str, config: str | None, revision: str | None, cache: Path, *, fetch: bool
) -> tuple[Mapping[str, Any], str]:
    """Its splits by name, and which edition it is.

    Args:
        repo: a folder, of ``save_to_disk``, of pictures or of Parquet files; a Parquet file; or a name on the Hub.
        cache: for what is made of a folder's files.
        fetch: a name on the Hub may be asked for there; else it must lie in the library's cache.

    Raises:
        UserError: it is not here, or cannot be read or fetched.
    """
    package, path = library(), Path(repo)
    if not path.exists() and not _NAME.fullmatch(repo):
        raise UserError(
            f"there is no folder {repo}; set dataset.repo to one, or to a name on the Hugging Face Hub"
        )
    remote = not path.exists()
    try:
        with _quiet(package, offline=not (remote and fetch)):
            if remote and fetch:
                revision = str(huggingface_hub.HfApi().dataset_info(repo, revision=revision).sha)
            found = _read(package, path, repo, config, revision, cache / "arrow")
    except Exception as error:  # the library raises its own, and those of what it stands on
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        if remote and not fetch:
            raise UserError(
                f"{repo} is no folder here, and not in the cache of datasets; set dataset.download=true to fetch it"
                f" from the Hugging Face Hub ({why})"
            ) from error
        raise UserError(f"dataset.repo={repo} cannot be {'fetched' if remote else 'read'} ({why})") from error
    splits = dict(found) if isinstance(found, dict) else {str(found.split or "all"): found}
    return splits, f"revision {revision}" if remote and revision else ""


def _read(
    package: ModuleType, path: Path, repo: str, config: str | None, revision: str | None, cache: Path
) -> Any:
    if any((path / name).is_file() for name in _SAVED):
        return package.load_from_disk(repo)
    if path.is_file():
        return package.load_dataset("parquet", data_files=repo, cache_dir=str(cache))
    if path.is_dir():
        return package.load_dataset(repo, config, cache_dir=str(cache))
    return package.load_dataset(repo, config, revision=revision)


@contextlib.contextmanager
def _quiet(package: ModuleType, *, offline: bool) -> Iterator[None]:
    """Within, the library draws no bars and logs nothing; and where ``offline``, asks nothing of a network."""
    places: tuple[Any, ...] = (package.config, huggingface_hub.constants)
    before, logged = [place.HF_HUB_OFFLINE for place in places], logging.root.manager.disable
    bars = package.are_progress_bars_disabled()
    logging.disable(logging.CRITICAL)
    package.disable_progress_bars()
    for place in places:
        place.HF_HUB_OFFLINE = place.HF_HUB_OFFLINE or offline
    try:
        yield
    finally:
        for place, was in zip(places, before, strict=True):
            place.HF_HUB_OFFLINE = was
        if not bars:
            package.enable_progress_bars()
        logging.disable(logged)


class Pictures(Sequence[Picture]):
    """The undecoded pictures of a column, read when a slice of them is asked for."""

    def __init__(self, rows: Any, column: str) -> None:
        self._rows = rows.select_columns(column).cast_column(column, library().Image(decode=False))
        self._column = column
        self._since = 0  # pictures since the files were mapped

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Picture: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Picture]: ...
    def __getitem__(self, at: int | slice) -> Picture | Sequence[Picture]:
        if isinstance(at, int):
            return _picture(self._rows[at][self._column])
        found = [_picture(one) for one in self._rows[at][self._column]]
        self._since += len(found)
        if self._since >= _MAPPED and self._rows.cache_files:
            # Pages that were read stay with a mapping; what is pickled is the files' names, which are mapped anew.
            self._rows, self._since = pickle.loads(pickle.dumps(self._rows)), 0
        return found


def _picture(one: Mapping[str, Any] | None) -> Picture:
    """Its bytes or, where a data set has its files beside it, the file."""
    if one and one["bytes"] is None and one["path"]:
        return Path(one["path"])
    return io.BytesIO((one or {}).get("bytes") or b"")
