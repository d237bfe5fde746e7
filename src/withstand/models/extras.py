"""What a source needs and what does not come with withstand: packages, and the Hugging Face Hub."""

from __future__ import annotations

import contextlib
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import huggingface_hub

from withstand.base.errors import UserError


def needed(package: str, source: str, extra: str) -> ModuleType:
    """The package, imported now.

    Raises:
        UserError: it is not installed; says how to install it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise UserError(
            f'model={source}:… needs {package}: pip install "withstand[{extra}]" ({" ".join(str(error).split())[:120]})'
        ) from error


def ask_hub() -> None:
    """One look, by way of any proxy, at whether the Hugging Face Hub answers at all; OSError where it does not."""
    try:
        request = urllib.request.Request(huggingface_hub.constants.ENDPOINT, method="HEAD")
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError:
        return  # an answer, if not a kind one


@contextlib.contextmanager
def quiet_hub() -> Iterator[None]:
    """Within, the Hub's client says nothing beside what it raises, and where the Hub does not answer, asks it nothing:
    what lies in the cache is found, and what does not is refused at once and not after a minute.
    """
    try:
        ask_hub()
        offline = huggingface_hub.constants.HF_HUB_OFFLINE
    except OSError:
        offline = True
    constants, logged = huggingface_hub.constants, logging.root.manager.disable
    kept, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, offline
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logged)
        constants.HF_HUB_OFFLINE = kept
