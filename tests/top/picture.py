"""The picture in the docs: a busy farm at 120 x 44, as an SVG that asks nobody for its letters.

python tests/top/picture.py docs/images/farm-top.svg
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from farms import NOW_US, busy
from rich.console import Console

from farm.overview.reader import overview, typical
from farm.top.frame import Look, frame

WIDTH, HEIGHT = 120, 44
LETTERS = "DejaVu Sans Mono, Menlo, Consolas"


def picture() -> str:
    seen = busy()
    view = overview("s3://studio/renders", seen, typical([seen.running]), NOW_US)
    console = Console(file=io.StringIO(), width=WIDTH, record=True, force_terminal=True, color_system="truecolor")
    console.print(frame(view, WIDTH, HEIGHT, Look(selected="storm-seq040-9b1c2d")))
    drawn = console.export_svg(title="farm top", unique_id="top")
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    return drawn.replace("Fira Code", LETTERS)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(), encoding="utf-8")
