"""`farm doctor` looks whether metrics can be served, and who serves them where they cannot."""

from __future__ import annotations

import http.server
import socket
import threading

import pytest

from farm.config import Address
from farm.doctor import _metrics
from farm.metrics.endpoint import serving

HERE = Address("127.0.0.1", 0)


@pytest.fixture
def somebody():
    """Another program that talks HTTP."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Address("127.0.0.1", server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_free_port_is_fine():
    check = _metrics(HERE)
    assert check.fine
    assert "127.0.0.1" in check.found


def test_off_is_fine():
    assert _metrics(None).fine


def test_a_farm_that_serves_there_is_fine(metrics):
    metrics.stand_by()
    with serving(HERE, metrics) as endpoint:
        check = _metrics(endpoint.address)
    assert (check.fine, check.found) == (True, f"served at {endpoint.address} by a farm that stands by")


def test_another_program_there_is_named_with_the_remedy(somebody):
    check = _metrics(somebody)
    assert not check.fine
    assert str(somebody) in check.found
    assert "FARM_METRICS" in check.remedy


def test_who_does_not_answer_there_is_no_farm():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not _metrics(Address(*silent.getsockname())).fine
