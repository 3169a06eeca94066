"""Write every dashboard's file that has changed, and name it."""

from __future__ import annotations

import sys

from dashboards import DASHBOARDS, FOLDER, file_of, written

FOLDER.mkdir(exist_ok=True)
for dashboard in DASHBOARDS:
    path, text = file_of(dashboard), written(dashboard)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path}\n")
