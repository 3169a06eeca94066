"""From a shot list to tasks: a pure function of what was asked and of what is known to have come out so far.

    Brief (list, assets, adapters, refused shots) + known outcomes ──▶ Plan

Everything that can be named now is planned: `prepare`, `generate` and `score` of every take at once; `select` when the
takes have settled, with those that came out, and `compare` when they are ranked; what the chosen take needs
(`farm.finish`) and `deliver` when there is a choice, keyed by its `generate` task; `assemble` when every shot has
either its deliverables or a reason why it has none. Planning again with the same knowledge gives the same tasks, and
more knowledge only ever adds tasks or replaces the assembly and the comparison.

The ranking chooses, unless a person does (`Brief.choices`), before or after it: approving what the ranking had picked
plans nothing new. A shot on hold is ranked, and stands in the cut as a slate until somebody has chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from farm.chain import StageName
from farm.comparison import comparison
from farm.plan.assembly import plan_assembly, plan_mix
from farm.plan.brief import AUDIO, Brief, Known, cut_frames, make_task
from farm.plan.choosing import HELD, check_choice, choose, rank
from farm.plan.delivering import deliver_chosen
from farm.plan.shot import ShotPlan
from farm.plan.takes import Opening, TakePlan, hopeful, notes_of, open_takes, plan_takes, take_seed
from farm.shots.model import Shot
from farm.tasks import Task, TaskId

__all__ = [
    "AUDIO",
    "HELD",
    "Brief",
    "Known",
    "Opening",
    "Plan",
    "ShotPlan",
    "TakePlan",
    "check_choice",
    "cut_frames",
    "plan",
    "plan_assembly",
    "plan_mix",
    "plan_shot",
    "take_seed",
]

NOT_ASKED = "not rendered yet: this run was asked for other shots"


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks that can be named now, in the order in which they should run."""

    shots: tuple[ShotPlan, ...]
    assemble: Task | None
    mix: Task | None = None
    """What gives the assembled movie its sound, where there is any."""

    @property
    def endings(self) -> tuple[Task, ...]:
        """The tasks of the whole list, the last one being what people take away."""
        return tuple(task for task in (self.assemble, self.mix) if task)

    @property
    def final(self) -> Task | None:
        return self.mix or self.assemble

    @property
    def tasks(self) -> dict[TaskId, Task]:
        found = {task.id: task for shot in self.shots for task in shot.tasks}
        return found | {task.id: task for task in self.endings}

    @property
    def order(self) -> dict[TaskId, int]:
        """Position of each task's shot in the cut; the assembly comes last."""
        order: dict[TaskId, int] = {}
        for index, shot in enumerate(self.shots):
            for task in shot.tasks:
                order.setdefault(task.id, index)
        return order | {task.id: len(self.shots) for task in self.endings}


def plan(brief: Brief, known: Known) -> Plan:
    """Everything that can be planned, knowing `known`."""
    shots = tuple(plan_shot(brief, shot, known) for shot in brief.shot_list.shots)
    assemble = plan_assembly(brief, shots, known)
    return Plan(shots, assemble, plan_mix(brief, shots, assemble) if assemble else None)


def plan_shot(brief: Brief, shot: Shot, known: Known) -> ShotPlan:
    """What can be planned for one shot: the chain as far as its choices are known."""
    planned = _plan_shot(brief, shot, known)
    if brief.only is None or shot.code in brief.only or planned.settled(known):
        return planned
    return ShotPlan(shot=shot, reason=NOT_ASKED, asked=False)


def _plan_shot(brief: Brief, shot: Shot, known: Known) -> ShotPlan:
    if shot.code in brief.refused:
        return ShotPlan(shot=shot, reason=brief.refused[shot.code])
    opening = open_takes(brief, shot)
    prepare, takes, rejections = opening.prepare, opening.takes, opening.rejections
    if shot.fallback and not hopeful(takes, known):
        more, _ = plan_takes(brief, shot, (shot.fallback,), prepare, first=len(takes) + 1)
        takes += more
    notes = tuple(dict.fromkeys(note for take in takes for note in notes_of(brief, shot, take)))
    start = ShotPlan(shot=shot, prepare=prepare if takes else None, takes=takes, notes=notes + rejections)
    if not takes:
        return ShotPlan(shot=shot, reason="; ".join(rejections), notes=rejections)
    chosen = choose(brief, rank(brief, start, known), known)
    return _compare(brief, deliver_chosen(brief, chosen, known), known)


def _compare(brief: Brief, planned: ShotPlan, known: Known) -> ShotPlan:
    """With its takes beside each other, once they are ranked, where at least two came out."""
    usable = [take for take in planned.takes if take.score.id in known and known[take.score.id].done]
    if planned.select is None or planned.select.id not in known or len(usable) < 2:
        return planned
    params, inputs = comparison(planned.shot, usable, planned.chosen)
    return replace(planned, compare=make_task(brief, StageName.COMPARE, params, planned.shot, inputs=inputs))
