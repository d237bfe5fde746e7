"""Who does what next."""

from withstand.cluster.schedule import Schedule


def test_the_longest_piece_of_a_job_is_done_first_and_equals_in_their_order():
    schedule = Schedule()
    schedule.add("a", [(1, "short"), (3, "long"), (1, "short too")])
    assert [schedule.next("w") for _ in range(4)] == [("a", "long"), ("a", "short"), ("a", "short too"), None]


def test_a_worker_stays_with_its_job_and_a_free_one_goes_where_the_most_work_is():
    schedule = Schedule()
    schedule.add("small", [(1, n) for n in range(3)])
    schedule.add("large", [(1, n) for n in range(10)])
    assert schedule.next("one") == ("large", 0)
    assert schedule.next("two") == ("large", 1), "4.5 for each of two there, 3 for one here"
    assert schedule.next("three") == ("small", 0), "2.7 for each of three there"
    assert schedule.next("three") == ("small", 1)
    assert [schedule.next("one")[0] for _ in range(8)] == ["large"] * 8
    assert schedule.next("one") == ("small", 2), "its own has none left"


def test_a_piece_that_comes_back_is_done_by_another():
    schedule = Schedule()
    schedule.add("a", [(1, "x")])
    assert schedule.next("one") == ("a", "x") and len(schedule) == 0
    schedule.gone("one")
    schedule.add("a", [(1, "x")])
    assert schedule.next("two") == ("a", "x")


def test_equal_pieces_are_shared_out_evenly_in_the_end():
    """Longest first: no worker begins a long piece when the others are about done."""
    schedule, ends = Schedule(), dict.fromkeys(range(4), 0.0)
    schedule.add("a", [(weight, weight) for weight in (1, 1, 1, 1, 9, 2, 2, 3, 8, 8, 9)])
    while True:
        worker = min(ends, key=ends.__getitem__)
        if (found := schedule.next(worker)) is None:
            break
        ends[worker] += found[1]
    assert max(ends.values()) - min(ends.values()) <= 3
