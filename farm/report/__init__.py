"""The HTML report of a job: plays the animatic and every take, and says how each was made.

One self-contained page; movies and pictures are linked relative to it, so the output folder can be moved or served.
"""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from farm.summary import JobSummary


def html(summary: JobSummary, key: str) -> str:
    """The page, to be published under `key`: links in it are relative to that place."""
    folder = posixpath.dirname(key)

    def link(target: str) -> str:
        return quote(posixpath.relpath(target, folder)) if target else ""

    environment = Environment(
        loader=PackageLoader("farm.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["link"] = link
    return environment.get_template("report.html.j2").render(job=summary)
