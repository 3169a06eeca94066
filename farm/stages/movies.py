"""The two movies of a take, written side by side: the mezzanine, and the proxy to look at.

frames ─▶ encoder ─┬▶ mezzanine.mkv ─┬▶ outputs
                   └▶ proxy.mp4     ─┘
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from farm.media import MEZZANINE, PROXY, Encoder, Target
from farm.stages.stage import Context, Output
from farm.tasks import FileClass


@dataclass(frozen=True, slots=True)
class TakeMovies:
    """Where they are written."""

    mezzanine: Path
    proxy: Path

    @classmethod
    def of(cls, ctx: Context) -> TakeMovies:
        """In an attempt's scratch folder."""
        return cls(ctx.scratch / "mezzanine.mkv", ctx.scratch / "proxy.mp4")

    def encoder(self, width: int, height: int, fps: Fraction, ctx: Context) -> Encoder:
        """Writes frames of (`height`, `width`, 3) to both."""
        targets = [Target(self.mezzanine, MEZZANINE), Target(self.proxy, PROXY)]
        return Encoder(targets, width=width, height=height, fps=fps, threads=ctx.threads)

    @property
    def outputs(self) -> dict[str, Output]:
        return {
            "mezzanine": Output(self.mezzanine, FileClass.MEZZANINE),
            "proxy": Output(self.proxy, FileClass.PROXY),
        }
