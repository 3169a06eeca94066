"""A farm that tells: a real driver, a real list, and a receiver that checks signatures by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, or so").decode()
HEADER = "Sequence,Shot,Still,Duration,Prompt,Takes,Select\n"
ROWS = (
    'sq010,sh010,stills/coffee.png,0.25,"Slow push in",1,auto',
    'sq010,sh020,stills/chelsea.png,0.25,"Slow pan left",2,hold',
    'sq010,sh030,stills/missing.png,0.25,"Static",1,auto',
)
PATIENCE_S = 240


class Inbox:
    """What arrived, by the path it was sent to."""

    def __init__(self) -> None:
        self.messages: dict[str, list[dict]] = {}
        self.fails: set[str] = set()
        """Paths that answer 503."""
        self._arrived = threading.Condition()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        if path in self.fails:
            return 503
        if path == "/signed":
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.new(base64.b64decode(SECRET[6:]), signed, hashlib.sha256).digest()
            assert f"v1,{base64.b64encode(digest).decode()}" in headers["webhook-signature"].split()
        with self._arrived:
            self.messages.setdefault(path, []).append(json.loads(body))
            self._arrived.notify_all()
        return 204

    def wait_for(self, path: str, event: str) -> dict:
        """The first message of an event."""

        def found() -> dict | None:
            return next((each for each in self.messages.get(path, []) if each["event"] == event), None)

        with self._arrived:
            assert self._arrived.wait_for(found, PATIENCE_S), self.messages
        document = found()
        assert document is not None
        return document


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    found = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(found.take(self.path, headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def settings(studio, inbox) -> None:
    (studio.folder / "config.yaml").write_text(
        "webhooks:\n"
        f"  - {{url: '{inbox.url}/signed', secret: HOOK_SECRET, name: pipeline}}\n"
        f"  - {{url: '{inbox.url}/slack', format: slack, name: team, events: [shot.held]}}\n"
        f"  - {{url: '{inbox.url}/down', secret: HOOK_SECRET, name: down}}\n"
        f"  - {{url: '{inbox.url}/unset', secret: NO_SUCH_SECRET, name: unset}}\n"
    )
    inbox.fails.add("/down")
    studio.env |= {"FARM_CONFIG": str(studio.folder / "config.yaml"), "HOOK_SECRET": SECRET, "COLUMNS": "120"}
    studio.env |= {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


@pytest.mark.ray
def test_what_becomes_of_a_list_is_told(studio, inbox) -> None:
    """Two renders, each a driver that ends with its job: what happens last is told before it is gone."""
    settings(studio, inbox)
    studio.list.write_text(HEADER + "".join(f"{row}\n" for row in ROWS))
    first = json.loads(studio.render().stdout)
    assert [shot["state"] for shot in first["shots"]] == ["done", "held", "failed"]

    failed, held = inbox.wait_for("/signed", "shot.failed"), inbox.wait_for("/signed", "shot.held")
    assert (failed["shot"], failed["job"]["id"], failed["project"]) == ("sh030", first["job"], "test")
    assert "missing.png" in failed["message"]
    assert (held["shot"], held["message"]) == ("sh020", "waits for a choice between takes 1 and 2")
    assert held["remedy"] == f"farm approve {first['job']} sh020 TAKE --out {studio.out}"
    (slack,) = inbox.messages["/slack"]
    assert slack["text"] == "test: sh020: Choose a take: waits for a choice between takes 1 and 2"

    (studio.folder / "pictures.csv").write_text(HEADER + f"{ROWS[0]}\n")
    done = studio.run(studio.command("render", "pictures.csv", "--out", str(studio.out), "--json"))
    assert done.returncode == 0, done.stderr
    assert "webhook unset is told nothing: NO_SUCH_SECRET is not set here" in done.stderr
    message = inbox.wait_for("/signed", "job.done")
    assert message["counts"].keys() == {"done"}
    assert (studio.out / message["links"]["report"]).is_file()
    assert message["links"]["report_url"] == str(studio.out / message["links"]["report"])
    assert [each["event"] for each in inbox.messages["/signed"]] == ["shot.failed", "shot.held", "job.done"]
    assert len({each["id"] for each in inbox.messages["/signed"]}) == 3

    listed = json.loads(studio.run(studio.command("notifications", "--out", str(studio.out), "--json")).stdout)
    states = {(each["webhook"], each["event"]): (each["state"], each["status"]) for each in listed}
    assert states["pipeline", "job.done"] == ("delivered", 204)
    assert states["down", "shot.failed"][0] == "pending"
    assert not any(webhook == "unset" for webhook, _ in states)
    troubled = studio.run(studio.command("notifications", "--out", str(studio.out), "--failed"))
    assert "503" in troubled.stdout
    assert "delivered" not in troubled.stdout


def test_a_test_message_says_what_came_back(studio, inbox) -> None:
    settings(studio, inbox)
    done = studio.run(studio.command("notify", "test", "--json"))
    assert done.returncode == 1
    answers = {each["webhook"]: (each["delivered"], each["status"]) for each in json.loads(done.stdout)}
    assert answers == {"pipeline": (True, 204), "team": (True, 204), "down": (False, 503), "unset": (False, 0)}
    assert inbox.messages["/signed"][0]["event"] == "test"
    assert "this is a test" in inbox.messages["/slack"][0]["text"]
    one = studio.run(studio.command("notify", "test", f"{inbox.url}/signed"))
    assert (one.returncode, len(inbox.messages["/signed"])) == (0, 2)
    assert "delivered" in one.stdout
    nobody = studio.run(studio.command("notify", "test", "nobody"))
    assert nobody.returncode == 2
    assert "no webhook has this name or URL (the settings have pipeline, team, down, unset)" in nobody.stderr


def test_bad_settings_are_named_by_every_command(studio, inbox) -> None:
    settings(studio, inbox)
    (studio.folder / "config.yaml").write_text("webhooks: [{url: 'gopher://x/', secret: A}]")
    done = studio.run(studio.command("notifications"))
    assert done.returncode == 2
    assert "only http and https are known" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_webhooks_there_is_nothing_to_list_or_test(studio) -> None:
    done = studio.run(studio.command("notifications"))
    assert (done.returncode, done.stdout.strip()) == (0, "nobody is told anything: the settings have no webhooks")
    done = studio.run(studio.command("notify", "test"))
    assert done.returncode == 2
    assert "the settings have no webhooks" in done.stderr
