"""What the jobs of the drill ask for: small chains of real files, some on gangs, some shared, some paid for.

    clip: generate (cpu, or a gang of two) ─▶ score ─▶ deliver ─▶ published       job: reel of all clips, once all are
          └▶ sound, from a provider who is paid                                        scored

Pure, so that the driver, the workers and the audit know independently of each other what every file must hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from farm.chain import GenerateParams
from farm.store.records import Job, Request
from farm.tasks import Input, Lane, Task

PROJECTS = ("ember", "fjord", "grove")
CLIPS = 10
SHARED = 2
"""Clips that a job has in common with the one before it of the same project."""

STAGES = {name: f"chaos_stages:{name.upper()}" for name in ("generate", "score", "deliver", "sound", "reel")}
"""For workers, who import them by name."""

DUO = Lane(name="duo", ranks=2)
FRAME = {"width": 64, "height": 64, "frames": 8, "fps": "24"}


@dataclass(frozen=True)
class Clip:
    """A clip of a show, by number."""

    project: str
    number: int

    @property
    def shot(self) -> str:
        return f"sh{self.number:04d}"

    @property
    def ganged(self) -> bool:
        return self.number % 4 == 1

    @property
    def paid(self) -> bool:
        return self.number % 3 == 0

    @property
    def generate(self) -> Task:
        params = GenerateParams.model_validate(
            {"model": "drill", "revision": "1", "seed": self.number, "prompt": self.project, **FRAME}
        )
        lane = DUO if self.ganged else Lane()
        return self._task("generate", params.content(), lane=lane, take=1)

    @property
    def score(self) -> Task:
        return self._task("score", FRAME, self.generate, take=1)

    @property
    def deliver(self) -> Task:
        return self._task("deliver", {"product": "review", **FRAME}, self.generate, take=1)

    @property
    def sound(self) -> Task:
        return self._task("sound", {}, self.generate)

    @property
    def published(self) -> str:
        return f"publish/{self.project}/{self.shot}_v001.bin"

    def _task(self, stage: str, params: dict, need: Task | None = None, **more) -> Task:
        inputs = {"mezzanine": Input(task=need.id, output="mezzanine")} if need else {}
        return Task.of(
            project=self.project, stage=stage, version=1, params=params, inputs=inputs, shot=self.shot, **more
        )


@dataclass(frozen=True)
class Reel:
    """A job: some clips, and one file about all of them."""

    number: int
    clips: int = CLIPS

    @property
    def project(self) -> str:
        return PROJECTS[self.number % len(PROJECTS)]

    @property
    def name(self) -> str:
        return f"reel{self.number:03d}"

    @property
    def members(self) -> tuple[Clip, ...]:
        start = self.number // len(PROJECTS) * (self.clips - SHARED)
        return tuple(Clip(self.project, number) for number in range(start, start + self.clips))

    @property
    def chains(self) -> Iterator[Task]:
        """All but the reel itself."""
        for clip in self.members:
            yield from (clip.generate, clip.score, clip.deliver)
            if clip.paid:
                yield clip.sound

    @property
    def reel(self) -> Task:
        inputs = {clip.shot: Input(task=clip.score.id, output="score") for clip in self.members}
        return Task.of(project=self.project, stage="reel", version=1, params={"name": self.name}, inputs=inputs)

    @property
    def tasks(self) -> tuple[Task, ...]:
        return (*self.chains, self.reel)

    @property
    def published(self) -> str:
        return f"publish/{self.project}/{self.name}_v001.bin"

    def job(self, request: Request) -> Job:
        shots = [{"code": clip.shot, "sequence": "sq010"} for clip in self.members]
        return Job(
            id=self.name,
            project=self.project,
            name=self.name,
            out="drill",
            document={"number": self.number, "clips": self.clips, "shots": shots},
            created_us=request.at_us,
            principal=request.principal,
        )


def mezzanine(project: str, number: int) -> bytes:
    """What `generate` leaves: anything but guessable, and different for every clip."""
    return hashlib.shake_256(f"{project}/{number}".encode()).digest(20_000 + number * 7919 % 90_000)


def scored(content: bytes) -> bytes:
    """What `score` says of a mezzanine."""
    digest = hashlib.sha256(content).hexdigest()
    return json.dumps({"sha256": digest, "total": int(digest[:2], 16) / 255}).encode()


def delivered(content: bytes) -> bytes:
    return b"clip:" + content[::-1]


def sounded(content: bytes) -> bytes:
    return b"sound:" + hashlib.sha256(content).digest() * 400


def reeled(scores: dict[str, bytes]) -> bytes:
    """What a reel holds: a line for each clip, by shot."""
    return b"\n".join(shot.encode() + b" " + scores[shot] for shot in sorted(scores))


def contents(reel: Reel) -> Iterator[tuple[Task, str, bytes]]:
    """Every file that a job leaves: its task, the output's name, the bytes."""
    scores: dict[str, bytes] = {}
    for clip in reel.members:
        made = mezzanine(clip.project, clip.number)
        scores[clip.shot] = scored(made)
        yield clip.generate, "mezzanine", made
        yield clip.score, "score", scores[clip.shot]
        yield clip.deliver, "clip", delivered(made)
        if clip.paid:
            yield clip.sound, "sound", sounded(made)
    yield reel.reel, "reel", reeled(scores)
