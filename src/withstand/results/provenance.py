"""What a result depends on, written down beside it."""

from __future__ import annotations

import platform
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from withstand import __version__
from withstand.config.schema import Config
from withstand.images.picture import decoders

_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow", "pyarrow", "hydra-core")

_PACKAGE = Path(__file__).parent


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
    """The versions of what computes and of what decodes photographs, and of Python."""
    ours = {"withstand": __version__, "python": platform.python_version()}
    return ours | installed(_PACKAGES) | decoders()


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
    """The commit of the code that runs, ``-dirty`` where it was changed since; None outside a checkout.

    A repository that this code only lies in, say as a package in a virtual environment, is somebody else's.
    """
    if not _git("ls-files", "--error-unmatch", Path(__file__).name):
        return None
    return _git("describe", "--always", "--dirty", "--abbrev=12", "--match=")


def _git(*words: str) -> str | None:
    """What git answers about the folder of this package; None where it fails or says nothing."""
    command = ["git", "-C", str(_PACKAGE), *words]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=10, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
