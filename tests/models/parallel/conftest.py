"""Where the helpers of these tests lie; processes that are started for them find them there too."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "support"))

multiprocessing.set_forkserver_preload([
    "torch.distributed",
    "tried_denoisers",
    "tiny_denoisers",
    "farm.models.diffusion.parallel.remote",
    "farm.models.diffusion.parallel.shard",
    "torch.distributed.tensor.debug",
    "diffusers.loaders.lora_pipeline",
    "diffusers.models.transformers",
])  # fmt: skip
"""What every rank imports, for seconds: those of one process of tests share one import."""


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny models are slower on many threads."""
    import torch

    torch.set_num_threads(1)
