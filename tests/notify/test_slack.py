"""What Slack is sent: readable, within its limits, and without power for whoever named a shot."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.notify.message import EVENTS, CostPart, JobPart, LinksPart, Message, at
from farm.notify.slack import escaped, slack

NASTY = "<!channel> <@U123> @here & <https://evil.example|click> *_~`\n> quote \u202e\x07"


def message(event: str = "shot.failed", words: str = "its still is missing", **more: Any) -> Message:
    job = JobPart(id="lake-3f2a10", name="lake", state="active", principal="mia")
    usual = {"project": "lake", "job": job, "shot": "sh040", "farm": "/renders", "id": "msg_1", "time": at(0)}
    return Message(event=event, message=words, **{**usual, **more})


def texts(found: object) -> list[tuple[str, str]]:
    """Every text object, with its type."""
    if isinstance(found, dict):
        if found.get("type") in {"mrkdwn", "plain_text"}:
            assert found["type"] == "plain_text" or found["verbatim"] is True
            return [(found["type"], found["text"])]
        return [text for each in found.values() for text in texts(each)]
    return [text for each in found for text in texts(each)] if isinstance(found, list) else []


def shown(document: dict[str, Any]) -> str:
    """As a person reads it."""
    return "\n".join(html.unescape(text).replace("\u2060", "") for _, text in texts(document["blocks"]))


def test_a_message_says_what_happened_to_what_and_what_to_do() -> None:
    document = slack(
        message(
            remedy="farm retry lake-3f2a10 --shot sh040",
            counts={"done": 12, "failed": 1},
            cost=CostPart(spent_micros=12_500_000, budget_micros=50_000_000),
            links=LinksPart(report="report.html", report_url="/renders/report.html"),
        )
    )
    assert document["text"] == "lake: sh040: Shot failed: its still is missing"
    assert shown(document) == (
        "Shot failed\n*sh040*  its still is missing\n*Project*\nlake\n*Job*\nlake-3f2a10 (by mia)\n"
        "*Tasks*\n12 done, 1 failed\n*Cost*\n12.50 of 50.00\n*Report*\n/renders/report.html\n"
        "`farm retry lake-3f2a10 --shot sh040`\n/renders · 1970-01-01 00:00 UTC"
    )


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_its_title(event: str) -> None:
    assert slack(message(event))["blocks"][0]["text"]["text"]


def test_nobody_is_mentioned_and_nothing_becomes_a_link() -> None:
    job = JobPart(id=NASTY, name=NASTY, state="active", principal=NASTY)
    document = slack(message(words=NASTY, shot=NASTY, project=NASTY, farm=NASTY, remedy=NASTY, job=job))
    assert (document["parse"], document["link_names"]) == ("none", False)
    for kind, text in [*texts(document["blocks"]), ("mrkdwn", document["text"])]:
        assert "<" not in text
        assert ">" not in text
        assert kind == "plain_text" or not re.search(r"@\w", text)
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
        assert all(letter.isprintable() or letter in "\n\u2060" for letter in text)
    assert "<!channel> <@U123> @here & <https://evil.example|click>" in shown(document)


@given(st.text(max_size=5_000))
def test_any_words_fit_and_say_what_they_said(words: str) -> None:
    text = escaped(words)
    assert len(text) <= 3_000
    assert not set("<>") & set(text)
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    assert html.unescape(text).replace("@\u2060", "@") == (line if len(line) <= 600 else f"{line[:599]}…")
