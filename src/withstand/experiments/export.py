"""Runs in other people's forms. Reads stored predictions; runs no network."""

from __future__ import annotations

from pathlib import Path

from withstand.base.console import say
from withstand.base.lock import one_writer
from withstand.config.schema import Config
from withstand.report import exports
from withstand.session import several

USES = ("models", "export")


def run(config: Config, overrides: list[str]) -> int:
    exports.check(config.export.to)
    runs = several.chosen(config, config.export.runs)
    folder = Path(config.paths.reports) / runs[0].dataset / "export"
    with one_writer(folder, config.lock):
        files, left_out = exports.write(runs, config.export.to, folder)
    for file in files:
        say(str(file))
    for one in left_out:
        say(f"left out: {one.what}: {one.reason}")
    many = f"{len(runs)} run{'s' if len(runs) > 1 else ''}"
    say(f"{many} in {len(files)} file{'s' if len(files) > 1 else ''}")
    return 0
