"""A message as Slack shows it: blocks, and one line of text where there is no room for them.

    Message ──▶ {text, blocks: [header, what happened, facts, what to do]}

Words of people and of the machine are escaped (&, <, >), and nothing of them becomes a link, a mention or a channel:
`verbatim` keeps Slack from looking for any, and an invisible joiner after each @ keeps its look-alikes from it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from pydantic import JsonValue

from farm.notify.message import TEST, Message
from farm.printable import one_line, shortened
from farm.webhook import Event

Block: TypeAlias = dict[str, JsonValue]

TITLES: Mapping[str, str] = {
    Event.JOB_DONE: "Job done",
    Event.JOB_FAILED: "Job ended, shots missing",
    Event.SHOT_FAILED: "Shot failed",
    Event.SHOT_HELD: "Choose a take",
    Event.BUDGET_REACHED: "Budget reached",
    TEST: "Test message",
}
"""Our own words only: a header is shown as it is."""
LONGEST = 600
"""Letters of a text: escaped it is at most five times as long, and Slack takes 3,000."""
LONGEST_FACT = 300
WORD_JOINER = "\u2060"


def slack(message: Message) -> dict[str, JsonValue]:
    """What is sent."""
    blocks: list[JsonValue] = [*_blocks(message)]
    return {"text": _line(message), "parse": "none", "link_names": False, "unfurl_links": False, "blocks": blocks}


def escaped(words: str, longest: int = LONGEST) -> str:
    """Words as mrkdwn that says just them: on one line, not too long, without any power."""
    short = shortened(one_line(words), longest)
    plain = short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("@", f"@{WORD_JOINER}")


def _line(message: Message) -> str:
    where = ": ".join(escaped(part, LONGEST_FACT) for part in (message.project, message.shot) if part)
    said = f"{TITLES[message.event]}: {escaped(message.message)}"
    return f"{where}: {said}" if where else said


def _blocks(message: Message) -> Iterator[Block]:
    yield {"type": "header", "text": {"type": "plain_text", "text": TITLES[message.event], "emoji": False}}
    subject = f"*{escaped(message.shot, LONGEST_FACT)}*  " if message.shot else ""
    yield _section(f"{subject}{escaped(message.message)}")
    if facts := [*_facts(message)]:
        yield {"type": "section", "fields": [_mrkdwn(f"*{name}*\n{value}") for name, value in facts]}
    if message.remedy:
        yield _section(f"`{escaped(message.remedy.replace('`', chr(39)))}`")
    yield {"type": "context", "elements": [_mrkdwn(f"{escaped(message.farm)} · {message.time:%Y-%m-%d %H:%M} UTC")]}


def _facts(message: Message) -> Iterator[tuple[str, str]]:
    if message.project:
        yield "Project", escaped(message.project, LONGEST_FACT)
    if message.job:
        by = f" (by {message.job.principal})" if message.job.principal else ""
        yield "Job", escaped(f"{message.job.id}{by}", LONGEST_FACT)
    if message.counts:
        yield "Tasks", escaped(", ".join(f"{count} {state}" for state, count in message.counts.items()), LONGEST_FACT)
    if message.cost.spent_micros or message.cost.budget_micros is not None:
        yield "Cost", _money(message)
    if message.links.report_url:
        yield "Report", escaped(message.links.report_url, LONGEST_FACT)


def _money(message: Message) -> str:
    spent, budget = message.cost.spent_micros, message.cost.budget_micros
    return f"{spent / 1e6:.2f}" + ("" if budget is None else f" of {budget / 1e6:.2f}")


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
