"""Scratch folders: what the dead leave is swept, what the living have is not touched."""

from __future__ import annotations

import subprocess
import sys

from farm.cluster.scratch import CACHE, Scratch

HOLD = """
import sys
from pathlib import Path
from farm.cluster.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]), "cpu-1")
print(scratch.path, flush=True)
sys.stdin.read()
"""


def test_the_dead_are_swept_and_the_living_are_not(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    path = holder.stdout.readline().strip()
    Scratch(tmp_path, "cpu-2")
    assert path in [str(folder) for folder in tmp_path.iterdir()]
    holder.kill()
    holder.communicate()
    mine = Scratch(tmp_path, "cpu-3")
    assert path not in [str(folder) for folder in tmp_path.iterdir()]
    assert mine.path.is_dir()


def test_a_sweep_that_was_cut_short_goes_on(tmp_path):
    (tmp_path / ".dead-1" / "deep").mkdir(parents=True)
    Scratch(tmp_path, "cpu-1")
    assert not (tmp_path / ".dead-1").exists()


def test_the_cache_is_nobodys_to_sweep(tmp_path):
    (tmp_path / CACHE / "store").mkdir(parents=True)
    Scratch(tmp_path, "cpu-1")
    assert (tmp_path / CACHE / "store").exists()


def test_a_closed_folder_is_gone(tmp_path):
    scratch = Scratch(tmp_path, "cpu-1")
    scratch.close()
    assert not scratch.path.exists()
