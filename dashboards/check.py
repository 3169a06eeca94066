"""Holds what is committed against what would be written, and rules against Prometheus' own reader of them.

promtool says where a rule is wrong but not what follows from it: a Prometheus does not start with such a file, and one
that runs goes on with the rules it had. Rendering never depends on either.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dashboards import DASHBOARDS, file_of, written

MONITORING = Path(__file__).parents[1] / "deploy" / "monitoring"
RULES = MONITORING / "rules.yml"

WHAT_FOLLOWS = "mend it: no Prometheus starts with it, and one that runs keeps its old rules"
HOW_TO_INSTALL = "promtool is not installed, so rules are not checked (Debian: apt-get install prometheus)"


def stale() -> Iterator[str]:
    """A sentence for every dashboard whose file is not what the code says."""
    for dashboard in DASHBOARDS:
        path = file_of(dashboard)
        if not path.exists() or path.read_text(encoding="utf-8") != written(dashboard):
            yield f"{_short(path)} is not what the code says (python -m dashboards writes it)"


def faults(rules: Path) -> Iterator[str]:
    """A sentence for every fault of a file of rules: where it is, what it is, what follows from it.

    Raises `FileNotFoundError` where promtool is not installed.
    """
    promtool = shutil.which("promtool")
    if promtool is None:
        raise FileNotFoundError(HOW_TO_INSTALL)
    if not rules.is_file():
        yield f"{_short(rules)}: there is no such file"
        return
    done = subprocess.run([promtool, "check", "rules", str(rules)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    said = " ".join(line.strip() for line in done.stderr.splitlines() if line.strip() != "FAILED:")
    for message in dict.fromkeys(filter(None, (part.strip(": ") for part in said.split(str(rules))))):
        yield f"{_short(rules)}: {message} ({WHAT_FOLLOWS})"


def _short(path: Path) -> str:
    """As one would type it from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
