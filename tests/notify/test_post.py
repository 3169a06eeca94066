"""One request, to real servers that do all the things that servers do."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from farm.notify.post import ANSWER_BYTES, Call, post
from farm.notify.schedule import Answer

NOW_US = 1_800_000_000_000_000
SHORT_S = 0.3


def sent(url: str, patience_s: float = 5.0) -> Answer:
    return post(url, {"Content-Type": "application/json", "webhook-id": "m"}, b'{"a": 1}', Call(patience_s), NOW_US)


def test_what_is_sent_arrives(endpoint) -> None:
    assert sent(endpoint.url) == Answer(204, "")
    ((headers, body),) = endpoint.got
    assert (headers["content-type"], headers["webhook-id"], body) == ("application/json", "m", b'{"a": 1}')


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_a_status_comes_back_with_the_words(endpoint, status: int) -> None:
    endpoint.answers(status, b"no\n\x1b[31mservice  \xff")
    assert sent(endpoint.url) == Answer(status, "no [31mservice �")


def test_only_the_beginning_of_a_long_answer_is_read(endpoint) -> None:
    endpoint.answers(500, b"x" * 10 * ANSWER_BYTES)
    found = sent(endpoint.url)
    assert found.words == "x" * 199 + "…"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(endpoint, status: int) -> None:
    endpoint.answers(status, Location=endpoint.url)
    found = sent(endpoint.url)
    assert (found.status, len(endpoint.got)) == (status, 1)
    assert "redirects are not followed" in found.words


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120),
        ("Fri, 15 Jan 2027 08:02:00 GMT", 120),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("9" * 400, 999_999_999),
        ("", 0),
    ],
)
def test_a_receiver_may_say_when_to_come_back(endpoint, written: str, seconds: float) -> None:
    endpoint.answers(429, b"slow down", Retry_After=written)
    assert sent(endpoint.url) == Answer(429, "slow down", seconds)


def test_a_receiver_that_hangs_is_given_up(endpoint) -> None:
    endpoint.behave = lambda request: endpoint.released.wait()
    assert sent(endpoint.url, SHORT_S) == Answer(0, "no answer within 0.3 s")


@pytest.mark.parametrize(
    ("begins", "answer"),
    [
        (b"HTTP/1.1 2", Answer(0, "no answer within 0.3 s")),
        (b"HTTP/1.1 200 OK\r\nX: ", Answer(200, "")),
        (b"HTTP/1.1 500 No\r\n\r\n", Answer(500, "")),
    ],
    ids=["in its status", "in its headers", "in its body"],
)
def test_a_receiver_that_trickles_is_cut(endpoint, begins: bytes, answer: Answer) -> None:
    """Each byte comes in time, and the whole of it would take for ever. A status that came counts."""

    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(begins)
        while not endpoint.released.wait(SHORT_S / 10):
            request.wfile.write(b"0")

    endpoint.behave = lambda request: _unless_gone(trickle, request)
    found = sent(endpoint.url, SHORT_S)
    assert (found.status, found.words.strip("0")) == (answer.status, answer.words)


def _unless_gone(behave, request) -> None:
    try:
        behave(request)
    except OSError:
        request.close_connection = True


def test_another_thread_may_cut_it_short(endpoint) -> None:
    endpoint.behave = lambda request: endpoint.released.wait()
    call = Call(600)
    cutter = threading.Thread(target=lambda: (endpoint.arrived.wait(), call.cut()))
    cutter.start()
    assert post(endpoint.url, {}, b"{}", call, NOW_US).status == 0
    cutter.join()


def test_a_receiver_that_closes_is_named(endpoint) -> None:
    def close(request: BaseHTTPRequestHandler) -> None:
        request.connection.shutdown(socket.SHUT_RDWR)

    endpoint.behave = close
    assert sent(endpoint.url) == Answer(0, "it closed the connection without an answer")


def test_a_receiver_that_resets_is_named(endpoint) -> None:
    def reset(request: BaseHTTPRequestHandler) -> None:
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    endpoint.behave = reset
    assert sent(endpoint.url) == Answer(0, "it closed the connection without an answer")


def test_what_is_no_http_is_named(endpoint) -> None:
    endpoint.behave = lambda request: request.wfile.write(b"220 smtp.example ESMTP\r\n")
    found = sent(endpoint.url)
    assert (found.status, found.words) == (0, "BadStatusLine: 220 smtp.example ESMTP")


def test_nobody_there() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        assert sent(f"http://127.0.0.1:{taken.getsockname()[1]}/") == Answer(0, "Connection refused")
    assert sent("http://nowhere.invalid/").status == 0


def test_a_proxy_of_the_environment_is_used(endpoint, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", endpoint.url.rpartition("/hooks")[0])
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name)
    assert sent("http://receiver.invalid/hook") == Answer(204, "")
    assert endpoint.got[0][0]["host"] == "receiver.invalid"


@pytest.fixture
def tls_url(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server with a certificate of its own making, and that certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, own = tmp_path / "server.pem", tmp_path / "own.pem"
    own.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + own.read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words: object) -> None: ...

    class Quiet(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None: ...

    server = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/", own
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_that_nobody_signed_is_refused(tls_url) -> None:
    found = sent(tls_url[0])
    assert found.status == 0
    assert "its certificate is not to be trusted: self-signed certificate" in found.words


def test_an_authority_of_ones_own_is_trusted(tls_url, monkeypatch) -> None:
    url, authority = tls_url
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert sent(url) == Answer(204, "")
