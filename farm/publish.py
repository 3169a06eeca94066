"""What the studio takes away: finished products under the studio's own names, beside the content-addressed store.

    deliver ─▶ publish/demo/sq010/sh010/review/v001/demo_sq010_sh010_review_v001.mp4
    assemble ─▶ publish/demo/shots/animatic/v001/demo_shots_animatic_v001.{mp4,otio} and _contact-sheet.jpg

A published file is a link to (or a server-side copy of) the winning attempt's output: never overwritten, written again
without effect, and made anew from the job store at any time. A version number belongs to a content, the task's id.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from farm.chain import StageName
from farm.config import Project
from farm.errors import KeyExists
from farm.shots.model import ShotList
from farm.shots.naming import FIELDS, fill
from farm.store.clips import ClipStore
from farm.tasks import Manifest, Task

ANIMATIC = "animatic"

SUFFIXES: Mapping[StageName, Mapping[str, str]] = {
    StageName.DELIVER: {"clip": ".mp4"},
    StageName.ASSEMBLE: {"movie": ".mp4", "timeline": ".otio", "contact_sheet": "_contact-sheet.jpg"},
}
"""By stage: which outputs are published, and what their names end in."""

Allocate = Callable[[str, str, str, str], int]
"""(project, subject, product, content) -> version number, the same for the same content for ever."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Names and links the products of one shot list."""

    shot_list: ShotList
    project: Project
    clips: ClipStore
    allocate: Allocate

    def keys(self, task: Task) -> dict[str, str]:
        """Published key by output name; empty for stages whose outputs stay inside."""
        suffixes = SUFFIXES.get(StageName(task.stage), {})
        return {output: self._key(task, suffix) for output, suffix in suffixes.items()}

    def publish(self, task: Task, manifest: Manifest) -> dict[str, str]:
        """Link every product of a finished task to its published key. Safe to repeat."""
        keys = self.keys(task)
        for output, key in keys.items():
            self._link(manifest.files[output].key, key)
        return keys

    def document_key(self, product: str, content: str, suffix: str) -> str:
        """Where a document about the whole list goes, such as the report."""
        return self._name(self.shot_list.name, {}, product, content, suffix)

    def document(self, key: str, text: str) -> None:
        """Publish a document under its key. Safe to repeat."""
        with suppress(KeyExists):
            self.clips.put_bytes(key, text.encode())

    def media(self, task: Task) -> str:
        """A delivered clip's URL relative to the animatic's timeline."""
        folder = posixpath.dirname(self._name(self.shot_list.name, {}, ANIMATIC, "", ".otio", number=0))
        return quote(posixpath.relpath(self.keys(task)["clip"], folder))

    def _key(self, task: Task, suffix: str) -> str:
        if not task.shot:
            return self._name(self.shot_list.name, {}, ANIMATIC, task.id, suffix)
        shot = self.shot_list.shot(task.shot)
        fields = {"sequence": shot.sequence, "episode": shot.episode, "scene": shot.scene}
        return self._name(shot.code, fields, str(task.params["product"]), task.id, suffix)

    def _name(
        self,
        subject: str,
        fields: Mapping[str, str],
        product: str,
        content: str,
        suffix: str,
        number: int | None = None,
    ) -> str:
        show = self.shot_list.project
        if number is None:
            number = self.allocate(show, subject, product, content)
        known = {"project": show, "list": self.shot_list.name, "shot": subject, "product": product, "version": number}
        filled: dict[str, str | int] = {**dict.fromkeys(FIELDS, ""), **fields, **known}
        return f"publish/{fill(self.project.path, filled)}/{fill(self.project.naming, filled)}{suffix}"

    def _link(self, source: str, key: str) -> None:
        if self.clips.exists(key):
            return
        with suppress(KeyExists):  # somebody published the same content between the look and the link
            self.clips.link(source, key)
