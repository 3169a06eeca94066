"""Webhooks as they are written in the settings."""

from __future__ import annotations

import pytest

from farm.changes import NoticeKind
from farm.config import load_config
from farm.errors import DocumentError
from farm.webhook import Event, Format, Webhook

GOOD = """\
webhooks:
  - url: https://ci.studio.example/farm?x=1
    secret: [FARM_HOOK_NEW, FARM_HOOK]
    events: [job.done, job.failed]
    projects: [lake, storm]
  - {url: "https://hooks.slack.com/services/T/B/x", format: slack, name: team, events: "shot.held, shot.failed"}
"""


def test_webhooks_of_a_settings_file(write) -> None:
    first, second = load_config({"FARM_CONFIG": str(write("config.yaml", GOOD))}).webhooks
    assert first == Webhook(
        url="https://ci.studio.example/farm?x=1",
        secret=("FARM_HOOK_NEW", "FARM_HOOK"),
        events=(Event.JOB_DONE, Event.JOB_FAILED),
        projects=("lake", "storm"),
    )
    assert (first.called, first.format) == ("ci.studio.example", Format.SIGNED)
    assert (second.called, second.format, second.secret) == ("team", Format.SLACK, ())
    assert second.events == (Event.SHOT_HELD, Event.SHOT_FAILED)


URL = 'column "webhooks[0].url": this URL cannot be used'
REMEDY = "(write https://host/path)"
NAMED = "(write name: and what it is called)"
NO_VARIABLE = "a secret is named by its environment variable, and this is no such name"
NAME_IT = "write secret: and the environment variable that holds it, or format: slack"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("url: ftp://x/y", f'{URL}: its scheme is "ftp", and only http and https are known {REMEDY}'),
        ("url: x/y", f"{URL}: no scheme {REMEDY}"),
        ("url: 'https://'", f"{URL}: it names no host {REMEDY}"),
        ("url: 'https://u:geheim@x/'", f"{URL}: it holds a user or a password {REMEDY}"),
        ("url: 'https://x/#y'", f"{URL}: it ends in a fragment (#...) {REMEDY}"),
        ("url: 'https://x y/'", f"{URL}: it holds a blank, or a letter that is not ASCII {REMEDY}"),
        ("url: 'https://x:0/'", f"{URL}: its port is 0 {REMEDY}"),
        ("url: 'https://x:99999/'", f"{URL}: Port out of range 0-65535 {REMEDY}"),
        (
            "url: https://x/, secret: A, events: [job.dun]",
            'column "webhooks[0].events": "job.dun" is not known here (did you mean "job.done"?)',
        ),
        (
            "url: https://x/, secret: A, format: slacks",
            'column "webhooks[0].format": "slacks" is not known here (did you mean "slack"?)',
        ),
        (
            "url: https://x/, secret: whsec_geheim=",
            f'column "webhooks[0].secret": {NO_VARIABLE} (write FARM_HOOK_SECRET)',
        ),
        (
            "url: https://x/, sekret: A",
            'column "webhooks[0].sekret": "sekret" is not known here (did you mean "secret"?)',
        ),
        ("url: $geheim-x, name: a", f"{URL}: no scheme {REMEDY}"),
        (
            "url: $FARM_SLACK_URL, format: slack",
            f'column "webhooks[0]": a webhook whose URL stands in a variable needs a name {NAMED}',
        ),
        ("secret: A", 'column "webhooks[0]": a webhook needs a URL (write url: https://host/path)'),
        (
            "url: https://x/",
            f'column "webhooks[0]": webhook x has no secret to sign with ({NAME_IT})',
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_with_its_line_and_without_what_may_be_secret(write, written, message) -> None:
    with pytest.raises(DocumentError) as caught:
        load_config({"FARM_CONFIG": str(write("config.yaml", f"webhooks:\n  - {{{written}}}\n"))})
    assert [str(finding) for finding in caught.value.findings] == [f"config.yaml:2 {message}"]
    assert "geheim" not in str(caught.value)


def test_two_webhooks_of_one_host_need_names(write) -> None:
    lines = "webhooks:\n" + "".join(f"  - {{url: 'https://h/{path}', format: slack}}\n" for path in "ab")
    with pytest.raises(DocumentError) as caught:
        load_config({"FARM_CONFIG": str(write("config.yaml", lines))})
    assert [str(finding) for finding in caught.value.findings] == [
        f'config.yaml:{line} column "webhooks[{line - 2}]": 2 webhooks are called h (give each a name: of its own)'
        for line in (2, 3)
    ]


def test_every_kind_of_notice_is_an_event() -> None:
    assert {kind.value for kind in NoticeKind} < {event.value for event in Event}
