"""Leaner ways to hold a pipeline, and one error for memory that ran out."""

from __future__ import annotations

import pytest
import torch

from farm.errors import FailureKind, OutOfMemory
from farm.models.diffusion.memory import Hold, memory_errors


@pytest.mark.parametrize(
    ("start", "by", "way"),
    [("standard", 0, "standard"), ("standard", 1, "tiled"), ("standard", 2, "offload"), ("tiled", 5, "offload")],
)
def test_each_retry_is_leaner_down_to_the_leanest(start, by, way):
    assert Hold(start).leaner(by) is Hold(way)


def asks_too_much() -> None:
    torch.empty(2**60)


def cuda_is_full() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")


def python_is_full() -> None:
    raise MemoryError


@pytest.mark.parametrize("run", [asks_too_much, cuda_is_full, python_is_full])
def test_memory_that_ran_out_is_one_error_that_says_what_to_do(run):
    with (
        pytest.raises(OutOfMemory, match=r"out of memory while making s010: .*smaller frame") as raised,
        memory_errors("making s010"),
    ):
        run()
    assert raised.value.kind is FailureKind.OOM


def test_other_errors_pass_through():
    with pytest.raises(RuntimeError, match="size of tensor"), memory_errors("making s010"):
        torch.ones(2) + torch.ones(3)
