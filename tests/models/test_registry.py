"""The registry names models and imports them only when asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from farm.errors import InputError
from farm.models.registry import Registry
from farm.models.spec import Terms


def test_every_name_leads_to_an_adapter_of_that_name() -> None:
    registry = Registry()
    assert {"animatic", "wan22-5b", "ltx2", "svd-xt"} <= set(registry.names)
    assert all(registry.adapter(name).spec.name == name for name in registry.names)


def test_an_unknown_name_is_told_the_known_and_the_closest() -> None:
    with pytest.raises(InputError, match=r'no model "animatik" \(known: .*animatic.*\); did you mean "animatic"\?'):
        Registry().adapter("animatik")


def test_terms_of_one_model_are_not_those_of_the_others() -> None:
    registry = Registry(None, {"ltx": Terms(profile="draft"), "": Terms(pool="gpu")})
    assert registry.adapter("ltx").lane.name == "ltx-draft"
    assert registry.adapter("svd").lane.pool == "gpu"


def test_planning_imports_neither_numpy_nor_opencv_nor_torch() -> None:
    script = (
        "import sys; from farm.models.registry import Registry; registry = Registry(); registry.specs;"
        "[registry.adapter(name).lane for name in registry.names];"
        "sys.exit(' '.join({'numpy', 'cv2', 'torch', 'ray'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
