"""python -m dashboards.picture HOST:PORT START END FOLDER [name=value …] [uid …]: draw dashboards into PNG files.

START and END are seconds since 1970; name=value stands in for a dashboard's variable, such as job=night-1a2b3c.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which

from PIL import Image, ImageColor

from dashboards import DASHBOARDS
from dashboards.panel import Dashboard
from dashboards.picture.answers import Asked
from dashboards.picture.colours import MEANT
from dashboards.picture.page import PAGE_WIDTH, page

COLOURS = 256
"""Of a picture: few, so that its file is small."""


def draw(dashboard: Dashboard, asked: Asked, path: Path) -> None:
    """Write the picture of a dashboard. Raises `FileNotFoundError` without Chromium."""
    chromium = which("chromium") or which("google-chrome")
    if chromium is None:
        raise FileNotFoundError(
            "Chromium draws these pictures, and is not installed (Debian: apt-get install chromium)"
        )
    text, height = page(dashboard, asked)
    with tempfile.TemporaryDirectory() as folder:
        file, shot = Path(folder) / "page.html", Path(folder) / "page.png"
        file.write_text(text, encoding="utf-8")
        flags = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
        )
        size = f"--window-size={PAGE_WIDTH},{height}"
        command = [chromium, *flags, size, f"--screenshot={shot}", file.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        with Image.open(shot) as whole:
            few_colours(whole.convert("RGB")).save(path, optimize=True)


def few_colours(picture: Image.Image) -> Image.Image:
    """The same with the colours that mean something and the most frequent others: edges are a little coarser."""
    counted = picture.getcolors(picture.width * picture.height) or []
    often = ["#" + bytes(colour).hex() for _, colour in sorted(counted, reverse=True) if isinstance(colour, tuple)]
    kept = list(dict.fromkeys((*MEANT, *often)))[:COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in kept for part in ImageColor.getrgb(colour)])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def main(words: list[str]) -> int:
    if len(words) < 4:
        sys.stderr.write(f"{(__doc__ or '').strip()}\n")
        return 2
    address, start, end, folder, *rest = words
    given = dict(word.split("=", 1) for word in rest if "=" in word)
    wanted = {word for word in rest if "=" not in word}
    for dashboard in DASHBOARDS:
        if not wanted or dashboard.uid in wanted:
            variables = {variable.name: variable.every for variable in dashboard.variables} | given
            asked = Asked(address, float(start), float(end), float(given.get("scrape", 15)), variables)
            path = Path(folder) / f"dashboard-{dashboard.uid.removeprefix('farm-')}.png"
            draw(dashboard, asked, path)
            sys.stdout.write(f"drew {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
