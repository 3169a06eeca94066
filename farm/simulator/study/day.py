"""A studio's day, from six in the evening to six in the evening: who hands in what when, and answers when.

    18:00 ── two overnight lists ──▶ 09:00 ── three shot lists ── small lists ── urgent re-rolls all day ──▶ 18:00
                 └─ chosen from 09:00 on          └─ each shot chosen some minutes after its takes were there

Made of paper and drawn from the seed; `scale` makes the lists longer and the re-rolls more frequent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from farm.simulator.papers import Paper, Shots
from farm.simulator.simulation import Simulation
from farm.simulator.study.facts import MODEL, UPSCALER
from farm.store.records import Verb
from farm.tasks import Task

HOUR_S = 3600.0
BEGIN_HOUR = 18.0
DAY_S = 24 * HOUR_S
MORNING_S = (9 + 24 - BEGIN_HOUR) * HOUR_S
TAKES = 4
REROLL = "reroll"
"""With this the names of urgent jobs begin."""
URGENT, NORMAL, BACKGROUND = 90, 50, 20
REROLLS = 40
THINKS_S = (180.0, 1800.0)
"""How long after a shot's takes are there somebody has chosen, in office hours."""


@dataclass(frozen=True, slots=True)
class ShotList:
    """One list that is handed in."""

    name: str
    project: str
    hour: float
    """Of the clock."""
    shots: int
    take_s: float
    priority: int = NORMAL

    @property
    def at_s(self) -> float:
        return ((self.hour - BEGIN_HOUR) % 24) * HOUR_S


LISTS = (
    ShotList("lake-night", "lake", 18.3, 50, 190.0, BACKGROUND),
    ShotList("mill-night", "mill", 19.7, 40, 130.0, BACKGROUND),
    ShotList("lake-am", "lake", 9.1, 24, 170.0),
    ShotList("mill-am", "mill", 9.3, 20, 100.0),
    ShotList("opera-am", "opera", 9.6, 28, 230.0),
    ShotList("mill-noon", "mill", 11.4, 8, 100.0),
    ShotList("opera-pm", "opera", 13.8, 10, 230.0),
    ShotList("lake-pm", "lake", 15.2, 8, 170.0),
)
SPREAD = 0.3
"""So that takes last from 70 to 300 s."""


def arrange(sim: Simulation) -> None:
    """Plan the day."""
    for each in LISTS:
        at_s = each.at_s + 600 * sim.world.draw("comes", each.name)
        shots = Shots(
            count=sim.sized(each.shots),
            takes=TAKES,
            name=each.name,
            lane=MODEL,
            seconds=each.take_s,
            spread=SPREAD,
            choice=True,
            upscale=UPSCALER,
            upscale_s=90.0,
        )
        sim.submit(each.name, Paper(shots=shots), at_s=at_s, project=each.project, priority=each.priority)
    office_s = DAY_S - MORNING_S
    for number in range(1, sim.sized(REROLLS) + 1):
        _reroll(sim, number, MORNING_S + office_s * sim.world.draw("reroll", number))
    sim.register.heed = Reviewer(sim).heed


def _reroll(sim: Simulation, number: int, at_s: float) -> None:
    """Somebody wants two more takes of one shot, now."""
    project = ("lake", "mill", "opera")[number % 3]
    name = f"{REROLL}-{number:03d}"
    shots = Shots(count=1, takes=2, name=name, lane=MODEL, seconds=150.0, spread=SPREAD)
    sim.submit(name, Paper(shots=shots), at_s=at_s, project=project, priority=URGENT)


@dataclass(slots=True)
class Reviewer:
    """Chooses a take of each shot, some time after all of them were scored, and not at night."""

    sim: Simulation
    _scored: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def heed(self, task: Task) -> None:
        (job,) = self.sim.register.jobs[task.id]
        if task.stage != "score" or job.startswith(REROLL):
            return
        self._scored[job, task.shot] += 1
        if self._scored[job, task.shot] == TAKES:
            take = 1 + int(TAKES * self.sim.world.draw("taste", task.shot))
            body = {"shot": task.shot, "take": take}
            self.sim.ask(Verb.APPROVE, job, at_s=self._answers_s(task.shot), body=body)

    def _answers_s(self, shot: str) -> float:
        least_s, most_s = THINKS_S
        ready_s = max(self.sim.world.elapsed_s, MORNING_S)
        return ready_s + least_s + (most_s - least_s) * self.sim.world.draw("thinks", shot)
