"""The short drill; `make chaos` runs the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ray


@pytest.mark.timeout(600)
def test_nothing_is_lost_doubled_or_partial_whatever_is_killed() -> None:
    options = {"--seed": 3, "--jobs": 4, "--kills": 7, "--nodes": 2}
    command = [sys.executable, str(Path(__file__).parent), *(str(each) for pair in options.items() for each in pair)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost, nothing doubled, nothing partial" in done.stdout
