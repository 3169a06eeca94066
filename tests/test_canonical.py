"""The canonical encoding is frozen: these vectors hold every studio's finished work in place."""

from __future__ import annotations

import json
import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.canonical import content_id, encode

GOLDEN = [
    (None, "null"),
    (True, "true"),
    (1, "1"),
    (1.0, "1"),
    (0.7, '{"/":[7,10]}'),
    (Fraction(24000, 1001), '{"/":[24000,1001]}'),
    ("e\u0301t\u00e9", '"été"'),
    ([1, [2, "a"]], '[1,[2,"a"]]'),
    ({"b": 1, "a": {"d": 0.5, "c": None}}, '{"a":{"c":null,"d":{"/":[1,2]}},"b":1}'),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=[text for _, text in GOLDEN])
def test_golden_vectors(value, text):
    assert encode(value) == text


def test_golden_id():
    assert content_id("generate", {"seed": 7, "fps": Fraction(25)}) == "bb7e49f8c2d8d2d3ccaa2eac9cac36dd"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "/"), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_survives_json_and_key_order(value):
    try:
        text = encode(value)
    except ValueError:
        return  # two keys became one under NFC
    assert encode(_reversed(json.loads(json.dumps(value)))) == text


@given(st.text())
def test_text_is_compared_after_normalisation(text):
    assert encode(text) == encode(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"\u00e9": 1, "e\u0301": 2}, {"/": [1, 2]}])
def test_what_has_no_encoding_is_refused(value):
    with pytest.raises(ValueError, match=r"encoding|same text|reserved"):
        encode(value)


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="set has no canonical encoding"):
        encode({1, 2})  # pyright: ignore[reportArgumentType]


def _reversed(value):
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value
