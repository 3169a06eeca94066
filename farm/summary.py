"""What came of a job, shot by shot: the one account that the terminal, `--json` and the report all show."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.main import IncEx

from farm.chain import AssembleParams, GenerateParams, StageName, shown
from farm.lastwords import LastWords, last_words
from farm.liveplan import LivePlan
from farm.plan import ShotPlan, TakePlan, cut_frames
from farm.publish import TIMELINES, Publisher
from farm.shots.model import Shot
from farm.store.catalog_rows import COMPONENTS, cost, numbers
from farm.tasks import Outcome, Task, TaskId


class _Account(BaseModel):
    model_config = ConfigDict(frozen=True)


class TakeSummary(_Account):
    """One take. Keys are relative to the output URL; "" for what is not there."""

    number: int
    model: str
    label: str
    state: str
    seed: int
    score: float | None = None
    passed: bool | None = None
    why: str = ""
    chosen: bool = False
    seconds: float = 0.0
    """Wall time of its generation."""
    proxy: str = ""
    poster: str = ""
    mezzanine: str = ""
    score_file: str = ""
    """The scorer's whole account, as JSON."""
    message: str = ""
    components: Mapping[str, float] = {}
    """What the score is made of: 1 within the noise, 0 at the tolerance or beyond."""
    failed_gates: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    frames: int = 0
    rate: str = ""
    """Frames a second, as the model made them."""
    cost_micros: int = 0
    """Of all attempts at its generation, in millionths of the farm's currency."""
    approve: str = ""
    """The command that has this take delivered; "" where it is, or cannot be."""

    @property
    def usable(self) -> bool:
        """True when it can be looked at, and chosen."""
        return self.state == "done" and bool(self.proxy)


class Remedy(_Account):
    """Something that a person can do, and the command that does it, if there is one."""

    words: str
    command: str = ""


class ShotSummary(_Account):
    """One shot: delivered, or why not."""

    code: str
    sequence: str
    row: str
    state: str
    """"done", "failed", "held" until somebody chooses a take, "unfinished", or "left" alone because this job was asked
    for other shots."""
    reason: str = ""
    prompt: str = ""
    frames: int
    fps: str
    seconds: float
    notes: tuple[str, ...] = ()
    takes: tuple[TakeSummary, ...] = ()
    clips: Mapping[str, str] = {}
    """Published key by product."""
    comparison: str = ""
    """The movie of all takes side by side."""
    takes_sheet: str = ""
    files: Mapping[str, str] = {}
    """Published key by name, of whatever else is there."""
    remedies: tuple[Remedy, ...] = ()
    """What to do where it did not come out, or waits for a choice."""
    last_words: tuple[LastWords, ...] = ()
    """Of what failed."""

    @property
    def needs_attention(self) -> bool:
        """True where nothing more happens by itself, and there is no clip."""
        return self.state in {"failed", "held"}

    @property
    def chosen(self) -> TakeSummary | None:
        return next((take for take in self.takes if take.chosen), None)


class StageSummary(_Account):
    """What one stage did for a job, now or for an earlier one."""

    stage: str
    tasks: int
    seconds: float
    """Wall time of the attempts that counted."""


class JobSummary(_Account):
    """The whole list."""

    job: str = ""
    project: str
    name: str
    out: str
    frames: int
    fps: str
    seconds: float
    shots: tuple[ShotSummary, ...]
    animatic: str = ""
    timeline: str = ""
    contact_sheet: str = ""
    losses: Mapping[str, tuple[str, ...]] = {}
    """By suffix of a timeline format: what it leaves out of this cut."""
    sheets: Mapping[str, str] = {}
    """Contact sheets by sequence, where there are several."""
    files: Mapping[str, str] = {}
    """Everything published of the whole cut, key by output."""
    report: str = ""
    stages: tuple[StageSummary, ...] = ()
    rendered: int = 0
    """Takes generated since the job was submitted."""
    reused: int = 0
    """Takes that were there already."""
    message: str = ""
    """Why the assembly is missing, where it is."""
    warnings: tuple[str, ...] = ()
    """What the list and its stills could do better."""

    @property
    def failed(self) -> tuple[ShotSummary, ...]:
        return tuple(shot for shot in self.shots if shot.state == "failed")

    @property
    def held(self) -> tuple[ShotSummary, ...]:
        return tuple(shot for shot in self.shots if shot.state == "held")

    @property
    def cost_micros(self) -> int:
        return sum(take.cost_micros for shot in self.shots for take in shot.takes)

    def content(self) -> dict[str, JsonValue]:
        """What came out, and not which job it was that asked, or whether it was there already."""
        of_shots: IncEx = {"remedies": True, "last_words": True, "takes": {"__all__": {"approve": True}}}
        of_the_job: IncEx = {
            "job": True,
            "report": True,
            "rendered": True,
            "reused": True,
            "shots": {"__all__": of_shots},
        }
        return self.model_dump(mode="json", exclude=of_the_job)

    @property
    def finished(self) -> bool:
        """True when nothing is left to do, whether it came out or not."""
        open_ = {"unfinished", "held"}
        return all(shot.state not in open_ for shot in self.shots) and bool(self.animatic or self.message)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a plan and what is known of it."""

    live: LivePlan
    publisher: Publisher
    out: str
    job: str
    costs: Mapping[TaskId, int]

    def outcome(self, task: Task | None) -> Outcome | None:
        return self.live.known.get(task.id) if task else None

    def done(self, task: Task) -> bool:
        outcome = self.outcome(task)
        return outcome is not None and outcome.done

    def key(self, task: Task, output: str) -> str:
        outcome = self.outcome(task)
        files = outcome.manifest.files if outcome and outcome.done and outcome.manifest else {}
        return files[output].key if output in files else ""

    def published(self, task: Task | None) -> dict[str, str]:
        outcome = self.outcome(task)
        manifest = outcome.manifest if outcome and outcome.done else None
        return self.publisher.keys(task, manifest) if task and manifest else {}

    def command(self, verb: str, *words: str) -> str:
        """A command about this job, as it is typed; "" where the job has no name."""
        return shlex.join(["farm", verb, self.job, *words, "--out", self.out]) if self.job else ""


def summarise(
    live: LivePlan,
    publisher: Publisher,
    out: str,
    since_us: int,
    warnings: Iterable[str] = (),
    *,
    job: str = "",
    costs: Mapping[TaskId, int] | None = None,
) -> JobSummary:
    """The account of a job as it stands, every shot of which was taken up. It was submitted at `since_us`.

    `costs` are what the attempts at a task cost, as far as the books say; else a take costs what its model said.
    """
    reader = _Reader(live, publisher, out, job, costs or {})
    shot_list = live.brief.shot_list
    plan = live.plan
    failed = _last_words(reader)
    shots = tuple(_shot(reader, planned, failed.get(planned.shot.code, ())) for planned in plan.shots)
    assembly = plan.final
    published = reader.published(assembly)
    outcome = reader.outcome(assembly)
    frames = sum(cut_frames(shot, shot_list.fps) for shot in shot_list.shots)
    made = [
        live.known[task.id] for task in live.tasks.values() if task.stage == StageName.GENERATE and reader.done(task)
    ]
    reused = sum(each.manifest is not None and each.manifest.ended_us < since_us for each in made)
    return JobSummary(
        job=job,
        project=shot_list.project,
        name=shot_list.name,
        out=out,
        frames=frames,
        fps=_rate(shot_list.fps),
        seconds=round(float(frames / shot_list.fps), 3),
        shots=shots,
        animatic=published.get("movie", ""),
        timeline=published.get("timeline", ""),
        contact_sheet=published.get("contact_sheet", ""),
        losses=_losses(outcome),
        sheets=_sheets(plan.assemble, published),
        files=published,
        stages=_stages(reader),
        rendered=len(made) - reused,
        reused=reused,
        message="" if outcome is None or outcome.done else outcome.message,
        warnings=tuple(warnings),
    )


def _losses(outcome: Outcome | None) -> dict[str, tuple[str, ...]]:
    told = outcome.facts.get("losses") if outcome and outcome.done else None
    lost = told if isinstance(told, Mapping) else {}
    return {
        suffix: tuple(map(str, said))
        for output, suffix in TIMELINES.items()
        if isinstance(said := lost.get(output), list | tuple) and said
    }


def _last_words(reader: _Reader) -> dict[str, list[LastWords]]:
    """Of every task that failed by itself, by shot."""
    found: dict[str, list[LastWords]] = {}
    for task in reader.live.tasks.values():
        outcome = reader.outcome(task)
        if outcome and not outcome.done and (words := last_words(task, outcome.manifest, reader.out)):
            found.setdefault(task.shot, []).append(words)
    return found


def _shot(reader: _Reader, planned: ShotPlan, failed: Sequence[LastWords]) -> ShotSummary:
    shot = planned.shot
    settled = planned.settled(reader.live.known)
    ended = "left" if not planned.asked else "held" if planned.held else "failed" if planned.reason else "done"
    state = ended if settled else "unfinished"
    published = dict(_delivered(reader, planned))
    compared, comparison = reader.published(planned.compare), reader.outcome(planned.compare)
    takes = tuple(_take(reader, planned, take) for take in planned.takes)
    notes = () if comparison is None or comparison.done else (f"its takes are not compared: {comparison.message}",)
    return ShotSummary(
        code=shot.code,
        sequence=shot.sequence,
        row=str(shot.place),
        state=state,
        reason=planned.reason,
        prompt=shot.prompt,
        frames=shot.length,
        fps=_rate(shot.fps),
        seconds=round(float(shot.duration_s), 3),
        notes=(*planned.notes, *notes),
        takes=takes,
        clips={product: shown(keys) for product, keys in published.items()},
        comparison=compared.get("movie", ""),
        takes_sheet=compared.get("contact_sheet", ""),
        files={
            f"{product} {name}": key
            for product, keys in published.items()
            for name, key in keys.items()
            if key != shown(keys) and not name.startswith("frame_")
        },
        remedies=tuple(_remedies(reader, shot, state, takes)),
        last_words=tuple(failed),
    )


def _delivered(reader: _Reader, planned: ShotPlan) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What is published of each product; those of further picks say which take they are."""
    first = planned.chosen[0].number if planned.chosen else 0
    for task in planned.deliver:
        if keys := reader.published(task):
            product = str(task.params["product"])
            yield (product if task.take == first else f"{product} of take {task.take}"), keys


def _remedies(reader: _Reader, shot: Shot, state: str, takes: Sequence[TakeSummary]) -> Iterator[Remedy]:
    """What a person can do for a shot that has no clip: choose a take, try again, or correct what was asked."""
    if state not in {"failed", "held"}:
        return
    choices = [take for take in takes if take.approve]
    best = max(choices, key=lambda take: (bool(take.passed), take.score or 0.0, -take.number), default=None)
    if best:
        words = "choose a take; the best score has" if state == "held" else "deliver a take all the same, such as"
        yield Remedy(words=f"{words} take {best.number}", command=best.approve)
    if state == "failed" and takes:
        yield Remedy(words="try again what failed", command=reader.command("retry", "--shot", shot.code))
    if state == "failed" and not best:
        yield Remedy(words=f"or correct {shot.place} and render the list again" if takes else f"correct {shot.place}")


def _sheets(assembly: Task | None, published: Mapping[str, str]) -> dict[str, str]:
    names = AssembleParams.model_validate(assembly.params).sheets if assembly else {}
    return {name: published[output] for output, name in names.items() if output in published}


def _stages(reader: _Reader) -> tuple[StageSummary, ...]:
    tasks: Counter[str] = Counter()
    micros: Counter[str] = Counter()
    for task in reader.live.tasks.values():
        manifest = outcome.manifest if (outcome := reader.outcome(task)) and outcome.done else None
        if manifest:
            tasks[task.stage] += 1
            micros[task.stage] += manifest.ended_us - manifest.started_us
    stages = [stage for stage in StageName if tasks[stage]]
    return tuple(
        StageSummary(stage=stage, tasks=tasks[stage], seconds=round(micros[stage] / 1e6, 3)) for stage in stages
    )


def _take(reader: _Reader, planned: ShotPlan, take: TakePlan) -> TakeSummary:
    whole = take in planned.chosen and reader.done(take.delivered)  # else its draft is all there is
    generate, score = (take.delivered, take.judged) if whole else (take.generate, take.score)
    made, judged = reader.outcome(generate), reader.outcome(score)
    outcome = judged or made
    facts = judged.facts if judged else {}
    manifest = made.manifest if made else None
    seconds = (manifest.ended_us - manifest.started_us) / 1e6 if manifest else 0.0
    asked = GenerateParams.model_validate(generate.params)
    chosen = take in planned.chosen
    can_be_chosen = not chosen and reader.done(take.generate) and reader.done(take.score)
    return TakeSummary(
        number=take.number,
        model=take.model,
        label=take.resolved.label,
        state=str(outcome.state) if outcome else "waiting",
        seed=asked.seed,
        score=_number(facts.get("total")),
        passed=bool(facts["passed"]) if "passed" in facts else None,
        why=str(facts.get("why", "")),
        chosen=chosen,
        seconds=round(seconds, 3),
        proxy=reader.key(generate, "proxy"),
        poster=reader.key(generate, "poster"),
        mezzanine=reader.key(generate, "mezzanine"),
        score_file=reader.key(score, "score"),
        message=outcome.message if outcome else "",
        components=dict(numbers(facts.get(COMPONENTS))),
        failed_gates=_failed_gates(facts.get("gates")),
        width=asked.width,
        height=asked.height,
        frames=asked.frames,
        rate=_rate(asked.fps),
        cost_micros=reader.costs.get(generate.id) or (cost(manifest) if manifest else 0),
        approve=reader.command("approve", planned.shot.code, str(take.number)) if can_be_chosen else "",
    )


def _failed_gates(gates: JsonValue) -> tuple[str, ...]:
    return tuple(name for name, passed in gates.items() if passed is False) if isinstance(gates, dict) else ()


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _rate(fps: Fraction) -> str:
    """24, or 23.976."""
    return str(fps.numerator) if fps.denominator == 1 else f"{float(fps):.3f}"
