"""What a person sees at the terminal: every answer of the service as a table, and as JSON where scripts want it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from farm.driver.glance import CHOICE
from farm.findings import Finding, Severity
from farm.jobview import clock
from farm.lastwords import LastWords
from farm.logview import last_words_view, last_words_views
from farm.printable import legible
from farm.scheduler.policy import Band

if TYPE_CHECKING:
    from pydantic import BaseModel, JsonValue

    from farm.conforming import Conforming
    from farm.doctor import Check
    from farm.jobview import DriverView, HistoryLine, JobStatus, JobView, Receipt, ShotLine
    from farm.outlook import Outlook, PlannedTake
    from farm.simulator import Verdict
    from farm.store.gc import Garbage
    from farm.summary import JobSummary, ShotSummary

WARNINGS_SHOWN = 5

SHOTS_SHOWN = 40

BAR_WIDTH = 40

_STATES = {
    "done": "green",
    "failed": "red",
    "cancelled": "dim",
    "active": "cyan",
    "running": "cyan",
    "pending": "yellow",
    "paused": "yellow",
    "held": "yellow",
    "choice": "yellow",
}
_TASK_STATES = ("done", "running", "waiting", "failed", "cancelled")
_REASONS = {"upstream": "dim", "limit": "red", "no capable worker": "red", "held": "yellow", "choice": "yellow"}
_WORK = {"render": "red", "deliver": "yellow", "assemble": "cyan", "nothing": "dim"}
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def findings_table(findings: Iterable[Finding]) -> Table:
    """Findings with place, problem and remedy."""
    table = _table("", "where", "what", "what to do")
    for finding in findings:
        mark = Text(str(finding.severity), _COLOURS[finding.severity])
        shot = f" ({finding.shot})" if finding.shot else ""
        table.add_row(mark, Text(f"{finding.place}{shot}"), Text(finding.problem), Text(finding.remedy, "dim"))
    return table


def summary_table(summary: JobSummary) -> Table:
    """One row a shot: the chosen take and its score, or why there is none."""
    table = _table("shot", "length", "takes", "picked", "score", "")
    for shot in summary.shots:
        table.add_row(*_row(shot))
    return table


def _row(shot: ShotSummary) -> tuple[Text, ...]:
    name, length = Text(shot.code, "bold"), Text(f"{shot.seconds:.2f} s")
    made = sum(take.state == "done" for take in shot.takes)
    takes = Text(f"{made}/{len(shot.takes)}")
    if shot.state == "left":
        return name, length, takes, Text("left", "dim"), Text(""), Text("not asked for", "dim")
    if shot.state == "failed":
        return name, length, takes, Text("none", "red"), Text(""), Text(shot.reason, "red")
    if shot.state == "held":
        return name, length, takes, Text("held", "yellow"), Text(""), Text(_to_do(shot), "yellow")
    take = shot.chosen
    if take is None:
        return name, length, takes, Text("…", "dim"), Text(""), Text("not finished", "dim")
    label = f" {take.label}" if take.label else ""
    score = "" if take.score is None else f"{take.score:.0f}"
    return name, length, takes, Text(f"take {take.number}{label}"), Text(score, "green"), Text(take.why, "dim")


def _to_do(shot: ShotSummary) -> str:
    """The first thing that can be done about a shot, as a command where there is one."""
    return next((each.command or each.words for each in shot.remedies), shot.reason)


def what_to_open(summary: JobSummary) -> Text:
    """The closing lines: what there is to look at, as paths where they are local."""
    lines = [("report", summary.report), ("animatic", summary.animatic), ("timeline", summary.timeline)]
    lines.append(("contact sheet", summary.contact_sheet))
    text = Text()
    for name, key in lines:
        if key:
            text.append(f"{name:>14}  ", "dim").append(location(summary.out, key) + "\n", "cyan")
    for suffix, lost in summary.losses.items():
        text.append(f"{suffix:>14}  ", "dim").append(f"without {'; '.join(lost)}\n", "dim")
    return text


def warning_lines(summary: JobSummary) -> Iterator[Text]:
    """The first few warnings, and where the others are."""
    for warning in summary.warnings[:WARNINGS_SHOWN]:
        yield Text(f"warning: {warning}", "yellow")
    if len(summary.warnings) > WARNINGS_SHOWN:
        yield Text(f"and {len(summary.warnings) - WARNINGS_SHOWN} more: `farm lint` shows them all", "yellow")


def location(out: str, key: str) -> str:
    """Where a key is, as a person would open it: a path relative to here when that is shorter, else a URL."""
    url = f"{out.rstrip('/')}/{key}"
    if "://" in url and not url.startswith("file://"):
        return url
    path = Path(url.removeprefix("file://"))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def plan_table(outlook: Outlook) -> Table:
    """One row a shot: its takes, the room their moves need, what is there, and every note of the models."""
    table = _table("shot", "takes", "overscan", "to run", "there", "")
    for shot in outlook.shots:
        last = Text(shot.reason, "red") if shot.reason else Text("\n".join(shot.notes), "dim")
        counts = Text(str(shot.to_run or "")), Text(str(shot.there or ""), "green")
        table.add_row(Text(shot.code, "bold"), _takes(shot.takes), _overscans(shot.takes), *counts, last)
    return table


def _takes(takes: Sequence[PlannedTake]) -> Text:
    """By model: "animatic: as asked, gentler"."""
    lines = (
        f"{model}: {', '.join(take.label or f'take {take.number}' for take in group)}"
        for model, group in groupby(takes, key=attrgetter("model"))
    )
    return Text("\n".join(lines))


def _overscans(takes: Sequence[PlannedTake]) -> Text:
    shares = dict.fromkeys(f"{100 * (take.overscan - 1):.1f} %" for take in takes if take.overscan > 1)
    return Text("\n".join(shares), "dim")


def checks_table(checks: Iterable[Check]) -> Table:
    """What the doctor found."""
    table = _table("", "", "", "")
    for check in checks:
        mark = Text("ok", "green") if check.fine else Text("fail", "red")
        table.add_row(mark, Text(check.name, "bold"), Text(check.found), Text(check.remedy, "yellow"))
    return table


def garbage_table(found: Iterable[Garbage]) -> Table:
    """What may go, and why."""
    table = _table("size", "why", "file")
    for garbage in found:
        table.add_row(f"{garbage.size / 1e6:.1f} MB", str(garbage.why), Text(garbage.key, "dim"))
    return table


def jobs_table(lines: Sequence[JobView], width: int) -> Table:
    """One row a job: how far it is, what it waits for, what it has cost; on a wide screen also whose it is."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    shown = [title for title in _JOB_COLUMNS if _is_shown(title, lines, width)]
    for title in shown:
        widest = min(ID_WIDTH, max((len(line.id) for line in lines), default=0))
        least = widest if title == "job" else None
        table.add_column(title, overflow="fold", no_wrap=title in {"state", "done"}, min_width=least)
    for line in lines:
        cells = _job_cells(line)
        table.add_row(*(cells[title] for title in shown))
    return table


_JOB_COLUMNS = ("job", "project", "by", "submitted", "state", "prio", "done", "runs", "cost", "waits for")
ID_WIDTH = 32
"""Characters of a job's id that are never folded: it is there to be copied."""
WIDE = 100
"""Columns of a screen on which there is room for who submitted a job, and when."""


def _is_shown(title: str, lines: Sequence[JobView], width: int) -> bool:
    if title == "cost":
        return any(map(_cost, lines))
    return width >= WIDE if title in {"by", "submitted"} else True


def _job_cells(line: JobView) -> dict[str, Text]:
    tasks = Counter(line.tasks)
    return {
        "job": Text(line.id, "bold"),
        "project": Text(line.project),
        "by": Text(line.principal, "dim"),
        "submitted": Text(clock(line.created_us), "dim"),
        "state": _state(line.state),
        "prio": Text(str(line.priority)),
        "done": Text(f"{tasks['done']}/{tasks.total()}" if tasks else ""),
        "runs": Text(str(tasks["running"] or ""), "cyan"),
        "cost": Text(_cost(line)),
        "waits for": _waits(line, tasks),
    }


def _waits(line: JobView, tasks: Mapping[str, int]) -> Text:
    """What waits for what, the most first; what only waits for other tasks of the job is not worth a word then."""
    parts = [Text(f"{tasks['failed']} failed", "red")] if tasks.get("failed") else []
    if line.ended_us:
        parts.append(Text(f"ended {clock(line.ended_us)}", "dim"))
    if line.message:
        parts.append(Text(line.message, "red" if line.state == "failed" else "dim"))
    reasons = {reason: count for reason, count in line.waits.items() if reason not in {"upstream", line.state}}
    for reason, count in sorted((reasons or line.waits).items(), key=lambda item: -item[1]):
        words = _count(count, "choice") if reason == CHOICE else f"{count} {reason}"
        parts.append(Text(words, _REASONS.get(reason, "")))
    return Text(", ").join(parts)


def driver_line(driver: DriverView) -> Text:
    """Who leads, or since when nobody does, and what waits for a driver."""
    waits = f", {_count(driver.pending, 'request')} waiting for it" if driver.pending else ""
    remedy = "" if driver.leads else " (farm up, or farm drive, brings one)"
    return Text(f"{driver.words}{waits}{remedy}", "dim" if driver.leads else "yellow")


def status_view(found: JobStatus) -> Group:
    """A job in detail: itself, its stages, the shots that are not done, and its history."""
    shown = [shot for shot in found.shots if shot.state != "done"]
    parts: list[RenderableType] = [*_headline(found)]
    if found.stages:
        parts += [Text(), _stages(found.stages)]
    if shown:
        parts += [Text(), _shots(shown[:SHOTS_SHOWN])]
    if len(shown) > SHOTS_SHOWN:
        parts += [Text(f"and {len(shown) - SHOTS_SHOWN} more: --json has them all", "dim")]
    parts += last_words_views([shot.last_words for shot in shown if shot.last_words])
    return Group(*parts, Text(), _history(found.history), Text(), driver_line(found.driver))


def _headline(found: JobStatus) -> Iterator[RenderableType]:
    job, tasks = found.job, Counter(found.job.tasks)
    about = f"   project {job.project}, priority {job.priority}, submitted {clock(job.created_us)} by {job.principal}"
    yield Text.assemble((job.id, "bold"), "  ", _state(job.state), (about, "dim"))
    if tasks:
        bar = Table.grid(padding=(0, 2))
        done = sum(shot.state == "done" for shot in found.shots)
        counts = f"{tasks['done']} of {_count(tasks.total(), 'task')}, {done} of {_count(len(found.shots), 'shot')}"
        bar.add_row(ProgressBar(tasks.total(), tasks["done"], width=BAR_WIDTH), Text(counts))
        yield bar
    if waits := _waits(job, tasks):
        yield Text.assemble(("waits for " if job.waits else "", "dim"), waits)
    if cost := _cost(job):
        yield Text.assemble(("cost ", "dim"), cost)


def _stages(stages: Mapping[str, Mapping[str, int]]) -> Table:
    """Only the states that there are."""
    states = [state for state in _TASK_STATES if any(counts.get(state) for counts in stages.values())]
    table = _table("stage", *states)
    for stage, counts in stages.items():
        table.add_row(Text(stage), *(Text(str(counts.get(state) or ""), _STATES.get(state, "")) for state in states))
    return table


def _shots(shots: Iterable[ShotLine]) -> Table:
    table = _table("shot", "state", "done", "")
    for shot in shots:
        tasks = Counter(shot.tasks)
        done = f"{tasks['done']}/{tasks.total()}"
        message = Text(legible(shot.message), "red" if shot.state == "failed" else "dim")
        table.add_row(Text(shot.code, "bold"), _state(shot.state), done if tasks else "", message)
    return table


def _history(lines: Iterable[HistoryLine]) -> Table:
    table = _table("when", "who", "what", "")
    for line in lines:
        style = "red" if line.outcome.startswith("refused") else "dim"
        what = _state(line.what) if line.what in _STATES else Text(line.what)
        table.add_row(Text(clock(line.at_us), "dim"), Text(line.who, "dim"), what, Text(line.outcome, style))
    return table


def why_view(answer: Mapping[str, JsonValue]) -> Group:
    """Why a job or a task waits: each reason in a sentence, with how many tasks it holds."""
    waits = [wait for wait in _list(answer.get("waits")) if isinstance(wait, dict)]
    name = answer.get("label") or answer.get("subject")
    head = Text.assemble((f"{name}", "bold"), f" is {answer.get('state')}")
    counts = [f"{answer[key]} {words}" for key, words in (("running", "run"), ("waiting", "wait")) if answer.get(key)]
    if counts:
        head.append(f": {', '.join(counts)}", "dim")
    if message := answer.get("message"):
        head.append(f": {legible(str(message))}")
    table = Table(box=None, pad_edge=False, show_header=False)
    for justify in ("right", "left", "left"):
        table.add_column(justify=justify, overflow="fold")
    for wait in waits:
        reason = str(wait["reason"])
        remedy = Text(f" ({wait['remedy']})" if wait.get("remedy") else "", "dim")
        sentence = Text(str(wait["message"])).append_text(remedy)
        table.add_row(_how_many(wait), Text(reason, _REASONS.get(reason, "yellow")), sentence)
    words = answer.get("last_words")
    failed = [Text(), last_words_view(LastWords.model_validate(words))] if words else []
    return Group(head, *([table] if waits else []), *failed)


def _how_many(wait: Mapping[str, JsonValue]) -> str:
    shots, tasks = wait.get("shots"), wait.get("tasks")
    return _count(shots, "shot") if isinstance(shots, int) else _count(tasks if isinstance(tasks, int) else 1, "task")


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def receipt_line(receipt: Receipt) -> Text:
    """What became of a request that was not refused, and what may come next."""
    if receipt.note:
        return Text(f"{receipt.verb} {receipt.job or receipt.subject}".strip() + f": {receipt.note}", "yellow")
    words, hint = _RECEIPTS.get(receipt.verb, ("{job}: {verb}", ""))
    answer = {"verb": receipt.verb, "priority": 0, "tasks": 0, "shot": "", "take": 0, **receipt.answer}
    answer["goes"] = clock(goes) if isinstance(goes := answer.get("deadline_us"), int) else ""
    named = {**answer, "job": receipt.job, "tasks": _count(answer["tasks"], "task"), "band": _band(answer["priority"])}
    if receipt.again:
        words, hint = "{job} was submitted before, under the same key", "farm status {job}"
    elif receipt.answer.get("state") == "held":
        words, hint = "{job} is submitted, and held", "farm resume {job} begins it"
    line = Text(words.format_map(named), "green")
    return line.append(f"   {hint.format_map(named)}", "dim") if hint else line


_RECEIPTS = {
    "submit": ("{job} is submitted", "farm watch {job}"),
    "pause": ("{job} is paused: what runs ends normally", "farm resume {job}"),
    "resume": ("{job} goes on", ""),
    "cancel": ("{job} is cancelled: what is finished stays", "farm retry {job} brings it back"),
    "retry": ("{job} tries {tasks} again", "farm watch {job}"),
    "priority": ("{job} has priority {priority}: {band}", ""),
    "drain": ("{node} drains: nothing begins there, and it goes by {goes}", "farm top shows it"),
    "approve": ("{shot} of {job} delivers take {take}", ""),
}
"""By verb: what has happened, and what to do next."""


def _band(priority: object) -> str:
    return str(Band.of(priority)) if isinstance(priority, int) else ""


def conforming_table(found: Conforming) -> Table:
    """One row a shot: where it stood, where it stands, and what that costs."""
    table = _table("shot", "what", "was", "is", "to do")
    for change in found.changes:
        grown = f" {change.frames:+}" if change.frames else ""
        what = Text(f"{', '.join(change.what) or 'the same'}{grown}", "" if change.what else "dim")
        work = Text(change.work, _WORK.get(change.work, ""))
        table.add_row(Text(change.code, "bold"), what, Text(change.was, "dim"), Text(change.now), work)
    return table


def conforming_lines(found: Conforming) -> Iterator[Text]:
    """What it comes to, and what the farm does not make of the timeline."""
    counts = Counter(change.work for change in found.changes)
    told = ", ".join(f"{counts[work]} to {work}" for work in _WORK if work != "nothing" and counts[work])
    yield Text(f"\n{told or 'nothing to do'}; {_count(counts['nothing'], 'shot')} untouched", "dim")
    for change in found.changes:
        if change.reason:
            yield Text(f"{change.code} stands as a slate: {change.reason}", "red")
    for finding in found.findings:
        yield Text(f"warning: {finding}", "yellow")


def scenarios_table(scenarios: Mapping[str, str]) -> Table:
    """What the simulator can play."""
    table = _table("scenario", "")
    for name, says in scenarios.items():
        table.add_row(Text(name, "bold"), Text(says))
    return table


def verdict_row(verdict: Verdict) -> Group:
    """One verdict with its sentences, what does not hold first."""
    mark = Text("holds ", "green") if verdict.passed else Text("broken", "red")
    seconds = f"{verdict.simulated_s:.0f} s simulated in {verdict.took_s:.1f} s"
    head = Text.assemble(mark, " ", (verdict.scenario, "bold"), (f"  seed {verdict.seed}, {seconds}", "dim"))
    lines = (
        Text(f"       {line}", "red" if line.startswith(("broken", "audit")) else "dim") for line in verdict.sentences
    )
    return Group(head, *lines)


def verdicts_table(verdicts: Sequence[Verdict]) -> Table:
    """How many of each scenario's verdicts held."""
    table = _table("", "scenario", "held", "broken with seed")
    for name in dict.fromkeys(verdict.scenario for verdict in verdicts):
        of_name = [verdict for verdict in verdicts if verdict.scenario == name]
        broken = [verdict.seed for verdict in of_name if not verdict.passed]
        mark = Text("broken", "red") if broken else Text("holds", "green")
        held = f"{len(of_name) - len(broken)}/{len(of_name)}"
        table.add_row(mark, Text(name, "bold"), held, Text(", ".join(map(str, broken)), "red"))
    return table


def verdicts_json(verdicts: Iterable[Verdict]) -> str:
    """Verdicts as a JSON list."""
    return json.dumps(
        [
            {
                "scenario": verdict.scenario,
                "seed": verdict.seed,
                "scale": verdict.scale,
                "passed": verdict.passed,
                "figures": dict(verdict.figures),
                "sentences": list(verdict.sentences),
                "simulated_s": verdict.simulated_s,
                "took_s": verdict.took_s,
            }
            for verdict in verdicts
        ],
        indent=2,
    )


def documents(items: Iterable[BaseModel]) -> str:
    """Several of the service's documents as one JSON list."""
    return json.dumps([item.model_dump(mode="json") for item in items], indent=2)


def _count(number: object, noun: str) -> str:
    """ "3 tasks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _state(state: str) -> Text:
    return Text(state, _STATES.get(state, ""))


def _cost(line: JobView) -> str:
    """ "12.40 of 50", or nothing where nothing costs."""
    if not line.cost_micros and line.budget_micros is None:
        return ""
    spent = f"{line.cost_micros / 1e6:.2f}"
    return spent if line.budget_micros is None else f"{spent} of {line.budget_micros / 1e6:.2f}"


def as_json(items: Sequence[object]) -> str:
    """A list of the service's values as a JSON document."""
    return json.dumps([asdict(item) for item in items], indent=2, default=_plain)  # pyright: ignore[reportArgumentType]


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, Fraction | Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not for JSON")


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=any(titles))
    for title in titles:
        right = title in {"length", "score", "to run", "there", "size", "overscan"}
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    return table
