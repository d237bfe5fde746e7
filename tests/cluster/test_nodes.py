"""Nodes that go, that are of another kind, or that are not there; a driver that is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pyarrow.parquet as pq
import pytest

pytest.importorskip("ray", reason="Ray is not installed")

from tests.cluster.conftest import predicted
from tests.cluster.jobs import Toy

from withstand import cluster
from withstand.base.crew import Piece, crew
from withstand.base.errors import UserError
from withstand.config.schema import ClusterConfig

pytestmark = pytest.mark.xdist_group("cluster")  # one cluster, in one process of the tests


def test_a_node_of_another_kind_takes_no_part(two_nodes, capsys):
    odd = two_nodes.add_node(num_cpus=1, env_vars={"ATEN_CPU_CAPABILITY": "default"})
    settings = ClusterConfig(name="ray", address=two_nodes.address)
    try:
        with cluster.opened(settings, "cpu"):
            nodes = {made for _, made in crew().do(Toy(), [Piece("wait", ("wait", 0.2))] * 40)}
        assert 1 <= len(nodes) <= 2
        said = capsys.readouterr().out
        # What a processor without them is called is torch's word: DEFAULT, before 2.6 NO AVX.
        assert re.search(r"takes no part: it has instructions (DEFAULT|NO AVX) in place of", said)
        assert "would compute other last bits" in said
    finally:
        two_nodes.remove_node(odd)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", r"there is no Ray cluster at 127\.0\.0\.1:1 .*ray start --head"),
        ("ray://there:10001", "start the command on a node of the cluster"),
    ],
)
def test_a_cluster_that_is_not_there_is_refused(address, said):
    with (
        pytest.raises(UserError, match=said),
        cluster.opened(ClusterConfig(name="ray", address=address), "cpu"),
    ):
        pass


def test_without_ray_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    said = r'cluster=ray needs Ray; install it with `pip install "withstand\[ray\]"`'
    with pytest.raises(UserError, match=said), cluster.opened(ClusterConfig(name="ray"), "cpu"):
        pass


SLOW = '''
import time
from torch import nn

class Slow(nn.Module):
    """Mean colours, slowly; says in a log how many images it saw."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def forward(self, images):
        if len(images) == 64:
            time.sleep(0.2)
            with open(self.log, "a") as log:
                print("a batch", file=log)
        return images.mean(dim=(2, 3)) @ images.new_ones(3, 10).cumsum(1)

def slow(log):
    return Slow(log)
'''


def test_a_driver_that_is_killed_and_a_node_that_goes_cost_only_what_was_in_flight(
    two_nodes, tmp_path, environment
):
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    words = [
        "experiment=robustness",
        "model=python:slow.py:slow",
        f"model.args={{log: {tmp_path / 'log'}}}",
        "model.mean=[0,0,0]",
        "model.std=[1,1,1]",
        "model.image_size=16",
        "dataset=shapes",
        "dataset.size=16",
        "dataset.n_test=320",
        "shift.corruptions=[contrast,gaussian_noise]",
        "threads=1",
        "evaluation.batch_size=64",
    ]
    shared = ["cluster=ray", f"cluster.address={two_nodes.address}", "cluster.images_per_piece=64"]
    command = [sys.executable, "-c", "from withstand.cli import main; raise SystemExit(main())", *words]
    log, run = tmp_path / "log", tmp_path / "two" / "python-slow-slow_shapes"

    def seen() -> int:
        return len(log.read_text().splitlines()) if log.exists() else 0

    def start(where: str, *more: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{where}.txt").open("ab") as told:
            words = [*command, f"paths.checkpoints={where}", *more]
            return subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=told, stderr=told)

    assert start("one").wait() == 0
    whole = predicted(tmp_path / "one")
    assert len(whole) == 11 and seen() == 55, "11 conditions of five batches"
    log.unlink()

    first = start("two", *shared)
    wait_for(lambda: seen() >= 8)
    extra = two_nodes.add_node(num_cpus=1)
    wait_for(lambda: seen() >= 18)
    two_nodes.remove_node(extra)
    wait_for(lambda: seen() >= 24)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    time.sleep(1)  # its workers go with it
    done = seen()
    kept = sum(pq.read_metadata(one).num_rows for one in run.rglob("*.parquet")) // 64
    assert start("two").wait() == 0, (tmp_path / "two.txt").read_text()  # whoever goes on
    assert predicted(tmp_path / "two") == whole
    assert done - kept <= 3 + 3, "what three workers did, and what came while the driver wrote"
    assert seen() - done == 55 - kept, "and nothing twice"


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)
