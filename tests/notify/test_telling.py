"""Threads beside a driver: what they tell, and how little they hold it up."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from time import monotonic

import pytest

from farm.errors import InputError
from farm.notify.hook import Hook, hook_of, hooks_of
from farm.notify.telling import Telling, close, telling
from farm.store.records import JobState
from farm.webhook import Webhook

KEY = b"0123456789abcdef01234567"


@pytest.fixture
def hook(endpoint, studio) -> Hook:
    """That has begun: what happens from now on is told."""
    return Hook(studio.hook.name, endpoint.url, keys=(KEY,))


def leads() -> bool:
    return True


def test_what_happens_is_told_and_signed(studio, endpoint, hook) -> None:
    studio.happens("the still is missing")
    with telling([hook], studio.store, "/renders", leads):
        assert endpoint.arrived.wait(30)
    ((headers, body),) = endpoint.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["user-agent"].startswith("farm/")
    (document,) = endpoint.documents
    assert (document["event"], document["message"]) == ("shot.failed", "the still is missing")


def test_the_end_is_told_before_the_driver_is_gone(studio, endpoint, hook) -> None:
    """A render's driver ends with its job: what it did last is told all the same."""
    with telling([hook], studio.store, "/renders", leads):
        studio.ends("shots", JobState.DONE, report="publish/report.html")
    (document,) = endpoint.documents
    assert document["event"] == "job.done"
    assert document["links"] == {"report": "publish/report.html", "report_url": "/renders/publish/report.html"}
    assert [each.state for each in studio.store.deliveries(10)] == ["delivered"]


def test_a_receiver_that_hangs_holds_nobody_up(studio, endpoint, hook) -> None:
    endpoint.behave = lambda request: endpoint.released.wait()
    studio.happens("a")
    thread = Telling(hook, studio.store, "/renders", leads, patience_s=600)
    assert endpoint.arrived.wait(30)
    began_s = monotonic()
    studio.happens("b")  # as the driver does, meanwhile
    close([thread], close_s=0.2)
    assert monotonic() - began_s < 5
    assert thread.join(0)
    assert {(each.state, each.tries) for each in studio.store.deliveries(10)} == {("pending", 0)}


def test_one_that_hangs_keeps_no_other_waiting(studio, endpoint, hook) -> None:
    """Both have the same endpoint, which lets go of nobody but the second."""
    second = threading.Event()

    def behave(request) -> None:
        if request.headers.get("webhook-signature"):
            endpoint.released.wait()
        else:
            second.set()
            request.send_response(204)
            request.end_headers()

    other = Hook("other", endpoint.url)
    with telling([other], studio.store, "/renders", leads):
        pass
    endpoint.behave = behave
    studio.happens("a")
    threads = [Telling(each, studio.store, "/renders", leads, patience_s=600) for each in (hook, other)]
    assert second.wait(30)
    close(threads, close_s=0.2)


def test_who_has_lost_the_lead_tells_nothing(studio, endpoint, hook) -> None:
    studio.happens("a")
    with telling([hook], studio.store, "/renders", lambda: False):
        pass
    assert endpoint.got == []


def test_without_webhooks_there_is_no_thread(studio) -> None:
    before = threading.active_count()
    with telling([], studio.store, "/renders", leads):
        assert threading.active_count() == before


def test_a_webhook_without_its_secret_is_named_and_the_others_are_told() -> None:
    said: list[str] = []
    webhooks = [
        Webhook(url="https://a.example/x", secret=("FARM_NO_SUCH_SECRET",)),
        Webhook(url="https://hooks.slack.com/services/T/B/x", format="slack", name="team"),
    ]
    assert [hook.name for hook in hooks_of(webhooks, said.append)] == ["team"]
    remedy = "FARM_NO_SUCH_SECRET is not set here (it holds the secret to sign with: export it)"
    assert said == [f"webhook a.example is told nothing: {remedy}"]


SLACK = Webhook(url="$FARM_SLACK_URL", format="slack", name="team")


def test_a_url_that_is_a_secret_stands_in_a_variable() -> None:
    found = hook_of(SLACK, {"FARM_SLACK_URL": "https://hooks.slack.com/services/T/B/x"}.__getitem__)
    assert (found.name, found.url) == ("team", "https://hooks.slack.com/services/T/B/x")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("", r"^FARM_SLACK_URL is not set here \(it holds the URL to tell: export it\)$"),
        ("geheim", r"^FARM_SLACK_URL: this URL cannot be used: no scheme \(write https://host/path\)$"),
    ],
)
def test_a_variable_that_holds_no_url_is_named_without_what_it_holds(held, said) -> None:
    with pytest.raises(InputError, match=said):
        hook_of(SLACK, lambda name: held)


def test_several_secrets_sign_while_one_takes_the_place_of_another() -> None:
    secrets = {"NEW": f"whsec_{base64.b64encode(KEY).decode()}", "OLD": base64.b64encode(b"x" * 32).decode()}
    found = hook_of(Webhook(url="https://a.example/x", secret=("NEW", "OLD")), secrets.__getitem__)
    assert found.keys == (KEY, b"x" * 32)


def test_a_hook_shows_neither_its_url_nor_its_keys() -> None:
    shown = repr(Hook("team", "https://hooks.slack.com/services/secret", keys=(KEY,)))
    assert "services" not in shown
    assert "0123" not in shown


def test_names_and_shots_of_people_are_data_and_nothing_else(studio, endpoint, hook) -> None:
    """A hostile shot name arrives as it is written, in one JSON string."""
    words = 'x", "event": "job.done\n\u2028 <!channel> \ud83d'.encode("utf-8", "replace").decode()
    studio.happens(words, shot="sh</script>")
    with telling([hook], studio.store, "/renders", leads):
        pass
    (document,) = endpoint.documents
    assert (document["event"], document["message"]) == ("shot.failed", words)
    assert json.loads(json.dumps(document)) == document
