"""A Ray of our own, and joining one that somebody else started."""

from __future__ import annotations

import socket

import pytest

from farm.cluster.embedded import HERE, EmbeddedPool
from farm.cluster.local import attach
from farm.cluster.setup import WorkerSetup
from farm.errors import InputError, StorageError


def test_an_address_without_ray_is_told_soon():
    with socket.socket() as closed:  # taken, and nobody listens
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(StorageError, match=f"cannot join Ray at {address}"), attach(address):
            pytest.fail("joined")


def test_the_only_machine_is_not_taken_out(tmp_path):
    pool = EmbeddedPool(WorkerSetup(url=str(tmp_path), scratch=str(tmp_path)), "farm", 1, 2, lambda: None)
    with pytest.raises(InputError, match=r"this farm has only this machine: stop farm up, or farm render, instead"):
        pool.drain(HERE, 0)
    pool.close()
