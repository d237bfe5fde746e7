"""What a result depends on, written down beside it."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from withstand import __version__
from withstand.config import Config

_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow", "pyarrow", "hydra-core")


def record(config: Config, overrides: list[str]) -> dict[str, Any]:
    """The parts that are known before work begins."""
    return {
        "config": asdict(config),
        "command": f"python main.py {shlex.join(overrides)}".strip(),
        "seed": config.seed,
        "versions": versions(),
        "git_revision": git_revision(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str]:
    """The versions of what computes, and of Python."""
    return {"withstand": __version__, "python": platform.python_version(), **installed(_PACKAGES)}


def installed(packages: Sequence[str]) -> dict[str, str]:
    """The versions of those of ``packages`` that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_revision() -> str | None:
    """The commit of the code that runs, ``-dirty`` where it was changed since; None outside a checkout."""
    root = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--match="],
            capture_output=True,
            encoding="utf-8",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def outside_checkout() -> bool:
    """True where the program was started as `withstand`, not as `python main.py`."""
    return Path(sys.argv[0]).name == "withstand"
