"""Conditions shared among several devices: one process per device, all into the same store."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

import torch.multiprocessing

from withstand.base.console import Bar, progress
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.engines import device as devices
from withstand.evaluation.cells import Cells, Spent
from withstand.models import Classifier
from withstand.results.conditions import CLEAN, Condition
from withstand.session import shifted
from withstand.session.setup import Setup

_LOOK = 0.2  # seconds between looks at what is done


def fill(setup: Setup, classifier: Classifier, cells: Cells, title: str) -> Spent:
    """Fill the missing cells on ``evaluation.devices``, each of which takes every k-th condition.

    The processes run as the predictor of ``cells`` was planned, so that they make the very cells that are asked for.

    Raises:
        UserError: a process failed; what the others made is kept.
    """
    spent = cells.fill("clean", [CLEAN])
    missing, started = cells.missing, time.perf_counter()
    if not missing:
        return spent
    with progress(title, len(cells.cells), len(cells.cells) - len(missing)) as bar:
        _share(setup, classifier, cells, missing, bar)
    return spent + Spent(len(missing) * len(setup.dataset.test), time.perf_counter() - started)


def _share(setup: Setup, classifier: Classifier, cells: Cells, conditions: list[Condition], bar: Bar) -> None:
    names = setup.config.evaluation.devices
    settings = replace(setup.config.evaluation, **vars(cells.predictor.plan), devices=[])
    config = replace(setup.config, evaluation=settings)
    classifier.network.to("cpu")
    context: Any = torch.multiprocessing.get_context("spawn")
    work = [(name, conditions[i :: len(names)]) for i, name in enumerate(names)]
    processes = [
        context.Process(
            target=_work, args=(config, setup.overrides, classifier, name, share, len(names)), daemon=True
        )
        for name, share in work
        if share
    ]
    for process in processes:
        process.start()
    left = set(conditions)
    try:
        while left:
            running = any(process.is_alive() for process in processes)  # looked at first: none is missed
            for condition in [c for c in left if cells.cells[c] in cells.store]:
                left.discard(condition)
                bar.advance(images=len(setup.dataset.test), note=str(condition))
            if not running:
                break
            time.sleep(_LOOK)
    finally:
        for process in processes:
            if left:
                process.terminate()
            process.join()
    classifier.network.to(setup.device)
    if left:
        raise UserError(
            f"evaluation.devices={names}: a process stopped before its work was done ({len(left)} conditions are"
            " missing); give the same command again to resume"
        )


def _work(
    config: Config,
    overrides: list[str],
    classifier: Classifier,
    name: str,
    share: list[Condition],
    processes: int,
) -> None:
    """One process: its device, its conditions."""
    parent = os.getppid()
    device = devices.choose(name)
    cores = config.threads or devices.cores()
    threads = max(1, cores // processes) if device.type == "cpu" else cores
    config = replace(config, train=replace(config.train, device=name), threads=threads)
    setup = Setup.of(config, overrides)
    test = setup.dataset.test
    found = shifted.loaded(config, overrides, setup.dataset)
    cells = Cells.of(classifier, setup.predictor(classifier), test, found, setup.folder.store)
    for condition in share:
        if os.getppid() != parent:
            return  # killed, and nobody waits for this any more
        cells.complete(condition)
