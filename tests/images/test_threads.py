"""Pieces of work on several threads: all are done, and torch has its threads back."""

import pytest
import torch

from withstand.images.threads import each, pool


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_every_piece_is_done_once_by_one_thread_each(threads):
    done, within = [], []

    def piece(i: int) -> None:
        done.append(i)
        within.append(torch.get_num_threads())

    each(piece, 7)
    each(piece, 0)
    assert sorted(done) == list(range(7)) and set(within) == {1}
    assert torch.get_num_threads() == threads


def test_what_goes_wrong_is_raised(threads):
    def piece(i: int) -> None:
        if i == 2:
            raise ValueError("two")

    with pytest.raises(ValueError, match="two"):
        each(piece, 5)
    assert torch.get_num_threads() == threads


def test_a_pool_gives_torch_its_threads_back(threads):
    with pool(2) as started:
        assert started.submit(torch.get_num_threads).result() == 1
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == threads
