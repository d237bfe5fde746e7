"""Which warnings are errors in the tests: all of our code, and of libraries' own all but that they grow old."""

import warnings

import pytest

OLD = [DeprecationWarning, PendingDeprecationWarning, FutureWarning]


@pytest.mark.parametrize("kind", [*OLD, UserWarning, RuntimeWarning])
@pytest.mark.parametrize("module", ["withstand.images.resize", "tests.test_warnings", "main"])
def test_what_warns_of_our_code_is_an_error(kind: type[Warning], module: str) -> None:
    with pytest.raises(kind):
        warnings.warn_explicit("said", kind, "file.py", 1, module=module)


@pytest.mark.parametrize("kind", OLD)
def test_a_library_may_grow_old(kind: type[Warning]) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.warn_explicit("said", kind, "file.py", 1, module="torch.nn")
    assert [one.category for one in seen] == [kind]


def test_a_library_may_not_warn_of_numbers() -> None:
    with pytest.raises(RuntimeWarning):
        warnings.warn_explicit("divided by zero", RuntimeWarning, "file.py", 1, module="numpy")
