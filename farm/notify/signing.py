"""Signatures of messages, as Standard Webhooks has them: HMAC-SHA256 over id, time and body, by each secret.

    "whsec_" + base64 ──▶ key        id.timestamp.body ──HMAC──▶ "v1,…" (one for each key, a space between)

Several keys are for the days in which one takes the place of another: a receiver takes what any of them signed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

from farm.errors import InputError

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)


def key_of(secret: str, variable: str) -> bytes:
    """The key that a secret is written for. Raises `InputError`, naming its variable and not the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in KEY_BYTES:
        raise InputError(
            f"{variable} holds no secret: {PREFIX} and 24 to 64 bytes in base64 (openssl rand -base64 32 makes one)"
        )
    return key


def signature(keys: Sequence[bytes], identity: str, at_s: int, body: bytes) -> str:
    """The header `webhook-signature` of a message that is sent at `at_s` (Unix time)."""
    signed = f"{identity}.{at_s}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)
