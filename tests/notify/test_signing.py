"""Signatures, against the example of the specification and a second implementation."""

from __future__ import annotations

import base64
import hashlib

import pytest

from farm.errors import InputError
from farm.notify.signing import key_of, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """RFC 2104, written out."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + data).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()


def test_the_example_of_standard_webhooks() -> None:
    found = signature([key_of(SECRET, "HOOK")], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("body", [b"", b"{}", "{é}".encode() * 1000], ids=["empty", "small", "long"])
def test_another_implementation_agrees(body: bytes) -> None:
    keys = [b"k" * 24, b"l" * 64]
    expected = [base64.b64encode(hmac_sha256(key, b"msg_1.17." + body)).decode() for key in keys]
    assert signature(keys, "msg_1", 17, body) == f"v1,{expected[0]} v1,{expected[1]}"


def test_a_secret_may_come_without_its_prefix() -> None:
    assert key_of(SECRET.removeprefix("whsec_"), "HOOK") == key_of(SECRET, "HOOK")


@pytest.mark.parametrize(
    "secret",
    ["hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_" + "é" * 32],
    ids=["a password", "nothing", "too short", "cut off", "no base64"],
)
def test_what_is_no_secret_is_not_shown(secret: str) -> None:
    with pytest.raises(InputError, match=r"^HOOK holds no secret: .*openssl rand -base64 32") as caught:
        key_of(secret, "HOOK")
    assert secret.removeprefix("whsec_") not in str(caught.value) or secret == "whsec_"
