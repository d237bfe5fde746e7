"""Workers that are lost or lack something; pieces that fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="Ray is not installed")

from ray import cloudpickle
from tests.cluster import jobs
from tests.cluster.jobs import Toy

from withstand import cluster
from withstand.base.crew import Piece, UnfinishedError, crew
from withstand.base.errors import UserError
from withstand.config.schema import ClusterConfig

cloudpickle.register_pickle_by_value(jobs)

pytestmark = pytest.mark.xdist_group("cluster")  # one cluster, in one process of the tests


def piece(*what: Any) -> Piece:
    return Piece(" ".join(map(str, what[:1])), what, images=1)


@pytest.fixture(scope="module")
def working(two_nodes: Any) -> Iterator[None]:
    settings = ClusterConfig(name="ray", address=two_nodes.address)
    with cluster.opened(settings, "cpu"):
        yield


def done(job: Toy, *pieces: Piece, found: dict[int, list[Any]] | None = None) -> dict[int, list[Any]]:
    found = {} if found is None else found
    for number, made in crew().do(job, pieces):
        found.setdefault(number, []).append(made)
    return found


def test_a_piece_whose_worker_dies_goes_on_from_what_it_gave(working, tmp_path):
    log = tmp_path / "log"
    (tmp_path / "log.once").touch()
    assert done(Toy(), piece("count", 0, 5, str(log))) == {0: [0, 1, 2, 3, 4]}
    assert log.read_text().split() == ["0", "1", "2", "2", "3", "4"], "only what was in flight is done again"
    assert crew().costs()["cluster"]["again"] == 1


def test_a_piece_that_kills_three_workers_is_named_and_all_else_is_done(working, capsys):
    found: dict[int, list[Any]] = {}
    said = r"^toy: die: took 3 workers down each, and is left; all else is done"
    with pytest.raises(UnfinishedError, match=said):
        done(Toy(held=np.arange(10)), piece("sum"), piece("die"), piece("sum"), piece("sum"), found=found)
    assert found == {0: [45], 2: [45], 3: [45]}
    assert "for the third time at die, which is left" in capsys.readouterr().out


def test_what_a_user_can_mend_is_said_as_here_and_what_is_ours_with_its_traceback(working):
    with pytest.raises(UserError, match=r"^give another$"):
        done(Toy(), piece("refuse", "give another"))
    with pytest.raises(ZeroDivisionError, match="oh"):
        done(Toy(), piece("break", "oh"))
    assert done(Toy(held=np.arange(4)), piece("sum")) == {0: [6]}, "workers live on"


def test_what_a_node_has_not_is_sent(working, tmp_path, capsys):
    """Files that only this process sees, by the numbers it has them open under."""
    array = np.arange(200_000)
    np.save(tmp_path / "a.npy", array)
    (tmp_path / "text").write_text("read here")
    numbers = {900: "a.npy", 901: "text"}  # which no worker has open
    for number, name in numbers.items():
        with (tmp_path / name).open("rb") as file:
            os.dup2(file.fileno(), number)
    try:
        mapped = np.memmap("/proc/self/fd/900", array.dtype, "r", 128, array.shape)
        assert done(Toy(held=mapped), piece("sum"), piece("sum")) == {0: [array.sum()], 1: [array.sum()]}
        assert done(Toy(), piece("read", "/proc/self/fd/901")) == {0: ["read here"]}
    finally:
        for number in numbers:
            os.close(number)
    assert "it is sent what is in it" in capsys.readouterr().out


def test_units_run_side_by_side_and_one_at_a_time(working):
    running, begun, seen = list[int](), list[int](), list[int]()

    def unit(number: int) -> int:
        running.append(number)
        assert len(running) == 1, "it is one unit's turn"
        begun.append(number)
        running.pop()
        done(Toy(), piece("wait", 0.5))
        seen.append(len(begun))
        return number

    assert crew().together([lambda n=n: unit(n) for n in range(2)]) == [0, 1]
    assert seen == [2, 2], "both had begun before one had its answer"


def test_units_that_fail_let_others_end(working):
    def refused() -> str:
        done(Toy(), piece("refuse", "no"))
        return "never"

    ended: list[int] = []

    def fine() -> str:
        done(Toy(), piece("wait", 0.3))
        ended.append(1)
        return "done"

    with pytest.raises(UnfinishedError, match=r"^no$"):
        crew().together([refused, fine])
    assert ended == [1]


def test_a_job_that_cannot_be_sent_is_refused(working):
    import threading

    with pytest.raises(UserError, match=r"toy cannot be sent to other processes .*leave cluster=ray out"):
        done(Toy(held=threading.Lock()), piece("sum"))
