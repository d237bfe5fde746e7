"""Fixtures that several tests share: where the real data is, or why the test is skipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent


# No test may depend on how fast the machine is, or on what else it does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of unpacked real data (`cifar10/`, `weights/`, ...), from WITHSTAND_DATA."""
    named = os.environ.get("WITHSTAND_DATA")
    if not named:
        pytest.skip("needs unpacked real data: set WITHSTAND_DATA to its folder")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"needs unpacked real data: WITHSTAND_DATA={named} is not a folder")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of packed and golden data, from WITHSTAND_REAL_DATA or `../shared`."""
    folder = Path(os.environ.get("WITHSTAND_REAL_DATA") or ROOT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(
            f"needs the golden data: {folder} is not there (set WITHSTAND_REAL_DATA to its parent folder)"
        )
    return folder


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment for a process of the test's own in any folder, which imports this checkout."""
    path = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}


@pytest.fixture(autouse=True, scope="session")
def one_arithmetic() -> Iterator[None]:
    """What ``auto`` stands for is the same on every processor; tests of the other arithmetic ask for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("withstand.engines.device._cpu_multiplies_bfloat16", lambda: False)
        yield


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's cache."""
    os.environ["WITHSTAND_CACHE"] = str(tmp_path_factory.mktemp("cache"))
