"""What a farm finishes takes with: the upscalers that its machines have, and what they run on.

models folder + a list's shots + the project's choice ─▶ Finishers, and the shots that cannot be finished
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.config import Project
from farm.errors import InputError
from farm.finish import Finishers, refusals
from farm.models.enhance import Upscaler, interpolator, upscaler
from farm.models.enhance.installed import FLOW
from farm.shots.model import Shot


@dataclass(frozen=True, slots=True)
class Kit:
    """Where the weights lie, and how many GPUs a worker that upscales by a network has."""

    models: Path | None = None
    upscale_gpus: int = 0

    def finishers(self, shots: Sequence[Shot], project: Project) -> tuple[Finishers, dict[str, str]]:
        """What those shots may need, and why some of them cannot have it, by their code."""
        found: dict[str, Upscaler] = {}
        missing: dict[str, InputError] = {}
        finishers = Finishers(found, interpolator(FLOW), project.upscaler, self.upscale_gpus)
        for name in {finishers.named(shot) for shot in shots} - {""}:
            try:
                found[name] = upscaler(name, self.models)
            except InputError as error:
                missing[name] = error
        return finishers, refusals(shots, finishers, missing, project.licences)


NO_KIT = Kit()
"""No weights: what needs none is there all the same."""
