"""The HTML report of a job: plays the animatic and every take, and says how each was made and what is left to do.

    JobSummary ─▶ page/*.j2 (autoescaped) + page/*.css, *.js (inline, named by their hashes in the policy) ─▶ one page

It works from disk as from a server: movies and pictures are linked relative to it, so the output folder can be moved,
and a content policy forbids it everything that is not beside it. No word of a list becomes markup or script: words go
through autoescaping into text and attributes, and the scripts read them from there as text.

Without its scripts it is still a page: posters that link to their movies, scores, commands. It asks for a movie only
when somebody plays it, and draws only what is on screen.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from farm.report.chart import Bar, bars, spoken
from farm.report.meanings import MEANINGS, title
from farm.report.words import clock, money, times
from farm.summary import JobSummary

STYLES = ("page.css", "shot.css", "print.css")
SCRIPTS = ("player.js", "transport.js", "keys.js", "page.js")
"""In this order they make up one script."""


def html(summary: JobSummary, key: str) -> str:
    """The page, to be published under `key`: links in it are relative to that place."""
    folder = posixpath.dirname(key)

    def link(target: str) -> str:
        return quote(posixpath.relpath(target, folder)) if target else ""

    environment = _environment()
    environment.filters["link"] = link
    style, script = _joined(STYLES), _joined(SCRIPTS)
    return environment.get_template("page.html.j2").render(
        job=summary,
        attention=[(number, shot) for number, shot in enumerate(summary.shots, 1) if shot.needs_attention],
        told=sorted({name for shot in summary.shots for take in shot.takes for name in take.components}),
        style=style,
        script=script,
        policy=policy(style, script),
    )


def policy(style: str, script: str) -> str:
    """What the page may do: show and play what lies beside it, run these two, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' file:",
            "media-src 'self' file:",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("farm.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bars": bars, "spoken": spoken, "clock": clock, "money": money, "times": times}
    environment.globals |= {"meanings": MEANINGS, "title": title}
    return environment


@cache
def _joined(names: tuple[str, ...]) -> str:
    texts = [files("farm.report").joinpath("page", name).read_text(encoding="utf-8") for name in names]
    joined = "\n".join(texts)
    assert "</" not in joined, "it would end the element that it stands in"
    return f"\n{joined}"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


__all__ = ["Bar", "html", "policy"]
