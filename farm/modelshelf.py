"""The models that this machine's settings know: to look at, to plan with, to bring in and to remove.

FARM_MODELS ─┬─ a folder ──▶ its records          ──▶ Kit, views
             └─ a bucket ──▶ a mirror of records  ──▶ the same; what brings or removes is done to a folder only
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from farm.canonical import content_id
from farm.config import Config, load_project
from farm.errors import InputError
from farm.kit import Kit
from farm.models.registry import BUILT_IN
from farm.modelview import ModelView, model_view, model_views

if TYPE_CHECKING:
    from farm.models.diffusion.installed import Installed
    from farm.weights.add import Asked
    from farm.weights.progress import Progress


class ModelShelf:
    """The models folder, or bucket, of some settings."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cached_property
    def kit(self) -> Kit:
        """What takes are made with; of models in a bucket it is asked now what there is."""
        return Kit.of(self._config, self._records)

    def views(self) -> tuple[ModelView, ...]:
        """Every model: built in, known, added."""
        return model_views(self.kit.models.specs, self._records)

    def view(self, name: str) -> ModelView:
        """One of them. Raises `InputError` for a name that is none."""
        return model_view(name, self.kit.models.specs, self._records)

    def pull(self, name: str, project: Path | None, progress: Progress) -> Installed:
        """Bring a known checkpoint into the models folder, if the project may use its licence."""
        from farm.weights.hub import Hub
        from farm.weights.pull import pull

        return pull(name, self._folder, hub=Hub(), progress=progress, allowed=_licences(project))

    def add(self, asked: Asked, project: Path | None, progress: Progress) -> Installed:
        """Record weights of one's own, where they stand or as a copy, or those of a hub."""
        from farm.weights.add import add
        from farm.weights.hub import Hub

        return add(
            asked,
            self._folder,
            hub=Hub(),
            progress=progress,
            taken=tuple(BUILT_IN),
            allowed=_licences(project),
        )

    def check(self, name: str, progress: Progress) -> tuple[str, ...]:
        """The files of an installed model that are no longer what they were. Reads all of them."""
        from farm.weights.shelf import damaged, one

        return damaged(one(name, self._folder), progress)

    def remove(self, name: str) -> str:
        """Take a model out of the models folder; what became of its files, in words."""
        from farm.weights.shelf import remove

        return remove(name, self._folder)

    @cached_property
    def _records(self) -> Path:
        """The models folder, as far as plans need it."""
        if self._config.models_folder:
            return self._config.models_folder
        from farm.weights.bucket import BucketSource, Mirror

        place = self._config.state / "models" / content_id(self._config.models)[:16]
        return Mirror(BucketSource(self._config.models), place).refresh()

    @property
    def _folder(self) -> Path:
        """The models folder, to write. Raises `InputError` where models are in a bucket."""
        if self._config.models_folder is None:
            raise InputError(
                f"FARM_MODELS is {self._config.models}: set it to a folder, run this again, and copy that folder there"
                " (aws s3 sync)"
            )
        return self._config.models_folder


def _licences(project: Path | None) -> tuple[str, ...]:
    """Those the project may use; empty for every one."""
    return load_project(project, Path.cwd()).licences
