"""Joining a Ray that somebody else started."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from farm.cluster.local import attach
from farm.errors import StorageError

JOIN = """
import sys
from farm.cluster.local import attach
with attach(sys.argv[1]):
    import ray
    sys.stderr.write(f"{len(ray.nodes())} nodes")
"""


@pytest.mark.ray
def test_a_driver_joins_the_cluster_beside_it(nodes):
    done = subprocess.run([sys.executable, "-c", JOIN, nodes.cluster.address], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "nodes" in done.stderr
    assert done.stdout == ""


def test_an_address_without_ray_is_told_soon():
    with socket.socket() as closed:  # taken, and nobody listens
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(StorageError, match=f"cannot join Ray at {address}"), attach(address):
            pytest.fail("joined")
