"""make pictures: draw the overview of a real render, as a real Prometheus saw it, into the folder that is named."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from watched_farm import SCRAPE_S, watched

from dashboards import DASHBOARDS
from dashboards.picture.__main__ import draw
from dashboards.picture.answers import Asked

SHOTS = 10
MOVES = ("Slow push in", "Slow pan left", "Tilt up", "Slow pull back")
STILLS = ("coffee", "chelsea")


def rows(takes: int) -> list[str]:
    return [
        f'sq010,sh{number:03d},{STILLS[number % 2]}.png,0.5,"{MOVES[number % 4]}",{takes}\n'
        for number in range(10, 10 * SHOTS + 1, 10)
    ]


def main(folder: Path) -> None:
    lists = {"lake": "".join(['sq010,sh005,rocket.png,0.5,"Slow push in",1\n', *rows(3)]), "storm": "".join(rows(2))}
    with tempfile.TemporaryDirectory() as made, watched(Path(made), lists) as seen:
        (overview,) = (each for each in DASHBOARDS if each.uid == "farm-overview")
        asked = Asked(f"127.0.0.1:{seen.prometheus.port}", seen.start_s, seen.end_s, SCRAPE_S)
        draw(overview, asked, folder / "dashboard-rendered.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
