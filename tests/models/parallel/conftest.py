"""Where the helpers of these tests lie; processes that are started for them find them there too."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "support"))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny models are slower on many threads."""
    import torch

    torch.set_num_threads(1)
