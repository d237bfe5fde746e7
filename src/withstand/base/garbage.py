"""Python's collector of garbage, kept from searching what the libraries make and keep.

torch and timm come with a million objects that stay to the end. While they are imported, the collector would search
them again and again, and once more, one by one, as Python ends: a second or more of each.
"""

from __future__ import annotations

import gc


def put_off() -> None:
    """Search nothing until ``resume``. For a command, which has its process for itself: not for a library."""
    gc.disable()


def resume() -> None:
    """Search what is made from now on, if searching was put off."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def leave() -> None:
    """Let what is there go with the process, unsearched. What ends at exit still does; nothing else is waited for."""
    gc.freeze()
