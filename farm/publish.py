"""What the studio takes away: finished products under the studio's own names, beside the content-addressed store.

    deliver ─▶ publish/demo/sq010/sh010/review/v001/demo_sq010_sh010_review_v001.mp4
               publish/demo/sq010/sh010/png/v001/demo_sq010_sh010_png_v001.1001.png, …
    compare ─▶ publish/demo/sq010/sh010/takes/v001/demo_sq010_sh010_takes_v001_{side-by-side.mp4,contact-sheet.jpg}
    assemble ─▶ publish/demo/shots/animatic/v001/demo_shots_animatic_v001.{mp4,otio,edl,xml,…} and _contact-sheet.jpg,
                and where there are several sequences _contact-sheet_sq010.jpg …

A published file is a link to (or a server-side copy of) the winning attempt's output: never overwritten, written again
without effect, and made anew from the job store at any time. A version number belongs to a content, the task's id.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from farm.chain import AssembleParams, MixParams, StageName, shown
from farm.config import Project
from farm.errors import KeyExists, KeyMissing
from farm.shots.model import ShotList
from farm.shots.naming import FIELDS, fill
from farm.shots.reading.slugs import slugged
from farm.store.clips import ClipStore
from farm.tasks import Manifest, StoredFile, Task

ANIMATIC = "animatic"
TAKES = "takes"
"""The product that shows all takes of a shot."""

SUFFIXES: Mapping[StageName, Mapping[str, str]] = {
    StageName.COMPARE: {"movie": "_side-by-side.mp4", "contact_sheet": "_contact-sheet.jpg"},
    StageName.ASSEMBLE: {
        "movie": ".mp4",
        "contact_sheet": "_contact-sheet.jpg",
        "timeline": ".otio",
        "edl": ".edl",
        "fcp_xml": ".xml",
        "fcpxml": ".fcpxml",
        "sidecar": ".csv",
    },
}
"""By stage: which outputs are published, and what their names end in."""

TIMELINES = {output: SUFFIXES[StageName.ASSEMBLE][output] for output in ("timeline", "fcp_xml", "fcpxml", "edl")}
"""Outputs of the assembly that editors open."""

STEM = "clip"
"""What the deliver stage calls its files; what follows in their names follows in the studio's: "clip.1001.png"."""


_SHEETED: Mapping[StageName, type[AssembleParams | MixParams]] = {
    StageName.ASSEMBLE: AssembleParams,
    StageName.MIX: MixParams,
}


def _suffixes(task: Task, manifest: Manifest) -> Mapping[str, str]:
    """What the published names of a task's outputs end in; empty for stages whose outputs stay inside."""
    if task.stage == StageName.DELIVER:
        names = {output: posixpath.basename(file.key) for output, file in manifest.files.items()}
        return {output: name.removeprefix(STEM) for output, name in names.items()}
    suffixes = dict(suffixes_of(task.stage))
    if task.stage in {StageName.ASSEMBLE, StageName.MIX}:  # a sequence's own sheet is called after it
        sheets = _SHEETED[StageName(task.stage)].model_validate(task.params).sheets
        suffixes |= {output: f"_contact-sheet_{slugged(name) or output}.jpg" for output, name in sheets.items()}
    return {output: suffix for output, suffix in suffixes.items() if output in manifest.files}


def suffixes_of(stage: str) -> Mapping[str, str]:
    """What a stage publishes: the mix stands for the assembly that it gives its sound."""
    return SUFFIXES.get(StageName.ASSEMBLE if stage == StageName.MIX else StageName(stage), {})


class Allocate(Protocol):
    """Version numbers: the same for the same content for ever, and none that is `taken`."""

    def __call__(
        self, project: str, subject: str, product: str, content: str, taken: Callable[[int], bool] = ...
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class Publisher:
    """Names and links the products of one shot list."""

    shot_list: ShotList
    project: Project
    clips: ClipStore
    allocate: Allocate

    def keys(self, task: Task, manifest: Manifest) -> dict[str, str]:
        """Published key by output name of a finished task; empty for stages whose outputs stay inside."""
        suffixes = _suffixes(task, manifest)
        if not suffixes:
            return {}

        def keys(number: int) -> dict[str, str]:
            name = self._name(subject, fields, product, number)
            return {output: name + suffix for output, suffix in suffixes.items()}

        def taken(number: int) -> bool:
            return any(self._differs(key, manifest.files[name]) for name, key in keys(number).items())

        subject, fields, product = self._identity(task)
        return keys(self._allocated(subject, product, task.id, taken))

    def publish(self, task: Task, manifest: Manifest) -> dict[str, str]:
        """Link every product of a finished task to its published key. Safe to repeat."""
        keys = self.keys(task, manifest)
        for output, key in keys.items():
            self._link(manifest.files[output], key)
        return keys

    def document_key(self, product: str, content: str, suffix: str) -> str:
        """Where a document about the whole list goes, such as the report."""
        subject = self.shot_list.name

        def key(number: int) -> str:
            return self._name(subject, {}, product, number) + suffix

        return key(self._allocated(subject, product, content, lambda number: self.clips.exists(key(number))))

    def document(self, key: str, text: str) -> None:
        """Publish a document under its key. Safe to repeat."""
        with suppress(KeyExists):
            self.clips.put_bytes(key, text.encode())

    def media(self, task: Task, manifest: Manifest) -> str:
        """A delivered clip's path relative to the animatic's timeline."""
        return self.beside(shown(self.keys(task, manifest)))

    def beside(self, key: str) -> str:
        """A key as a path relative to the animatic's timeline."""
        return posixpath.relpath(key, posixpath.dirname(self._name(self.shot_list.name, {}, ANIMATIC, 0)))

    def _allocated(self, subject: str, product: str, content: str, taken: Callable[[int], bool]) -> int:
        return self.allocate(self.shot_list.project, subject, product, content, taken)

    def _identity(self, task: Task) -> tuple[str, Mapping[str, str], str]:
        """What a task's product is of, the fields of its name, and which product it is."""
        if not task.shot:
            return self.shot_list.name, {}, ANIMATIC
        shot = self.shot_list.shot(task.shot)
        fields = {"sequence": shot.sequence, "episode": shot.episode, "scene": shot.scene}
        return shot.code, fields, TAKES if task.stage == StageName.COMPARE else str(task.params["product"])

    def _name(self, subject: str, fields: Mapping[str, str], product: str, number: int) -> str:
        """The key of a version of a product, but for its suffix."""
        show, listed = self.shot_list.project, self.shot_list.name
        known = {"project": show, "list": listed, "shot": subject, "product": product, "version": number}
        filled: dict[str, str | int] = {**dict.fromkeys(FIELDS, ""), **fields, **known}
        return f"publish/{fill(self.project.path, filled)}/{fill(self.project.naming, filled)}"

    def _differs(self, key: str, stored: StoredFile) -> bool:
        """True when something else than `stored` is published under `key`."""
        if not self.clips.exists(key):
            return False
        if self.clips.size(key) != stored.size:
            return True
        return hashlib.sha256(self.clips.read_bytes(key)).hexdigest() != stored.sha256

    def _link(self, stored: StoredFile, key: str) -> None:
        """Publish under a key of ours. What lies there with another size was cut short, or is not what we put there."""
        with suppress(KeyMissing):
            if self.clips.size(key) == stored.size:
                return
            self.clips.delete(key)
        with suppress(KeyExists):  # somebody published the same content between the look and the link
            self.clips.link(stored.key, key)
