"""Every timeline of the cut, and the sheet beside them, as files."""

from __future__ import annotations

from pathlib import Path

from farm.chain import AssembleParams
from farm.cut.edl import edl
from farm.cut.fcp7 import fcp7_xml
from farm.cut.fcpxml import fcpxml
from farm.cut.sidecar import sidecar
from farm.cut.timeline import write_timeline


def write_timelines(folder: Path, params: AssembleParams) -> dict[str, Path]:
    """Write them into `folder`; their paths by output."""
    texts = {
        "edl": ("timeline.edl", edl(params)),
        "fcp_xml": ("timeline.xml", fcp7_xml(params)),
        "fcpxml": ("timeline.fcpxml", fcpxml(params)),
        "sidecar": ("timeline.csv", sidecar(params)),
    }
    for name, text in texts.values():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    write_timeline(folder / "timeline.otio", params)
    return {"timeline": folder / "timeline.otio", **{output: folder / name for output, (name, _) in texts.items()}}
