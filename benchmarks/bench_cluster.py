"""Clusters: what sharing out costs, what two nodes gain, and a study of ten thousand models on up to 512 workers.

The study is simulated: the very schedule that hands out pieces is run with recorded times of pieces, and nothing is
computed. The nodes are real processes of this machine, one core each.
"""

from __future__ import annotations

import heapq
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.frame import Contest, Options, contest, peak
from withstand import cluster, datasets, models, shifts
from withstand.cluster.schedule import Schedule
from withstand.config.composing import compose
from withstand.config.schema import ClusterConfig
from withstand.engines.predictor import Predictor
from withstand.evaluation.cells import Cells, Spent
from withstand.results.store import Store

Times = NDArray[np.float64]
WORKERS = (1, 8, 64, 512)
SHAPES = ("dataset=shapes", "dataset.size=32", "threads=1")
WORDS = (
    "model=resnet50",
    *SHAPES,
    "shift.corruptions=[fog,contrast,gaussian_noise,jpeg_compression]",
)


def run(options: Options) -> list[Contest]:
    times = recorded(options.quick)
    simulated = [study(workers, options.quick, times) for workers in WORKERS[: 2 if options.quick else None]]
    return [_shared(options), *simulated]


def _shared(options: Options) -> Contest:
    """One process, one worker and two, at the same cells."""
    from ray import cloudpickle
    from ray.cluster_utils import Cluster

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    n, turns = (128, 1) if options.quick else (640, 2)  # a piece takes more than a second
    config = compose([*WORDS, f"dataset.n_test={n}", "dataset.n_train=64"])
    data, classifier = datasets.load(config), models.build(config)
    shift = shifts.load(config.shift, data)
    torch.set_num_threads(1)
    predictor = Predictor.of(classifier, torch.device("cpu"), torch.float32, 64)

    def fill() -> Spent:
        with tempfile.TemporaryDirectory() as folder:
            return Cells.of(classifier, predictor, data.test, [shift], Store(Path(folder))).fill("cells")

    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (as Ray has it): no nicer than one process
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    ways: dict[str, Callable[[], object]] = {"one process": fill}
    for workers in (1, 2):
        ways[f"Ray, {workers} node{'s' if workers > 1 else ''} of one core"] = _by(
            nodes.address, workers, n, fill
        )
    try:
        return contest(
            f"evaluate resnet50 at 32×32 under 20 conditions, in pieces of {n} images",
            {name: _timed(go) for name, go in ways.items()},
            amount=21 * n,
            ours="one process",
            turns=turns,
            clock=_spent,
        )
    finally:
        nodes.shutdown()


_clock = [0.0]


def _spent() -> float:
    """Seconds of the work itself, without the start of Ray and its workers."""
    return _clock[0]


def _timed(go: Callable[[], object]) -> Callable[[], None]:
    def timed() -> None:
        spent = go()
        assert isinstance(spent, Spent)
        _clock[0] += spent.seconds

    return timed


def _by(address: str, workers: int, n: int, fill: Callable[[], Spent]) -> Callable[[], Spent]:
    """The same by workers that are there, and have loaded what they need."""

    def go() -> Spent:
        settings = ClusterConfig(name="ray", address=address, workers=workers, images_per_piece=n)
        with cluster.opened(settings, "cpu", threads=1):
            fill()  # every worker is there, and has loaded the classifier
            return fill()

    return go


NETWORKS = ("small_cnn", "resnet50", "vit_tiny", "vit_small")
_PIECE = 10_000  # images, in the simulated study


def recorded(quick: bool) -> Times:
    """Seconds of a piece of 10,000 images, network by condition: of some images, made and predicted on one thread."""
    n, networks = (4, NETWORKS[:1]) if quick else (16, NETWORKS)
    torch.set_num_threads(1)
    rows = []
    for name in networks:
        config = compose([f"model={name}", *SHAPES, f"dataset.n_test={n}", "dataset.n_train=64"])
        data, classifier = datasets.load(config), models.build(config)
        predictor = Predictor.of(classifier, torch.device("cpu"), torch.float32, n)
        shift = shifts.load(config.shift, data)
        predictor(data.test)
        row = []
        for condition in shift.conditions():
            started = time.perf_counter()
            predictor(shift.images(condition))
            row.append((time.perf_counter() - started) * _PIECE / n)
        rows.append(row)
    return np.array(rows)


def study(workers: int, quick: bool, times: Times) -> Contest:
    """10,000 models under 95 conditions of 50,000 images, in blocks, handed out by the schedule.

    Each model is one of those recorded, drawn; each of its pieces takes what that condition took. A piece takes longer
    where a worker has to load the model first. The driver opens twice as many models as there are workers.
    """
    few, conditions, blocks = 200 if quick else 10_000, times.shape[1], 5
    draw = np.random.default_rng(0)
    network = draw.integers(0, len(times), few)
    each = times.mean(axis=1)[network]  # seconds a piece
    order = np.argsort(-each)  # the driver begins with the models that take longest
    before = peak()
    started = time.perf_counter()
    schedule, left, ends, busy = Schedule(), dict[int, int](), [(0.0, w) for w in range(workers)], 0.0
    following, loaded = iter(order.tolist()), dict[int, int]()

    def opened() -> bool:
        model = next(following, None)
        if model is None:
            return False
        left[model] = conditions * blocks
        seconds = np.repeat(times[network[model]], blocks).tolist()
        schedule.add(model, zip(seconds, seconds, strict=True))
        return True

    for _ in range(2 * workers + 2):
        opened()
    last = 0.0
    while ends:
        now, worker = heapq.heappop(ends)
        last = max(last, now)
        if (found := schedule.next(worker)) is None:
            continue
        model, seconds = found
        took = seconds + (LOAD if loaded.get(worker) != model else 0.0)
        loaded[worker] = model
        busy += seconds
        left[model] -= 1
        if not left[model]:
            del left[model]
            opened()
        heapq.heappush(ends, (now + took, worker))
    pieces = few * conditions * blocks
    took = time.perf_counter() - started
    return Contest(
        f"hand out {few:,} models × {conditions} conditions × {blocks} blocks to {workers} workers (simulated)",
        "pieces",
        pieces,
        "withstand",
        {"withstand": [took]},
        {
            "efficiency": round(busy / (workers * last), 4),
            "seconds_a_piece": [round(float(one), 1) for one in (times.min(), np.median(times), times.max())],
            "days": round(last / 86_400, 1),
            "driver_mb_more": round((peak() - before) / 2**20, 1),
        },
    )


LOAD = 5.0
"""Seconds to load a model: fetched, unpickled, made ready."""
