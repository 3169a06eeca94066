"""The sheet beside the timelines: stills, prompts and the rest that only the `.otio` can carry, by shot.

It is an ordinary shot list without lengths, so that `farm` reads the `.edl` or `.xml` beside it as a whole one.
"""

from __future__ import annotations

import csv
import io

from farm.chain import AssembleParams


def sidecar(params: AssembleParams) -> str:
    """The cut's shots as the text of a CSV."""
    columns = list(dict.fromkeys(name for entry in params.entries for name in entry.shot))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["code", *columns])
    writer.writerows([entry.code, *(entry.shot.get(name, "") for name in columns)] for entry in params.entries)
    return text.getvalue()
