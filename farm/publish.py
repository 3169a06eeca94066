"""What the studio takes away: finished products under the studio's own names, beside the content-addressed store.

    deliver ─▶ publish/demo/sq010/sh010/review/v001/demo_sq010_sh010_review_v001.mp4
    assemble ─▶ publish/demo/shots/animatic/v001/demo_shots_animatic_v001.{mp4,otio} and _contact-sheet.jpg

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
from urllib.parse import quote

from farm.chain import StageName
from farm.config import Project
from farm.errors import KeyExists, KeyMissing
from farm.shots.model import ShotList
from farm.shots.naming import FIELDS, fill
from farm.store.clips import ClipStore
from farm.tasks import Manifest, StoredFile, Task

ANIMATIC = "animatic"

SUFFIXES: Mapping[StageName, Mapping[str, str]] = {
    StageName.DELIVER: {"clip": ".mp4"},
    StageName.ASSEMBLE: {"movie": ".mp4", "timeline": ".otio", "contact_sheet": "_contact-sheet.jpg"},
}
"""By stage: which outputs are published, and what their names end in."""


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
        if not suffixes_of(task.stage):
            return {}

        def taken(number: int) -> bool:
            return any(self._differs(key, manifest.files[name]) for name, key in self._keys(task, number).items())

        subject, _, product = self._identity(task)
        return self._keys(task, self._allocated(subject, product, task.id, taken))

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
        """A delivered clip's URL relative to the animatic's timeline."""
        folder = posixpath.dirname(self._name(self.shot_list.name, {}, ANIMATIC, 0))
        return quote(posixpath.relpath(self.keys(task, manifest)["clip"], folder))

    def _keys(self, task: Task, number: int) -> dict[str, str]:
        subject, fields, product = self._identity(task)
        name = self._name(subject, fields, product, number)
        return {output: name + suffix for output, suffix in suffixes_of(task.stage).items()}

    def _allocated(self, subject: str, product: str, content: str, taken: Callable[[int], bool]) -> int:
        return self.allocate(self.shot_list.project, subject, product, content, taken)

    def _identity(self, task: Task) -> tuple[str, Mapping[str, str], str]:
        """What a task's product is of, the fields of its name, and which product it is."""
        if not task.shot:
            return self.shot_list.name, {}, ANIMATIC
        shot = self.shot_list.shot(task.shot)
        fields = {"sequence": shot.sequence, "episode": shot.episode, "scene": shot.scene}
        return shot.code, fields, str(task.params["product"])

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
