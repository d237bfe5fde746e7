"""The whole study, part by part: each is a command of its own, in a process of its own, and goes on where it was.

A part that is done leaves a note beside its log, and is not begun again; one that fails stops those that need it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from withstand.base import json_file
from withstand.base.console import say
from withstand.base.errors import Terminated, UserError
from withstand.base.lock import one_writer
from withstand.config.composing import compose
from withstand.config.schema import Config
from withstand.experiments import background, corrupt, finetune, make_backgrounds, report, study
from withstand.session.reproduction import Part, link_seeds, parts, reports

USES = (
    "reproduction",
    *(use for one in (study, corrupt, finetune, background, make_backgrounds, report) for use in one.USES),
)

PROCESSES = True
"""Its parts are processes, each of which has its workers where there is a cluster."""

_running: set[subprocess.Popen[bytes]] = set()

LOGS = "parts"
"""The folder beside the runs that holds each part's log and the note that it is done."""


def run(config: Config, overrides: list[str]) -> int:
    data, runs = Path(config.paths.data), Path(config.paths.checkpoints)
    asked = parts(config, overrides)
    if not asked and not reports(config, overrides):
        raise UserError("reproduction.only names no part; reproduction.check=true lists them all without it")
    chosen = [part for part in asked if not part.absent(data)]
    for part in chosen:
        compose(part.words)  # no misspelt setting is found out after hours
    for part in asked:
        if part not in chosen:
            say(f"left out, for want of {', '.join(part.absent(data))} in {data}: {part.name}")
    if config.reproduction.check:
        for part in [*chosen, *reports(config, overrides)]:
            say(f"{part.name}\n  python main.py {shlex.join(part.words)}")
        return 0
    with one_writer(runs / LOGS, config.lock), _ended_with_this():
        failed = _all(chosen, runs / LOGS, config.reproduction.jobs)
        link_seeds(runs)
        for part in reports(config, overrides):
            if any(runs.glob(f"*_{compose(part.words).dataset.label}/summary.json")):
                failed += [part.name] if _one(part, runs / LOGS) else []
    for name in failed:
        say(f"failed, or waits for what failed: {name}; its log is in {runs / LOGS}")
    return 1 if failed else 0


def _all(chosen: list[Part], logs: Path, jobs: int) -> list[str]:
    """Run every part once what it takes is done, ``jobs`` side by side; gives the names of those that were not done."""
    left = [part for part in chosen if json_file.record(_note(part, logs)).get("words") != [*part.words]]
    ahead, failed, running = {part.name for part in left}, [], dict[Future[int], Part]()
    say(f"{len(chosen)} parts, {len(chosen) - len(left)} of them done")
    with ThreadPoolExecutor(jobs) as pool:
        while left or running:
            for part in [part for part in left if not ahead & {*part.after}][: jobs - len(running)]:
                left.remove(part)
                running[pool.submit(_one, part, logs)] = part
            if not running:
                break  # what is left waits for what failed
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                part = running.pop(done)
                if done.result():
                    failed.append(part.name)
                else:
                    ahead.discard(part.name)
    return failed + [part.name for part in left]


def _one(part: Part, logs: Path) -> int:
    """Run one part, what it says in its log, and note that it is done; gives its exit code."""
    say(f"== {part.name}")
    logs.mkdir(parents=True, exist_ok=True)
    place = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", "from withstand.cli import main; raise SystemExit(main())", *part.words]
    started = time.perf_counter()
    with (logs / f"{part.name}.txt").open("a", encoding="utf-8") as log:
        environment = {**os.environ, "PYTHONPATH": place, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment) as process:
            _running.add(process)
            code = process.wait()
            _running.discard(process)
    seconds = time.perf_counter() - started
    say(f"== {part.name}: {'FAILED' if code else 'done'}, {seconds:,.0f} s")
    if not code:
        json_file.write(_note(part, logs), {"words": [*part.words], "seconds": seconds})
    return code


@contextmanager
def _ended_with_this() -> Iterator[None]:
    """Ctrl-C reaches the parts, too; SIGTERM is sent on to them."""
    try:
        yield
    except Terminated:
        for process in tuple(_running):
            process.terminate()
        raise


def _note(part: Part, logs: Path) -> Path:
    return logs / f"{part.name}.json"
