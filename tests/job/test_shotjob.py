"""A submitted list, from its document in the job store to published clips, with a hand that plays driver and worker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import InputError
from farm.kit import Kit
from farm.models.registry import Registry
from farm.publish import SUFFIXES
from farm.shelf import Shelf
from farm.shotfarm import costs_in
from farm.shotjob import ShotJob, shot_job
from farm.shots.model import Select, Shot, ShotList
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.lease import Lease
from farm.store.records import Job, JobState
from farm.submission import Submission
from farm.tasks import Asset, Manifest, Outcome, Task, TaskState, asset_key

NAMES = count()
SUBMITTED_US = 100
TAKE_COSTS = 250
"""Micros, each attempt at it."""


@dataclass
class Farm:
    store: JobStore
    lease: Lease
    clips: ClipStore

    def submit(self, *shots: Shot, **more) -> Job:
        shot_list = ShotList(project="demo", name="shots", shots=shots, fps=Fraction(24), width=640, height=360)
        refused = more.pop("refused", {})
        assets = {shot.code: {"still": asset(shot.still)} for shot in shots if shot.code not in refused}
        document = Submission(shot_list=shot_list, assets=assets, refused=refused, **more).document()
        return self.create(document)

    def create(self, document) -> Job:
        job = Job(
            id=f"job-{next(NAMES)}",
            project="demo",
            name="shots",
            out="/out",
            document=document,
            created_us=SUBMITTED_US,
        )
        self.store.create_job(self.lease.epoch, job)
        return job

    def open(self, job: Job, **choices: int) -> ShotJob:
        def version(project, subject, product, content, taken=lambda number: False):
            return self.store.version(self.lease.epoch, project, subject, product, content, taken)

        return shot_job(
            job,
            books=self.store,
            clips=self.clips,
            shelf=Shelf(self.clips, job.project),
            versions=version,
            choices=choices,
            kit=Kit(Registry()),
            runs=lambda task: False,
            now_us=lambda: SUBMITTED_US,
            costs=costs_in(self.store),
        )

    def run(self, job: Job, plan: ShotJob, tasks: Iterable[Task], failing: Iterable[str] = ()) -> list[str]:
        """Everything to the end; the labels of what was run."""
        ran: list[str] = []
        left = self.record(job, plan, list(tasks))
        while left:
            task = left.pop(0)
            outcome = self.work(plan, task, failing)
            if task.inputs and all(plan.known(source.task).done for source in task.inputs.values()):
                assert plan.inputs(task)
            ran.append(task.label)
            left += self.record(job, plan, list(plan.settle(task, outcome)))
        return ran

    def drive(self, job: Job, **choices: int) -> tuple[ShotJob, list[str]]:
        """What a driver does that has just begun: the plan, and the labels of what was run."""
        plan = self.open(job, **choices)
        return plan, self.run(job, plan, plan.begin())

    def record(self, job: Job, plan: ShotJob, tasks: list[Task]) -> list[Task]:
        self.store.add_tasks(self.lease.epoch, job.id, tasks, 1)
        if changes := plan.found(tasks).changes:
            self.store.commit(self.lease.epoch, changes)
        return [task for task in tasks if plan.known(task.id) is None]

    def work(self, plan: ShotJob, task: Task, failing: Iterable[str]) -> Outcome:
        broken = [known for source in task.inputs.values() if not (known := plan.known(source.task)).done]
        message = "planted" if task.label in failing else broken[0].message if broken else ""
        number = self.store.tasks([task.id])[task.id].attempts + 1
        files = {} if message else self.leave(task, number)
        facts = {"chosen": [task.params["takes"][0]]} if task.stage == "select" else {}
        said = Manifest(
            task=task.id,
            attempt=number,
            stage=task.stage,
            state="failed" if message else "done",
            failure="input" if message else None,
            message=message,
            files=files,
            facts=facts,
            ended_us=SUBMITTED_US + 1,
        )
        state = TaskState.FAILED if message else TaskState.DONE
        moved = TaskMoved(task.id, state, 1, 0 if message else number, said.failure, message)
        ended = AttemptEnded(said, cost_micros=TAKE_COSTS if task.stage == "generate" else 0)
        self.store.commit(self.lease.epoch, [AttemptStarted(task.id, number, "w", "n", 1), ended, moved])
        return Outcome(state, said, said.failure, message)

    def leave(self, task: Task, number: int) -> dict:
        outputs = {
            "prepare": ["still"],
            "generate": ["mezzanine", "proxy", "poster"],
            "score": ["score"],
            "select": ["ranking"],
            "compare": ["movie", "contact_sheet"],
            "deliver": ["clip"],
            "assemble": [*SUFFIXES["assemble"]],
            "sound": ["mezzanine", "sound"],
            "mix": [*SUFFIXES["assemble"]],
        }[task.stage]
        keys = {
            name: f"store/demo/mezzanine/{task.id[:2]}/{task.id}/{number}/{FILES.get(name, name)}" for name in outputs
        }
        for name, key in keys.items():
            self.clips.put_bytes(key, f"{task.id} {name}".encode())
        return {
            name: {"key": key, "size": self.clips.size(key), "sha256": "", "file_class": "mezzanine"}
            for name, key in keys.items()
        }

    def published(self) -> set[str]:
        return {key.rpartition("/")[2] for key in self.clips.keys("publish/")}


FILES = {"clip": "clip.mp4"}
"""What the deliver stage calls its files: their suffix is published with them."""


def asset(path: str) -> Asset:
    digest = hashlib.sha256(path.encode()).hexdigest()
    return Asset(digest=digest, name="still.png", key=asset_key("demo", digest, "still.png"))


@pytest.fixture
def farm(tmp_path):
    store = JobStore.open(tmp_path / "state")
    with store.lead() as lease:
        yield Farm(store, lease, ClipStore(f"memory://shotjob-{next(NAMES)}"))
    store.close()


CLIPS = {
    *(f"demo_sq010_{code}_review_v001.mp4" for code in ("sh010", "sh020")),
    *(f"demo_sq010_{code}_takes_v001_side-by-side.mp4" for code in ("sh010", "sh020")),
    *(f"demo_sq010_{code}_takes_v001_contact-sheet.jpg" for code in ("sh010", "sh020")),
    "demo_shots_animatic_v001.mp4",
    "demo_shots_animatic_v001.csv",
    "demo_shots_animatic_v001.edl",
    "demo_shots_animatic_v001.fcpxml",
    "demo_shots_animatic_v001.otio",
    "demo_shots_animatic_v001.xml",
    "demo_shots_animatic_v001_contact-sheet.jpg",
}


def test_a_list_ends_as_clips_an_animatic_and_a_report(farm, shot):
    job = farm.submit(shot("sh010"), shot("sh020"))
    plan, _ = farm.drive(job)
    assert plan.end() is JobState.DONE
    assert farm.published() == CLIPS | {"demo_shots_report_v001.html"}
    assert (plan.account().rendered, plan.account().reused) == (4, 0)


def test_the_next_job_with_that_list_runs_nothing_and_has_the_same_names(farm, shot):
    for _ in range(2):
        job = farm.submit(shot("sh010"), shot("sh020"))
        plan, ran = farm.drive(job)
    assert (ran, plan.end()) == ([], JobState.DONE)
    assert plan.account().shots[0].clips["review"].endswith("review_v001.mp4")


@pytest.mark.parametrize("harm", ["gone", "cut short"])
def test_a_published_file_that_was_harmed_is_put_back(farm, shot, harm):
    job = farm.submit(shot("sh010"))
    plan, _ = farm.drive(job)
    key = plan.account().shots[0].clips["review"]
    whole = farm.clips.read_bytes(key)
    farm.clips.delete(key)
    if harm == "cut short":
        farm.clips.put_bytes(key, whole[:3])
    assert farm.drive(job)[1] == []
    assert farm.clips.read_bytes(key) == whole


def test_a_job_with_a_failed_shot_has_failed_and_a_retry_makes_it_whole(farm, shot):
    job = farm.submit(shot("sh010"), shot("sh020"))
    plan = farm.open(job)
    farm.run(job, plan, plan.begin(), failing=["prepare sh010"])
    assert plan.end() is JobState.FAILED
    assert farm.drive(job)[1] == [], "a new driver does not try it again by itself"
    assert "prepare sh010" in farm.run(job, plan, plan.retry([]))
    assert plan.end() is JobState.DONE
    assert "demo_shots_animatic_v002.mp4" in farm.published()


def test_a_job_on_hold_waits_for_its_choice_and_ends_with_it(farm, shot):
    job = farm.submit(shot("sh010", select=Select.HOLD), shot("sh020"))
    plan, _ = farm.drive(job)
    assert plan.end() is None
    assert plan.account().shots[0].state == "held"
    assert plan.check_choice("sh010", 3) == "sh010 has no take 3 (it has 1, 2)"
    assert plan.check_choice("sh999", 1) == "shots has no shot sh999"
    ran = farm.run(job, plan, plan.choose({"sh010": 2}))
    assert ran == ["deliver sh010 take 2", "compare sh010", "assemble"]
    assert plan.end() is JobState.DONE


def test_a_job_that_waits_for_a_choice_has_its_report(farm, shot):
    job = farm.submit(shot("sh010", select=Select.HOLD), shot("sh020"))
    plan, _ = farm.drive(job)
    assert plan.end() is None
    page = farm.clips.read_bytes(plan.account().report).decode()
    assert f"farm approve {job.id} sh010 1 --out /out" in page
    farm.run(job, plan, plan.choose({"sh010": 2}))
    assert plan.end() is JobState.DONE
    assert "demo_shots_report_v002.html" in farm.published()


def test_a_comparison_that_failed_fails_no_job_and_a_retry_makes_it(farm, shot):
    job = farm.submit(shot("sh010"))
    plan = farm.open(job)
    farm.run(job, plan, plan.begin(), failing=["compare sh010"])
    assert plan.end() is JobState.DONE
    assert farm.run(job, plan, plan.retry([])) == ["compare sh010"]
    assert plan.account().shots[0].comparison


def test_every_attempt_at_a_take_is_paid_for(farm, shot):
    job = farm.submit(shot("sh010"))
    plan = farm.open(job)
    farm.run(job, plan, plan.begin(), failing=["generate sh010 take 2"])
    farm.run(job, plan, plan.retry(["sh010"]))
    summary = plan.account()
    assert [take.cost_micros for take in summary.shots[0].takes] == [TAKE_COSTS, 2 * TAKE_COSTS]
    assert summary.cost_micros == 3 * TAKE_COSTS


def test_another_job_with_that_list_has_the_same_report(farm, shot):
    for _ in range(2):
        plan, _ = farm.drive(farm.submit(shot("sh010")))
        plan.end()
    assert [name for name in farm.published() if name.endswith(".html")] == ["demo_shots_report_v001.html"]


def test_a_choice_outlives_the_driver(farm, shot):
    job = farm.submit(shot("sh010"))
    farm.drive(job)
    assert farm.drive(job, sh010=2)[1] == ["deliver sh010 take 2", "compare sh010", "assemble"]
    assert farm.drive(job, sh010=2)[1] == []


def test_urgent_shots_come_first_and_the_assembly_last(farm, shot):
    job = farm.submit(shot("sh010"), shot("sh020", priority=80))
    plan = farm.open(job)
    tasks = list(plan.begin())
    assert min(tasks, key=plan.order).shot == "sh020"


def test_a_shot_for_a_model_this_farm_does_not_have_is_refused_in_words(farm, shot):
    job = farm.submit(shot("sh010", models=("unheard-of",)), shot("sh020"))
    plan, _ = farm.drive(job)
    assert plan.account().shots[0].reason == "this farm has no model unheard-of"
    assert plan.end() is JobState.FAILED


def test_a_job_without_a_usable_document_is_refused(farm):
    with pytest.raises(InputError, match="schema_version"):
        farm.open(farm.create({"shots": []}))


def test_only_what_was_asked_for_is_rendered(farm, shot):
    job = farm.submit(shot("sh010"), shot("sh020"), only=frozenset({"sh020"}))
    plan, ran = farm.drive(job)
    assert not [label for label in ran if "sh010" in label]
    assert plan.account().shots[0].state == "left"
    assert job.document["only"] == ["sh020"]


def test_the_animatic_that_people_take_is_the_one_with_sound(farm, shot):
    music = Asset(digest="c" * 64, name="sound.wav", key=asset_key("demo", "c" * 64, "sound.wav"))
    job = farm.submit(shot("sh010", takes=1), music={"": music})
    plan, ran = farm.drive(job)
    assert ran[-2:] == ["assemble", "mix"]
    movie = plan.account().animatic
    assert farm.clips.read_bytes(movie).decode().startswith(plan.live.endings[-1].id)
    assert {name for name in farm.published() if "animatic" in name} == {
        f"demo_shots_animatic_v001{suffix}" for suffix in SUFFIXES["assemble"].values()
    }
