"""What came of a job, shot by shot: the one account that the terminal, `--json` and the report all show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, JsonValue

from farm.chain import StageName
from farm.liveplan import LivePlan
from farm.plan import ShotPlan, TakePlan, cut_frames
from farm.publish import Publisher
from farm.tasks import Outcome, Task


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
    message: str = ""


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

    @property
    def chosen(self) -> TakeSummary | None:
        return next((take for take in self.takes if take.chosen), None)


class JobSummary(_Account):
    """The whole list."""

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
    report: str = ""
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
    def finished(self) -> bool:
        """True when nothing is left to do, whether it came out or not."""
        open_ = {"unfinished", "held"}
        return all(shot.state not in open_ for shot in self.shots) and bool(self.animatic or self.message)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a plan and what is known of it."""

    live: LivePlan
    publisher: Publisher

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


def summarise(
    live: LivePlan, publisher: Publisher, out: str, since_us: int, warnings: Iterable[str] = ()
) -> JobSummary:
    """The account of a job as it stands, every shot of which was taken up. It was submitted at `since_us`."""
    reader = _Reader(live, publisher)
    shot_list = live.brief.shot_list
    plan = live.plan
    shots = tuple(_shot(reader, planned) for planned in plan.shots)
    assembly = plan.final
    published = reader.published(assembly)
    outcome = reader.outcome(assembly)
    frames = sum(cut_frames(shot, shot_list.fps) for shot in shot_list.shots)
    made = [
        live.known[task.id] for task in live.tasks.values() if task.stage == StageName.GENERATE and reader.done(task)
    ]
    reused = sum(each.manifest is not None and each.manifest.ended_us < since_us for each in made)
    return JobSummary(
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
        rendered=len(made) - reused,
        reused=reused,
        message="" if outcome is None or outcome.done else outcome.message,
        warnings=tuple(warnings),
    )


def _shot(reader: _Reader, planned: ShotPlan) -> ShotSummary:
    shot = planned.shot
    settled = planned.settled(reader.live.known)
    ended = "left" if not planned.asked else "held" if planned.held else "failed" if planned.reason else "done"
    state = ended if settled else "unfinished"
    clips = {str(task.params["product"]): keys["clip"] for task in planned.deliver if (keys := reader.published(task))}
    return ShotSummary(
        code=shot.code,
        sequence=shot.sequence,
        row=str(shot.place),
        state=state,
        reason=planned.reason,
        prompt=shot.prompt,
        frames=shot.nb_frames,
        fps=_rate(shot.fps),
        seconds=round(float(shot.duration_s), 3),
        notes=planned.notes,
        takes=tuple(_take(reader, take, take in planned.chosen) for take in planned.takes),
        clips=clips,
    )


def _take(reader: _Reader, take: TakePlan, chosen: bool) -> TakeSummary:
    made, judged = reader.outcome(take.generate), reader.outcome(take.score)
    outcome = judged or made
    facts = judged.facts if judged else {}
    manifest = made.manifest if made else None
    seconds = (manifest.ended_us - manifest.started_us) / 1e6 if manifest else 0.0
    return TakeSummary(
        number=take.number,
        model=take.model,
        label=take.resolved.label,
        state=str(outcome.state) if outcome else "waiting",
        seed=int(str(take.generate.params["seed"])),
        score=_number(facts.get("total")),
        passed=bool(facts["passed"]) if "passed" in facts else None,
        why=str(facts.get("why", "")),
        chosen=chosen,
        seconds=round(seconds, 3),
        proxy=reader.key(take.generate, "proxy"),
        poster=reader.key(take.generate, "poster"),
        mezzanine=reader.key(take.generate, "mezzanine"),
        message=outcome.message if outcome else "",
    )


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _rate(fps: Fraction) -> str:
    """24, or 23.976."""
    return str(fps.numerator) if fps.denominator == 1 else f"{float(fps):.3f}"
