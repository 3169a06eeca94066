"""What a command does not need, it does not import: the quick ones answer at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRINT_MODULES = """
import sys
sys.argv = ["farm", *{words!r}]
from farm.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("MODULES", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def imported(*words: str) -> set[str]:
    script = PRINT_MODULES.format(words=list(words))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES")[2].split())


@pytest.fixture
def shot_list(tmp_path):
    import numpy as np
    from skimage.data import coffee
    from skimage.io import imsave

    imsave(tmp_path / "coffee.png", np.tile(coffee(), (2, 3, 1)), check_contrast=False)
    path = tmp_path / "shots.csv"
    path.write_text("Shot,Still,Duration,Prompt\nsh010,coffee.png,2,Slow push in toward the cup\n")
    return str(path)


def test_help_needs_nothing_heavy():
    assert not {"ray", "torch", "cv2", "numpy", "pydantic", "rich", "sqlalchemy"} & imported("--help")


def test_models_needs_no_engine():
    assert not {"ray", "torch", "cv2", "huggingface_hub"} & imported("models")


@pytest.mark.parametrize("command", ["lint", "plan"])
def test_lint_and_plan_need_neither_ray_nor_torch(command, shot_list):
    assert not {"ray", "torch"} & imported(command, shot_list)
