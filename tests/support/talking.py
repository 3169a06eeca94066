"""A stage that talks: logs, prints and warns, waits until it may end, and fails if it is to."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path

from farm.chain import Params, StageSpec
from farm.errors import InputError, MediaError
from farm.stages.stage import Context, Outputs

logger = logging.getLogger("farm.talking")
FAILURES = {"input": InputError, "media": MediaError, "bug": KeyError}


class TalkParams(Params):
    words: str = ""
    lines: int = 1
    folder: str = ""
    """Where `go` is to lie before it ends."""
    fails: str = ""
    """One of `FAILURES`."""


def talk(inputs: Mapping[str, Path], params: TalkParams, ctx: Context) -> Outputs:
    for number in range(params.lines if params.words else 0):
        logger.warning("%s %d", params.words, number)
    while params.folder and not Path(params.folder, "go").exists():
        ctx.check()
        time.sleep(0.02)
    if params.fails:
        raise FAILURES[params.fails]("it cannot be done")
    return Outputs({}, {})


TALK = StageSpec(1, TalkParams, "talking:talk")
STAGES = {"talk": "talking:TALK"}
"""For `WorkerSetup.stages`."""
