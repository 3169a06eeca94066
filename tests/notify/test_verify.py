"""The page that tells how to check a signature is right: its program takes what the farm sends, and nothing else."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from farm.notify.hook import Hook
from farm.notify.teller import letter

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "be-told.md"
NEW, OLD = b"n" * 32, b"o" * 32
SENT_S = 1_800_000_000


def secret(key: bytes) -> str:
    return f"whsec_{base64.b64encode(key).decode()}"


@pytest.fixture(scope="module")
def is_genuine() -> Any:
    program = re.search(r"^```python verify.py\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert program is not None
    names: dict[str, Any] = {}
    exec(program[1], names)  # noqa: S102 (a page of ours)
    return names["is_genuine"]


@pytest.fixture
def sent() -> tuple[dict[str, str], bytes]:
    return letter(Hook("team", "http://x/", keys=(NEW, OLD)), "msg_1", '{"event": "é"}', SENT_S * 1_000_000)


@pytest.mark.parametrize("key", [NEW, OLD], ids=["the new secret", "the old one"])
def test_what_the_farm_sends_is_genuine(is_genuine, sent, key) -> None:
    assert is_genuine(secret(key), *sent, now=SENT_S + 1.5)


@pytest.mark.parametrize(
    ("change", "body", "key", "now"),
    [
        ({}, b"another", NEW, SENT_S),
        ({"webhook-id": "msg_2"}, None, NEW, SENT_S),
        ({"webhook-timestamp": str(SENT_S + 1)}, None, NEW, SENT_S),
        ({"webhook-signature": "v1,"}, None, NEW, SENT_S),
        ({}, None, b"x" * 32, SENT_S),
        ({}, None, NEW, SENT_S + 301),
        ({}, None, NEW, SENT_S - 301),
    ],
    ids=["other words", "another id", "another time", "no signature", "another secret", "too late", "too early"],
)
def test_what_anybody_else_sends_is_not(is_genuine, sent, change, body, key, now) -> None:
    headers, original = sent
    assert not is_genuine(secret(key), {**headers, **change}, body or original, now=now)
