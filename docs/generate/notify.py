"""What webhooks are told: events, the fields of a message, its JSON Schema, a day of tries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from .markdown import attribute_docs, code, table


def webhook_events() -> str:
    from farm.webhook import Event

    docs = attribute_docs(Event)
    return table(("event", "when"), ((code(event.value), docs[event.name]) for event in Event))


def webhook_message() -> str:
    from farm.notify.message import Message

    return table(("field", "what it is"), _fields(Message))


def _fields(owner: type[BaseModel], above: str = "") -> Iterator[tuple[str, str]]:
    docs = attribute_docs(owner)
    for name, field in owner.model_fields.items():
        part = next((each for each in _parts(field.annotation) if issubclass(each, BaseModel)), None)
        if part:
            yield code(f"{above}{name}"), docs.get(name) or (part.__doc__ or "").strip()
            yield from _fields(part, f"{above}{name}.")
        else:
            yield code(f"{above}{name}"), docs[name]


def _parts(annotation: Any) -> list[type]:
    return [each for each in (annotation, *get_args(annotation)) if isinstance(each, type)]


def webhook_schema() -> str:
    from farm.notify.message import Message

    return f"```json\n{json.dumps(_bare(Message.model_json_schema(mode='serialization')), indent=1)}\n```"


def _bare(schema: Any) -> Any:
    """Without what repeats the table above; "or null" in one word."""
    if isinstance(schema, list):
        return [_bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _bare(value) for key, value in schema.items() if key not in {"title", "description", "default"}}
    types = [each.get("type") for each in kept.get("anyOf", [])]
    return {"type": types} if types and all(types) else kept


def webhook_example() -> str:
    from farm.notify.message import CostPart, JobPart, Message, at
    from farm.webhook import Event

    message = Message(
        event=Event.SHOT_HELD,
        id="msg_8f0a5d7c1be24c05a9b3d2f4e6071829",
        time=at(1_772_460_300_000_000),
        farm="/mnt/renders",
        project="lake",
        job=JobPart(id="lake-3f2a10", name="lake", state="active", principal="mia@studio"),
        shot="sh020",
        message="waits for a choice between takes 1 and 2",
        remedy="farm approve lake-3f2a10 sh020 TAKE --out /mnt/renders",
        counts={"done": 9},
        cost=CostPart(spent_micros=12_500_000, budget_micros=50_000_000),
    )
    return f"```json\n{message.model_dump_json(indent=2)}\n```"


def webhook_answers() -> str:
    from farm.notify import schedule

    answers = (
        ("2xx", "delivered"),
        (", ".join(map(str, sorted(schedule.REFUSED))), f"given up at try {schedule.REFUSED_TRIES}"),
        (str(schedule.GONE), "given up with everything that waits; nothing more until the driver starts anew"),
        ("anything else, or nothing within 10 s", _later()),
    )
    return table(("answer", "what follows"), answers)


def _later() -> str:
    from farm.notify.schedule import FIRST_PAUSE_S, GIVE_UP_AFTER_S, LONGEST_PAUSE_S, PAUSE_GROWTH

    first = ", ".join(f"{FIRST_PAUSE_S * PAUSE_GROWTH**tries} s" for tries in range(4))
    hours, minutes = GIVE_UP_AFTER_S // 3600, LONGEST_PAUSE_S // 60
    return f"tried again after {first} … at most {minutes} minutes apart, for {hours} hours, then given up"
