"""How a model runs: named profiles, each a declared trade of quality for time.

| profile    | steps         | caches      | frames of the same seed                    |
|------------|---------------|-------------|--------------------------------------------|
| `lossless` | all           | none        | the model's own                            |
| `fast`     | all           | first block | near the model's own; measured as SSIM     |
| `draft`    | two in five   | none        | same seed, latents and length: a first look |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from farm.errors import InputError


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to run a model."""

    name: str
    share_of_steps: float = 1.0
    first_block_threshold: float = 0.0
    """Relative change of the first block's residual below which the other blocks are skipped; 0 for never."""

    def steps(self, native: int) -> int:
        """How many of the model's own steps are taken; two at least."""
        return max(min(2, native), math.ceil(native * self.share_of_steps))


LOSSLESS = Profile("lossless")

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (LOSSLESS, Profile("fast", first_block_threshold=0.08), Profile("draft", share_of_steps=0.4))
}


def profile_named(name: str) -> Profile:
    """The profile of that name, `lossless` for "". Raises `InputError` for one that is not there."""
    if not name:
        return LOSSLESS
    if name not in PROFILES:
        close = get_close_matches(name, PROFILES, n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise InputError(f'there is no profile "{name}" (choose one of {", ".join(PROFILES)}){hint}')
    return PROFILES[name]
