"""Reading a list stays light: `farm lint` and `farm plan` start with it."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, farm.shots.load
heavy = {"cv2", "numpy", "torch", "ray", "pandas", "openpyxl", "PIL", "pyarrow", "sqlalchemy"}
print(sorted(heavy & set(sys.modules)))
"""


def test_loading_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
