"""Joining a Ray that somebody else started."""

from __future__ import annotations

import socket

import pytest

from farm.cluster.local import attach
from farm.errors import StorageError


def test_an_address_without_ray_is_told_soon():
    with socket.socket() as closed:  # taken, and nobody listens
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(StorageError, match=f"cannot join Ray at {address}"), attach(address):
            pytest.fail("joined")
