"""What a farm makes and finishes takes with: the models and upscalers that its machines have.

models folder + a list's shots + the project's choice ─▶ Finishers, and the shots that cannot be finished
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.config import Config, Project
from farm.errors import InputError
from farm.finish import Finishers, refusals
from farm.models.enhance import Upscaler, interpolator, upscaler
from farm.models.enhance.installed import FLOW
from farm.models.registry import Registry
from farm.shots.model import Shot


@dataclass(frozen=True, slots=True)
class Kit:
    """The models that takes are made by, and how many GPUs a worker has that upscales by a network."""

    models: Registry
    upscale_gpus: int = 0

    @classmethod
    def of(cls, config: Config, models: Path) -> Kit:
        """What the farm with these settings has; the records of its models are in the folder `models`."""
        return cls(Registry.of(config, models), upscale_gpus=min(1, config.gpus_per_node))

    def finishers(self, shots: Sequence[Shot], project: Project) -> tuple[Finishers, dict[str, str]]:
        """What those shots may need, and why some of them cannot have it, by their code."""
        found: dict[str, Upscaler] = {}
        missing: dict[str, InputError] = {}
        finishers = Finishers(found, interpolator(FLOW), project.upscaler, self.upscale_gpus)
        for name in {finishers.named(shot) for shot in shots} - {""}:
            try:
                found[name] = upscaler(name, self.models.folder)
            except InputError as error:
                missing[name] = error
        return finishers, refusals(shots, finishers, missing, project.licences)
