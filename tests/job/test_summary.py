"""The account of a job, its published names, and its report."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from itertools import count

import pytest

from farm.config import Project
from farm.liveplan import LivePlan
from farm.publish import Publisher
from farm.report import html
from farm.shots.model import Select
from farm.store.clips import ClipStore
from farm.summary import summarise
from farm.tasks import StoredFile

NAMES = count()


class Versions:
    """Allocates like the job store: the same content, the same number."""

    def __init__(self) -> None:
        self.given: dict[tuple[str, str, str], dict[str, int]] = {}

    def __call__(self, project: str, subject: str, product: str, content: str, taken=lambda number: False) -> int:
        given = self.given.setdefault((project, subject, product), {})
        if content not in given:
            given[content] = next(n for n in count(max(given.values(), default=0) + 1) if not taken(n))
        return given[content]


@pytest.fixture
def publisher_of():
    versions, clips = Versions(), ClipStore(f"memory://publish-{next(NAMES)}")
    return lambda asked: Publisher(asked.shot_list, Project(), clips, versions)


def finished(asked, play_all, failures=None):
    live = LivePlan(asked, play_all(asked, failures))
    list(live.begin())
    return live


def account(asked, play_all, publisher_of, failures=None):
    return summarise(finished(asked, play_all, failures), publisher_of(asked), "/out", 0)


def test_products_have_the_studios_names(brief, shot, play_all, publisher_of):
    summary = account(brief(shot("sh010")), play_all, publisher_of)
    assert summary.shots[0].clips == {"review": "publish/demo/sq010/sh010/review/v001/demo_sq010_sh010_review_v001.mp4"}
    assert summary.animatic == "publish/demo/shots/animatic/v001/demo_shots_animatic_v001.mp4"
    assert summary.timeline.endswith("demo_shots_animatic_v001.otio")


def test_new_content_gets_a_new_version_and_the_same_content_keeps_its_own(brief, shot, play_all, publisher_of):
    first = brief(shot("sh010"), shot("sh020"))
    publisher = publisher_of(first)
    before = summarise(finished(first, play_all), publisher, "/out", 0)
    changed = brief(shot("sh010", prompt="slow pan left"), shot("sh020"))
    after = summarise(finished(changed, play_all), publisher, "/out", 0)
    assert "v002" in after.shots[0].clips["review"]
    assert after.shots[1].clips == before.shots[1].clips
    assert "v002" in after.animatic


def test_publishing_links_once_and_again_without_effect(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"))
    publisher, live = publisher_of(asked), finished(asked, play_all)
    task = live.plan.shots[0].deliver[0]
    manifest = live.known[task.id].manifest
    publisher.clips.put_bytes(manifest.files["clip"].key, b"m")
    keys = [publisher.publish(task, manifest)["clip"] for _ in range(2)]
    assert keys[0] == keys[1]
    assert publisher.clips.read_bytes(keys[0]) == b"m"


def test_a_published_file_that_was_damaged_is_linked_again(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"))
    publisher, live = publisher_of(asked), finished(asked, play_all)
    task = live.plan.shots[0].deliver[0]
    manifest = live.known[task.id].manifest
    publisher.clips.put_bytes(manifest.files["clip"].key, b"m")
    key = publisher.publish(task, manifest)["clip"]
    publisher.clips.delete(key)
    publisher.clips.put_bytes(key, b"junk")
    assert publisher.publish(task, manifest)["clip"] == key
    assert publisher.clips.read_bytes(key) == b"m"


def test_media_is_named_relative_to_the_timeline(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"))
    publisher, live = publisher_of(asked), finished(asked, play_all)
    task = live.plan.shots[0].deliver[0]
    timeline = publisher.keys(live.plan.assemble, live.known[live.plan.assemble.id].manifest)["timeline"]
    manifest = live.known[task.id].manifest
    found = posixpath.normpath(posixpath.join(posixpath.dirname(timeline), publisher.media(task, manifest)))
    assert found == publisher.keys(task, manifest)["clip"]


def test_a_number_that_an_older_job_store_gave_out_is_not_given_again(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"))
    publisher, live = publisher_of(asked), finished(asked, play_all)
    task = live.plan.shots[0].deliver[0]
    manifest = live.known[task.id].manifest
    publisher.clips.put_bytes(manifest.files["clip"].key, b"n")
    publisher.clips.put_bytes("publish/demo/sq010/sh010/review/v001/demo_sq010_sh010_review_v001.mp4", b"an older clip")
    key = publisher.publish(task, manifest)["clip"]
    assert key.endswith("_v002.mp4")
    assert publisher.clips.read_bytes(key) == b"n"


def test_every_frame_of_a_sequence_is_published_under_its_number(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010", targets=("png",)))
    publisher, live = publisher_of(asked), finished(asked, play_all)
    task = live.plan.shots[0].deliver[0]
    files = {
        f"frame_{number}": StoredFile(key=f"{task.id}/clip.{number}.png", size=1, sha256="", file_class="deliverable")
        for number in (9999, 10000)
    }
    manifest = live.known[task.id].manifest.model_copy(update={"files": files})
    stem = "publish/demo/sq010/sh010/png/v001/demo_sq010_sh010_png_v001"
    assert publisher.keys(task, manifest) == {"frame_9999": f"{stem}.9999.png", "frame_10000": f"{stem}.10000.png"}
    assert publisher.media(task, manifest).endswith(".9999.png")


def test_the_timeline_refers_to_what_an_editor_can_cut_with(brief, shot, play_all):
    media = {}

    def told(task, manifest):
        media[task.shot] = task.params["product"]
        return task.params["product"]

    asked = brief(
        shot("sh010", targets=("gif", "reels", "prores-hq", "review")), shot("sh020", targets=("gif",)), media=told
    )
    live = LivePlan(asked, play_all(asked))
    list(live.begin())
    assert live.plan.assemble is not None
    assert media == {"sh010": "prores-hq", "sh020": "gif"}


def test_every_shot_says_what_became_of_it(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"), shot("sh020"), refused={"sh020": "no such file"})
    summary = account(asked, play_all, publisher_of, {"generate sh010 take 1": "no paint"})
    good, bad = summary.shots
    assert (good.state, good.chosen.number, good.takes[0].message) == ("done", 2, "no paint")
    assert (bad.state, bad.reason, bad.chosen) == ("failed", "no such file", None)
    assert [shot.code for shot in summary.failed] == ["sh020"]
    assert summary.finished


def test_what_is_under_way_is_unfinished(brief, shot, publisher_of):
    asked = brief(shot("sh010"))
    live = LivePlan(asked, {})
    list(live.begin())
    summary = summarise(live, publisher_of(asked), "/out", 0)
    assert summary.shots[0].state == "unfinished"
    assert not summary.finished


def test_new_and_reused_takes_are_told_apart(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"))
    live = finished(asked, play_all)
    first, second = (take.generate.id for take in live.plan.shots[0].takes)
    for task, ended_us in ((first, 5), (second, 15)):
        said = live.known[task]
        live.known[task] = replace(said, manifest=said.manifest.model_copy(update={"ended_us": ended_us}))
    summary = summarise(live, publisher_of(asked), "/out", 10)
    assert (summary.rendered, summary.reused) == (1, 1)


def test_takes_carry_what_their_score_is_made_of(brief, shot, play_all, publisher_of, end):
    asked = brief(shot("sh010"))
    live = finished(asked, play_all)
    first = live.plan.shots[0].takes[0]
    components = {"motion": 0.4, "flicker": 1.0}
    live.known[first.score.id] = end(
        first.score,
        total=70.0,
        passed=False,
        why="fails",
        components=components,
        gates={"moves": False, "no_cut": True},
    )
    take = summarise(live, publisher_of(asked), "/out", 0).shots[0].takes[0]
    assert (take.components, take.failed_gates, take.score, take.passed) == (components, ("moves",), 70.0, False)
    assert (take.width, take.height, take.frames, take.rate) == (640, 360, 48, "24")
    assert take.score_file == f"{first.score.id}/score"


def test_what_a_take_cost_is_what_the_books_say(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"))
    live = finished(asked, play_all)
    first, second = live.plan.shots[0].takes
    said = live.known[second.generate.id]
    manifest = said.manifest.model_copy(update={"facts": {"cost_micros": 30}})
    live.known[second.generate.id] = replace(said, manifest=manifest)
    summary = summarise(live, publisher_of(asked), "/out", 0, costs={first.generate.id: 1200})
    assert [take.cost_micros for take in summary.shots[0].takes] == [1200, 30]
    assert summary.cost_micros == 1230


def test_a_shot_on_hold_names_the_command_that_chooses(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010", select=Select.HOLD))
    live = finished(asked, play_all)
    (held,) = summarise(live, publisher_of(asked), "/my out", 0, job="shots-1a").shots
    assert (held.state, held.needs_attention) == ("held", True)
    assert [remedy.command for remedy in held.remedies] == ["farm approve shots-1a sh010 1 --out '/my out'"]
    assert [take.approve for take in held.takes] == [
        f"farm approve shots-1a sh010 {number} --out '/my out'" for number in (1, 2)
    ]


def test_a_failed_shot_says_what_can_be_done(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"), shot("sh020"), shot("sh030"), refused={"sh030": "no such file"})
    failures = {"deliver sh010 take 1": "disk full", **{f"generate sh020 take {n}": "no paint" for n in (1, 2)}}
    summary = summarise(finished(asked, play_all, failures), publisher_of(asked), "/out", 0, job="shots-1a")
    commands = [[remedy.command for remedy in each.remedies] for each in summary.shots]
    assert commands == [
        ["farm approve shots-1a sh010 2 --out /out", "farm retry shots-1a --shot sh010 --out /out"],
        ["farm retry shots-1a --shot sh020 --out /out", ""],
        [""],
    ]
    assert "shots.csv" in summary.shots[2].remedies[0].words
    assert summary.shots[0].takes[0].approve == "", "it is the one that was picked"


def test_without_a_job_there_are_no_commands(brief, shot, play_all, publisher_of):
    summary = account(brief(shot("sh010", select=Select.HOLD)), play_all, publisher_of)
    assert {take.approve for take in summary.shots[0].takes} == {""}


def test_the_comparison_has_the_studios_name(brief, shot, play_all, publisher_of):
    summary = account(brief(shot("sh010")), play_all, publisher_of)
    folder = "publish/demo/sq010/sh010/takes/v001/demo_sq010_sh010_takes_v001"
    assert (summary.shots[0].comparison, summary.shots[0].takes_sheet) == (
        f"{folder}_side-by-side.mp4",
        f"{folder}_contact-sheet.jpg",
    )


def test_a_comparison_that_failed_is_a_note(brief, shot, play_all, publisher_of):
    summary = account(brief(shot("sh010")), play_all, publisher_of, {"compare sh010": "no space left"})
    assert (summary.shots[0].state, summary.shots[0].comparison) == ("done", "")
    assert "its takes are not compared: no space left" in summary.shots[0].notes


def test_sheets_of_sequences_are_published_under_their_names(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"), shot("sh020", sequence="Die Höhle"))
    live = finished(asked, play_all)
    assembly = live.plan.assemble
    said = live.known[assembly.id]
    more = {f"sheet_{number}": said.manifest.files["movie"] for number in (1, 2)}
    live.known[assembly.id] = replace(
        said, manifest=said.manifest.model_copy(update={"files": {**said.manifest.files, **more}})
    )
    summary = summarise(live, publisher_of(asked), "/out", 0)
    name = "publish/demo/shots/animatic/v001/demo_shots_animatic_v001_contact-sheet"
    assert summary.sheets == {"sq010": f"{name}_sq010.jpg", "Die Höhle": f"{name}_Die_Höhle.jpg"}


def test_the_same_results_of_another_job_are_the_same_content(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010", select=Select.HOLD), shot("sh020"))
    publisher, live = publisher_of(asked), finished(asked, play_all)
    one, two = (summarise(live, publisher, "/out", since, job=job) for since, job in ((0, "shots-1a"), (9, "shots-2b")))
    assert one != two
    assert one.content() == two.content()


def test_hostile_words_are_shown_and_not_run(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010", prompt='<script>alert("x")</script> & "quotes"'))
    page = html(account(asked, play_all, publisher_of), "publish/demo/shots/report/v001/r.html")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_links_lead_from_the_report_to_the_files(brief, shot, play_all, publisher_of):
    summary = account(brief(shot("sh010"), shot("sh020")), play_all, publisher_of)
    folder = "publish/demo/shots/report/v001"
    page = html(summary, f"{folder}/r.html")
    linked = {posixpath.normpath(posixpath.join(folder, url)) for url in re.findall(r'(?:src|href)="([^"#]+)"', page)}
    assert {summary.animatic, summary.timeline, summary.contact_sheet} <= linked
    assert {take.proxy for shot_ in summary.shots for take in shot_.takes} <= linked


def test_a_failed_shot_stands_in_the_report_with_its_reason(brief, shot, play_all, publisher_of):
    asked = brief(shot("sh010"), shot("sh020"), refused={"sh020": "shots.csv:3: no such file"})
    page = html(account(asked, play_all, publisher_of), "publish/r.html")
    assert "shots.csv:3: no such file" in page
    assert "without a clip" in page
