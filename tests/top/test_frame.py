"""What is drawn of an overview: every line fits, and says what it should."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from farms import NOW_US, busy, busy_document, busy_lines, chain, job_line, lane, node, pulse, stuck
from rich.cells import cell_len
from rich.console import Console

from farm.overview.reader import Seen
from farm.scheduler.waits import WaitReason
from farm.store.records import JobState, Request, Verb
from farm.top.frame import KEYS, Look, frame
from farm.top.words import REASONS

EMPTY = Seen(NOW_US, pulse({}))
NOBODY = replace(busy(), pulse=pulse(busy_document(), age_s=700))
FARMS = {"busy": busy(), "stuck": stuck(), "empty": EMPTY, "nobody": NOBODY, "never": Seen(NOW_US)}
SIZES = [(80, 24), (120, 40), (200, 60), (300, 90), (40, 10), (20, 5), (7, 3), (1, 1)]

HOSTILE = {
    "escape": "\x1b[2J\x1b[1;1Howned\x07",
    "new lines": "one\r\ntwo\x0b\x85\u2028three",
    "turned": "\u202egnp.tohs\u202c",
    "wide": "鲁迅的影子与湖" * 12,
    "long": "x" * 400,
    "markup": "[red]not red[/red] [link=file:///etc/passwd]x[/link]",
    "joined": "👩\u200d🎨e\u0301",
    "zero": "nul\x00l",
    "surrogate": "\ud800",
}


def said(lines: list[str]) -> str:
    return "\n".join(lines)


@pytest.mark.parametrize(("width", "height"), SIZES, ids=str)
@pytest.mark.parametrize("name", FARMS)
def test_a_frame_fills_its_screen_and_no_more(see, draw, name, width, height):
    for look in (None, Look(), Look(selected="storm-seq040-9b1c2d", message="pause?")):
        lines = draw(see(FARMS[name]), width, height, look)
        assert len(lines) == height
        assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [80, 132, 200])
def test_a_picture_for_a_log_has_everything_and_no_blanks_at_the_ends(see, draw, width):
    lines = draw(see(busy()), width, None)
    assert all(line == line.rstrip() for line in lines)
    words = said(lines)
    assert all(line.id in words for line in busy_lines())
    assert all(name["name"] in words for name in busy_document()["lanes"])
    assert "more" not in words
    assert KEYS not in words


def test_a_busy_farm_at_a_usual_size(see, draw):
    words = said(draw(see(busy()), 120, 44))
    assert "driven by process 4711 on render-head · heard 1 s ago" in words
    assert "84.0 tasks/min   18.5 takes/min   0.40 failed/min   oldest waits 22 min   96.4 cost/h" in words
    for sentence in (
        "blocked on spot-03: 3 attempts crashed there that came out elsewhere",
        "backs off for another 38 s: the provider says: 429, too many requests",
        "gpu-03 is kept free for ltx-2-19b@4x2",
        "4 up, 1 draining, 1 lost",
        "other projects' turn on the workers",
    ):
        assert sentence in words
    assert "spot-02 is draining, goes at" in words
    assert "(in 4 min); 4 workers still there" in words


def test_a_wide_screen_shows_what_waits_beside_the_lanes(see, draw):
    lines = draw(see(busy()), 200, 60)
    (head,) = (line for line in lines if line.startswith("LANES"))
    assert "WAITING FOR" in head
    assert "188 capacity, 24 model loading" in said(lines)


@pytest.mark.parametrize(("width", "beside"), [(149, False), (150, True)])
def test_sections_stand_beside_each_other_from_a_width_on(see, draw, width, beside):
    assert any("LANES" in line and "WAITING FOR" in line for line in draw(see(busy()), width, 60)) is beside


def test_a_stuck_farm_says_first_what_no_machine_can_run(see, draw):
    lines = draw(see(stuck()), 80, 24)
    reasons = [line for line in lines if "which means" in line or any(words in line for words in REASONS.values())]
    assert reasons[1].split() == ["no", "capable", "worker", "284", *reasons[1].split()[4:]]
    assert "2.0 failed/min" in said(lines)


def test_no_driver_says_since_when_and_promises_no_times(see, draw):
    lines = draw(see(NOBODY))
    assert "nobody drives since" in lines[1]
    assert "farm up, or farm drive, brings one" in lines[1]
    assert "LANES" not in said(lines)
    assert all(
        line.rstrip().endswith(("-", "done in")) or " at " in line for line in lines if "━" in line or "JOBS" in line
    )


def test_a_driver_that_never_was_and_requests_that_wait_for_one(see, draw):
    asked = Request(id="r", verb=Verb.PAUSE, principal="ann", at_us=NOW_US)
    lines = draw(see(Seen(NOW_US, pending=(asked, replace(asked, id="s")))), 120)
    assert "no driver has run here yet" in lines[1]
    assert "2 requests waiting for an answer" in lines[1]


def test_a_driver_that_left_in_order_does_not_lead(see, draw):
    assert "nobody drives since" in draw(see(Seen(NOW_US, pulse(busy_document(), leader=""))))[1]


def test_a_store_that_is_away_is_said_and_the_last_picture_stays(see, draw):
    lines = draw(see(busy(), "the server starts up (try again)"), 120, 40)
    assert "the job store cannot be read; this is the farm 0 s ago" in lines[1]
    assert "the server starts up (try again)" in lines[2]
    assert "LANES" in said(lines)


@pytest.mark.parametrize("seen", [EMPTY, Seen(NOW_US)], ids=["driven", "not driven"])
def test_an_empty_farm_says_how_to_hand_something_in(see, draw, seen):
    assert "no jobs at work (farm submit LIST --out s3://studio/renders hands one in)" in said(draw(see(seen)))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (40, 12)], ids=str)
def test_names_can_be_anything(see, draw, name, width, height):
    bad = HOSTILE[name]
    document = {
        "waits": {bad: {"share": 3, bad: 2}},
        "lanes": [lane(bad, busy=1, backoff_until_us=NOW_US + 1, backoff=bad, blocked={bad: bad}, on_trial={bad: bad})],
        "nodes": [node(bad, bad, 2, 1, state=bad, reserved_for=bad)],
    }
    line = job_line(bad, bad, chain(3, 2, 3, 1), principal=bad, message=bad)
    view = see(Seen(NOW_US, pulse(document, leader=bad), (line,)), trouble="", out=bad)
    for shown in (view, view.model_copy(update={"trouble": bad})):
        lines = draw(shown, width, height, Look(selected=bad, message=bad))
        assert len(lines) == height
        assert max(map(cell_len, lines)) <= width
        assert all(sign.isprintable() for text in lines for sign in text)


def test_two_hundred_jobs_scroll_with_the_selected_one(see, draw):
    lines = tuple(job_line(f"job-{n:03d}", tasks=chain(4, 2, 3, 1), created_us=n) for n in range(200))
    view = see(Seen(NOW_US, pulse(busy_document()), lines))
    for place in (0, 1, 7, 99, 198, 199):
        shown = [
            line.split()[0] for line in draw(view, 80, 24, Look(selected=f"job-{place:03d}")) if line.startswith("job-")
        ]
        assert f"job-{place:03d}" in shown[:-1], place  # the last is the line below the table
        numbers = [int(name.removeprefix("job-")) for name in shown[:-1]]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert "and 19" in said(draw(view, 80, 24, Look()))


def test_the_selected_job_is_told_in_full(see, draw):
    look = Look(selected="harbour-tests-846e11")
    *_, about, waits, keys = draw(see(busy()), 120, 40, look)
    assert about.startswith("harbour-tests-846e11 of harbour · ")
    assert "cost 4.91 of 5.00" in about
    assert waits.startswith("waits for 31 limit (at a limit: GPUs at once, or cost)")
    assert keys.startswith("q quit")


def test_why_a_job_failed_is_told(see, draw):
    lines = draw(see(busy()), 120, 40, Look(selected="storm-bad-c0ffee"))
    assert "2 of 6 shots have no clip: sh030, sh050" in lines[-2]


def test_a_question_stands_where_the_keys_were(see, draw):
    assert draw(see(busy()), 80, 24, Look(message="pause x? y for yes"))[-1].startswith("pause x? y for yes")


def test_jobs_stand_in_the_order_in_which_they_may_run(see):
    found = [line.job.id for line in see(busy()).jobs]
    assert found[0] == "lake-draft-00113e"  # urgent
    assert found[-3:] == ["night-442753", "lake-anim-5f0c11", "storm-bad-c0ffee"]  # held, then ended, the latest first


def test_every_reason_there_is_has_words_of_its_own():
    assert set(REASONS) == {*WaitReason, "choice"}
    assert len(set(REASONS.values())) == len(REASONS)


@pytest.mark.parametrize("colours", [None, "standard", "256", "truecolor"])
def test_colours_change_no_letter(see, colours):
    console = Console(file=io.StringIO(), width=120, color_system=colours, record=True, force_terminal=bool(colours))
    console.print(frame(see(busy()), 120, 40))
    plain = Console(file=io.StringIO(), width=120, color_system=None)
    plain.print(frame(see(busy()), 120, 40))
    assert console.export_text() == plain.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    assert ("\x1b[" in console.file.getvalue()) is bool(colours)  # pyright: ignore[reportAttributeAccessIssue]


def test_without_colours_busy_loading_and_idle_still_differ(see, draw):
    (line,) = (line for line in draw(see(busy()), 120, 40) if line.startswith("wan-14b"))
    assert [line.count(sign) for sign in "█▒░"] == [20, 3, 1]


def test_a_lane_with_few_workers_has_a_cell_for_each(see, draw):
    document = {"lanes": [lane("small", busy=2, idle=3, starting=1)]}
    (line,) = (line for line in draw(see(Seen(NOW_US, pulse(document)))) if line.startswith("small"))
    assert line.split()[1] == "██▒░░░"


def test_a_held_job_waits_for_nobody_else(see, draw):
    lines = (job_line("one", state=JobState.HELD, tasks=chain(2, 1, 0, 0)), job_line("two", state=JobState.PAUSED))
    words = said(draw(see(Seen(NOW_US, pulse({"waits": {"one": {"held": 4}}}), lines)), 160, 40))
    assert "4 held" in words
    assert "paused" in words
