"""The registry names models and imports them only when asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from farm.errors import InputError
from farm.models.registry import adapter, names


def test_every_name_leads_to_an_adapter_of_that_name() -> None:
    assert "animatic" in names()


def test_the_animatic_is_found() -> None:
    assert adapter("animatic").spec.name == "animatic"


def test_an_unknown_name_is_told_the_known_and_the_closest() -> None:
    with pytest.raises(InputError, match=r'no model "animatik" \(known: .*animatic.*\); did you mean "animatic"\?'):
        adapter("animatik")


def test_planning_imports_neither_numpy_nor_opencv_nor_torch() -> None:
    script = (
        "import sys; from farm.models.registry import adapter, names; names(); adapter('animatic').spec;"
        "sys.exit(' '.join({'numpy', 'cv2', 'torch', 'ray'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
