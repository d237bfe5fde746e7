"""The command line: words in, an experiment run, an exit code out."""

from __future__ import annotations

import _thread
import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from withstand.base import garbage
from withstand.base.crew import UnfinishedError
from withstand.base.errors import Terminated, UserError, of_the_machine


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the words ask for.

    Returns:
        0 when it worked; 1 where a part of it could not be done, which one line names; 2 for what the user can mend:
        one line says it; 130 and 143 when it was interrupted or terminated, which leaves all in order to go on.
    """
    if argv is not None:
        return _coded(list(argv))
    _speak_utf8()
    garbage.put_off()
    try:
        return _coded(sys.argv[1:])
    finally:
        garbage.leave()


def _coded(words: list[str]) -> int:
    """Run what they ask for; what went wrong as an exit code."""
    try:
        with _terminable():
            code = _run(words)
        sys.stdout.flush()
        return code
    except UserError as error:
        return _refused(str(error))
    except UnfinishedError as error:
        _refused(str(error), said="left: ")
        return 1
    except KeyboardInterrupt as error:
        _refused("stopped; give the same command again to resume", said="")
        return 143 if isinstance(error, Terminated) else 130
    except Exception as error:
        said = of_the_machine(error)
        if said is None:
            raise
        return _refused(said)


def _refused(why: str, said: str = "error: ") -> int:
    """One line, whatever is in it; where even that cannot be written, the exit code says it."""
    from withstand.base.console import errors
    from withstand.base.names import shown

    with contextlib.suppress(UserError):
        errors.print(said + shown(why), markup=False)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # Python would try again at its end, and complain
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    return 2


@contextmanager
def _terminable() -> Iterator[None]:
    """Within, SIGTERM ends a command as Ctrl-C does: what is half-written goes, and one line says how to go on."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def terminated(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends at once
        raise Terminated

    def lost(what: sys.UnraisableHookArgs) -> None:
        """Once more, and soon: Python drops what is raised in a callback, as importlib has them."""
        if not isinstance(what.exc_value, KeyboardInterrupt):
            before(what)
            return
        number = signal.SIGTERM if isinstance(what.exc_value, Terminated) else signal.SIGINT
        if number == signal.SIGTERM:
            signal.signal(number, terminated)
        threading.Timer(0.01, _thread.interrupt_main, [number]).start()

    before, sys.unraisablehook = sys.unraisablehook, lost
    signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.unraisablehook = before


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
    from withstand.config.composing import as_settings, compose, with_default

    words = as_settings(words)

    if words and words[0] == "--cfg":
        from omegaconf import OmegaConf

        print(OmegaConf.to_yaml(OmegaConf.structured(compose(with_default(words[1:])))), end="")
        return 0
    overrides = with_default(words)
    return experiments.run(compose(overrides), overrides)
