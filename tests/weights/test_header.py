"""A safetensors header tells whether the file is whole."""

from __future__ import annotations

import json
import struct

import pytest
from tiny_weights import safetensors

from farm.errors import InputError
from farm.weights.header import Tensor, read_header

WHOLE = safetensors({"a.weight": (3, 4), "b.bias": (5,)}, {"format": "pt"})


def of(header: object) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


def test_a_header_names_tensors_shapes_and_what_its_writer_says(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(WHOLE)
    header = read_header(path)
    assert header.tensors == {"a.weight": Tensor("F16", (3, 4)), "b.bias": Tensor("F16", (5,))}
    assert header.metadata == {"format": "pt"}


def test_it_reads_what_safetensors_itself_writes(tmp_path):
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"x": np.ones((2, 3), np.float32), "y": np.ones(4, bool)}, tmp_path / "w.safetensors")
    tensors = read_header(tmp_path / "w.safetensors").tensors
    assert tensors == {"x": Tensor("F32", (2, 3)), "y": Tensor("BOOL", (4,))}


def test_it_reads_types_narrower_than_a_byte(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(of({"q": {"dtype": "F4", "shape": [6], "data_offsets": [0, 3]}}) + bytes(3))
    assert read_header(path).tensors["q"] == Tensor("F4", (6,))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(WHOLE[:-1], r"is cut short: \d+ bytes instead of \d+", id="last byte missing"),
        pytest.param(WHOLE[:40], "is cut short: its header alone", id="in the header"),
        pytest.param(WHOLE[:5], "is no safetensors file", id="in the first number"),
        pytest.param(b"", "is no safetensors file", id="empty"),
        pytest.param(WHOLE + b"\0", "is longer than it should be", id="longer"),
        pytest.param(b"\x80\x02}q\x00." * 9, "is no safetensors file", id="a pickle"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "no safetensors", id="a pointer"),
        pytest.param(struct.pack("<Q", 4) + b"nope", "its header is no JSON", id="no JSON"),
        pytest.param(of(["a"]), "its header lists no tensors", id="a list"),
        pytest.param(of({"a": {"dtype": "F16"}}), 'says nothing usable of "a"', id="no shape"),
        pytest.param(
            of({"a": {"dtype": "F16", "shape": [9], "data_offsets": [0, 2]}}) + b"ab",
            r'"a" of shape \[9\] cannot be bytes 0 to 2',
            id="shape and bytes disagree",
        ),
    ],
)
def test_what_is_not_whole_is_refused(body, problem, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(body)
    with pytest.raises(InputError, match=problem) as told:
        read_header(path)
    assert str(path) in str(told.value)
