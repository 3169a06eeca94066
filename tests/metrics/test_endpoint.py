"""What is answered over HTTP, on a port that the machine picks."""

from __future__ import annotations

import gzip
import http.client
import logging
import socket
import threading
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families

from farm.config import Address
from farm.metrics.endpoint import serving
from farm.metrics.exposition import Exposition, takes_gzip
from farm.metrics.process import SILENT_S, Metrics
from farm.pages import CLIENTS_MAX

HERE = Address("127.0.0.1", 0)
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.3,*/*;q=0.1"
)


@pytest.fixture
def endpoint(metrics):
    with serving(HERE, metrics) as found:
        assert found is not None
        yield found


@contextmanager
def connected(endpoint):
    connection = http.client.HTTPConnection(*endpoint.address, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def ask(endpoint, path="/metrics", method="GET", **headers):
    with connected(endpoint) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def test_prometheus_is_answered_in_openmetrics(endpoint, read_text):
    status, headers, body = ask(endpoint, Accept=PROMETHEUS)
    assert status == 200
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    seen = read_text(body.decode())
    assert seen.of("farm_lease_held") == {(): 0.0}
    assert seen.of("farm_changes_total") == {(): 0.0}
    assert "process_resident_memory_bytes" in seen.names


def test_everybody_else_is_answered_in_the_older_format(endpoint):
    _, headers, body = ask(endpoint)
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert families["farm_disk_free_bytes"].samples[0].value > 0
    assert families["farm_turn_duration_seconds"].type == "histogram"


def test_who_takes_gzip_gets_gzip(endpoint):
    plain = ask(endpoint)[2]
    _, headers, packed = ask(endpoint, Accept_Encoding="gzip;q=1.0, identity;q=0.5")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


@pytest.mark.parametrize(
    ("coding", "takes"), [("gzip", True), ("br, GZIP", True), ("", False), ("gzip;q=0", False), ("x-gzip2", False)]
)
def test_who_takes_gzip(coding, takes):
    assert takes_gzip(coding) is takes


def test_a_storm_of_scrapes_is_one_reading(metrics):
    asked = []

    class Counting:
        def collect(self):
            asked.append(1)
            return metrics.collect()

    exposition = Exposition(Counting(), young_s=60.0)
    threads = [threading.Thread(target=exposition.text, args=("",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    exposition.text(PROMETHEUS)
    assert len(asked) == 2


def test_a_connection_is_kept_for_the_next_scrape(endpoint):
    with connected(endpoint) as connection:
        for _ in range(3):
            connection.request("GET", "/metrics")
            assert connection.getresponse().read()
            assert connection.sock is not None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/metrics?name[]=up", 200),
        ("HEAD", "/metrics", 200),
        ("GET", "/metrics/../../etc/passwd", 404),
        ("GET", "/debug", 404),
        ("POST", "/metrics", 501),
        ("DELETE", "/metrics", 501),
    ],
)
def test_there_is_nothing_else(endpoint, method, path, status):
    found, _, body = ask(endpoint, path, method)
    assert found == status
    assert method != "HEAD" or body == b""


def test_a_client_that_talks_no_http_is_refused_and_the_next_served(endpoint):
    with socket.create_connection(endpoint.address, timeout=30) as strange:
        strange.sendall(b"\x16\x03\x01\x02\x00 what\r\n\r\n")
        assert b"400" in strange.recv(4096)
    assert ask(endpoint)[0] == 200


def test_more_clients_than_there_is_room_for_are_left(endpoint):
    idle = [socket.create_connection(endpoint.address, timeout=30) for _ in range(CLIENTS_MAX)]
    try:
        for each in idle:  # each has its thread by the time it is answered
            each.sendall(b"GET /healthz HTTP/1.1\r\nHost: farm\r\n\r\n")
            assert each.recv(4096).startswith(b"HTTP/1.1 200")
        with socket.create_connection(endpoint.address, timeout=30) as late:
            assert late.recv(4096) == b""
    finally:
        for each in idle:
            each.close()


# -- health -----------------------------------------------------------------------------------------------------


class Hand:
    """A clock that the test turns."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def clocked(clock):
    return Metrics({}, {}, clock)


def test_ready_is_who_leads_or_stands_by(clocked, store):
    with serving(HERE, clocked) as endpoint:
        assert ask(endpoint, "/readyz")[::2] == (503, b"is starting\n")
        clocked.stand_by()
        assert ask(endpoint, "/readyz")[::2] == (200, b"stands by\n")
        with clocked.leading(store, 7):
            assert ask(endpoint, "/readyz")[::2] == (200, b"leads\n")
        assert ask(endpoint, "/readyz")[0] == 503


def test_a_driver_that_hangs_is_not_healthy(clocked, clock, store):
    with serving(HERE, clocked) as endpoint:
        assert ask(endpoint, "/healthz")[0] == 200
        with clocked.leading(store, 7) as meter:
            clock.now_s += SILENT_S
            assert ask(endpoint, "/healthz")[0] == 200
            clock.now_s += 1.0
            status, _, body = ask(endpoint, "/healthz")
            assert (status, body) == (503, b"the driver has given no sign of life for 121 s\n")
            meter.turned(0.1)
            assert ask(endpoint, "/healthz")[0] == 200
        clock.now_s += 10 * SILENT_S
        assert ask(endpoint, "/healthz")[0] == 200  # nobody hangs who does not lead


# -- where it listens -------------------------------------------------------------------------------------------


def test_a_taken_port_is_one_warning_with_its_remedy(metrics, endpoint, caplog):
    with caplog.at_level(logging.WARNING), serving(endpoint.address, metrics) as other:
        assert other is None
    (record,) = caplog.records
    words = record.getMessage()
    assert str(endpoint.address) in words
    assert "Address already in use" in words
    assert "FARM_METRICS" in words


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"], ids=["unknown", "another machine's"])
def test_an_address_that_is_not_ours_is_a_warning(metrics, host, caplog):
    with caplog.at_level(logging.WARNING), serving(Address(host, 0), metrics) as endpoint:
        assert endpoint is None
    assert len(caplog.records) == 1


def test_off_is_off(metrics, caplog):
    with caplog.at_level(logging.INFO), serving(None, metrics) as endpoint:
        assert endpoint is None
    assert not caplog.records


def test_the_port_is_free_again_at_once(metrics):
    with serving(HERE, metrics) as endpoint:
        address = endpoint.address
        ask(endpoint)
    with serving(address, metrics) as again:
        assert again is not None
        assert ask(again)[0] == 200


def test_both_families_of_addresses_can_be_listened_on(metrics):
    with serving(Address("::1", 0), metrics) as endpoint:
        if endpoint is None:
            pytest.skip("this machine has no IPv6")
        assert str(endpoint.address).startswith("[::1]:")
        assert ask(endpoint)[0] == 200
