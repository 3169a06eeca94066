"""python -m dashboards: write every dashboard's file that has changed, and name it.

python -m dashboards --check [RULES …]: change nothing, and say what differs and what is wrong with rules: exit code 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dashboards import DASHBOARDS, FOLDER, file_of, written
from dashboards.check import HOW_TO_INSTALL, RULES, faults, stale


def write() -> int:
    FOLDER.mkdir(exist_ok=True)
    for dashboard in DASHBOARDS:
        path, text = file_of(dashboard), written(dashboard)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")
    return 0


def check(rules: list[Path]) -> int:
    found = list(stale())
    try:
        found += [fault for file in rules for fault in faults(file)]
    except FileNotFoundError:
        sys.stderr.write(f"{HOW_TO_INSTALL}\n")
    sys.stderr.writelines(f"{sentence}\n" for sentence in found)
    return 1 if found else 0


def main(words: list[str]) -> int:
    if not words:
        return write()
    if words[0] != "--check":
        sys.stderr.write(f"{(__doc__ or '').strip()}\n")
        return 2
    return check([Path(word) for word in words[1:]] or [RULES])


sys.exit(main(sys.argv[1:]))
