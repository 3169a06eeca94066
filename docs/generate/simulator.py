"""What the simulator plays."""

from __future__ import annotations

from .markdown import code, table


def scenarios() -> str:
    from farm.simulator import describe

    return table(("scenario", "what is arranged"), ((code(name), says) for name, says in describe().items()))
