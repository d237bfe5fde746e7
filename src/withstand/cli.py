"""The command line: words in, an experiment run, an exit code out."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from withstand.base.errors import UserError


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the words ask for; 0 when it worked, 2 for an error that the user can mend, 130 when interrupted."""
    if argv is None:
        _speak_utf8()
    words = list(sys.argv[1:] if argv is None else argv)
    from withstand.base.console import errors
    from withstand.base.names import shown

    try:
        return _run(words)
    except UserError as error:
        errors.print(f"error: {shown(str(error))}", markup=False)
        return 2
    except KeyboardInterrupt:
        errors.print("stopped; give the same command again to resume", markup=False)
        return 130


def _speak_utf8() -> None:
    """Begin again in Python's UTF-8 mode where the locale knows ASCII alone: names of files could not be written."""
    if sys.getfilesystemencoding() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="replace")  # an old console shows ? where it has no sign


def _run(words: list[str]) -> int:
    if {"-h", "--help", "help"} & set(words):
        from withstand.help import show

        show()
        return 0
    if "--version" in words:
        from withstand import __version__

        print(f"withstand {__version__}")
        return 0
    from withstand import experiments
    from withstand.config.composing import compose, with_default

    if words and words[0] == "--cfg":
        from omegaconf import OmegaConf

        print(OmegaConf.to_yaml(OmegaConf.structured(compose(with_default(words[1:])))), end="")
        return 0
    overrides = with_default(words)
    return experiments.run(compose(overrides), overrides)
