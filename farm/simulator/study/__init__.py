"""How a farm should grow and shrink: a studio's day under several policies, counted in money and in waits.

facts (start-up, prices, reclaims) + day + candidates ──play──▶ figures ──pick──▶ the default     picture, table
"""

from __future__ import annotations

from farm.simulator.study.facts import own_kinds
from farm.simulator.study.picture import draw
from farm.simulator.study.playing import Played
from farm.simulator.study.studying import Study, study, write_traces
from farm.simulator.study.told import played_line, study_table

__all__ = ["Played", "Study", "draw", "own_kinds", "played_line", "study", "study_table", "write_traces"]
