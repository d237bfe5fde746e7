"""Distributions as pip leaves them, made without it: a package and the record of its entry points in one folder."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).with_name("package")


def install(folder: Path, name: str, version: str, entries: Mapping[str, Mapping[str, str]]) -> None:
    """Write the ``.dist-info`` of a distribution; ``entries`` are group → name → module."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    lines = [
        line
        for group, those in entries.items()
        for line in (f"[{group}]", *(f"{known} = {module}" for known, module in those.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def install_package(folder: Path) -> None:
    """The distribution that lies here, as its ``pyproject.toml`` describes it."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(PACKAGE / "plugged", folder / "plugged", ignore=shutil.ignore_patterns("__pycache__"))
    install(folder, project["name"], project["version"], project["entry-points"])
