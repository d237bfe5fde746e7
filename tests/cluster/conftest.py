"""A cluster of two nodes on this machine, one core each, and a driver that is on neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'withstand[ray]'")


@pytest.fixture(scope="session")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Started once: its address is ``two_nodes.address``."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


def predicted(root: Path) -> dict[str, bytes]:
    """All predictions below a folder, whole cells alone: name → checksum of the numbers."""
    files = [
        one for one in root.rglob("*.parquet") if ".part." not in one.name and "pieces" not in str(one.parent)
    ]
    return {str(one.relative_to(root)): pq.read_schema(one).metadata[b"checksum"] for one in files}


def costs(run: Path) -> dict[str, Any]:
    """Who did the pieces of a run's last command."""
    found: dict[str, Any] = json.loads((run / "provenance.json").read_text())["cluster"]
    return found
