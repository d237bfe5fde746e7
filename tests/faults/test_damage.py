"""A damaged file is refused in a line that names it, or harms nothing; in full: ``python -m tests.faults damage``."""


def test_no_damaged_file_is_more_than_a_line(quick):
    found = quick["damage"]
    assert not [one for one in found if one["kind"] == "failed"]
    assert {one["kind"] for one in found} == {"refused", "harmless"}
    assert len({one["door"] for one in found}) > 10
