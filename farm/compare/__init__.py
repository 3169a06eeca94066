"""The takes of one shot beside each other: as a movie, to see them move, and as a sheet, to see them at a glance.

    proxies, one frame at a time ─┬▶ Wall: every take in its place under its name ─▶ movie
                                  └▶ a few moments of each ─▶ takes_sheet          ─▶ one picture

Takes share one clock: the same rate, the same length, the same first frame; nothing fades, so the movie loops without a
break. Words are drawn with Pillow: no user's text ever reaches ffmpeg.
"""

from farm.compare.grid import Grid
from farm.compare.judged import Judged
from farm.compare.sheet import Row, moments, takes_sheet
from farm.compare.wall import Wall

__all__ = ["Grid", "Judged", "Row", "Wall", "moments", "takes_sheet"]
