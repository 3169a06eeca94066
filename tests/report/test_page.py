"""The page as markup: everything is there, links lead to the files, and no word of a list is more than a word."""

from __future__ import annotations

import base64
import hashlib
import posixpath
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from farm.report import html
from farm.report.meanings import MEANINGS
from farm.report.words import clock, money
from farm.scoring.scales import SCALES

KEY = "publish/demo/shots/report/v001/report.html"
HOSTILE = (
    '<script>alert("x")</script>',
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); '",
    "</style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202eevil\x00\ufffe &amp; &lt;b&gt;",
)


@dataclass
class Page(HTMLParser):
    """A page, parsed: elements with their attributes, and text by element."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)

    def __post_init__(self):
        HTMLParser.__init__(self, convert_charrefs=True)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "input", "br", "link", "hr"}:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self.stack[-1] if self.stack else "", []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def links(self):
        """Every file it names, as a key."""
        urls = [attributes.get(name) for _, attributes in self.elements for name in ("href", "src", "data-proxy")]
        folder = posixpath.dirname(KEY)
        return {
            posixpath.normpath(posixpath.join(folder, unquote(url))) for url in urls if url and not url.startswith("#")
        }

    @property
    def words(self):
        return " ".join(" ".join(each) for tag, each in self.texts.items() if tag not in {"style", "script"})


def parsed(summary):
    page = Page()
    page.feed(html(summary, KEY))
    page.close()
    assert page.stack == [], "everything that was opened is closed"
    return page


def policy(page):
    (found,) = (meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    return dict(part.split(" ", 1) for part in found.split("; "))


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_every_file_is_linked(job, shot):
    summary = job(shot("sh010", files={"review sidecar": "publish/demo/x.c2pa"}), sheets={"sq010": "publish/s.jpg"})
    links = parsed(summary).links
    one = summary.shots[0]
    assert set(summary.files.values()) | set(summary.sheets.values()) <= links
    assert {one.comparison, one.takes_sheet, *one.clips.values(), *one.files.values()} <= links
    for take in one.takes:
        assert {take.proxy, take.poster, take.mezzanine, take.score_file} <= links


def test_nothing_it_needs_lies_elsewhere(job, shot):
    page = parsed(job(shot("sh010")))
    urls = [attributes.get(name) for _, attributes in page.elements for name in ("src", "href", "srcset", "action")]
    assert not [url for url in urls if url and (":" in url or url.startswith("//"))]
    assert not page.all("link")
    assert not page.all("iframe")


def test_the_policy_lets_its_own_script_and_style_run_and_no_others(job, shot):
    page = parsed(job(shot("sh010")))
    rules = policy(page)
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == digest("".join(page.texts["script"]))
    assert rules["style-src"] == digest("".join(page.texts["style"]))
    assert not {"connect-src", "font-src", "frame-src"} & rules.keys(), "what is not named is forbidden"
    assert not [attributes for _, attributes in page.elements if any(name.startswith("on") for name in attributes)]
    assert not [attributes for _, attributes in page.elements if "style" in attributes], "the policy would ignore it"


def everywhere(words, job, shot, take):
    """A job in which everything that people, models and errors say is `words`."""
    wild = take(1, model=words, label=words, why=words, message=words, approve=words, components={words: 0.5})
    shown = shot(
        words,
        sequence=words,
        row=words,
        prompt=words,
        reason=words,
        state="failed",
        notes=(words,),
        takes=(wild, take(2)),
        clips={words: "publish/x.mp4"},
        remedies=({"words": words, "command": words},),
        last_words=({"label": words, "lines": (words, words), "command": words},),
    )
    about = {"project": words, "name": words, "message": words, "warnings": (words,), "sheets": {words: "x.jpg"}}
    return job(shown, shot("sh020"), **about)


@pytest.mark.parametrize("words", HOSTILE)
def test_words_stay_words_wherever_they_stand(job, shot, take, words):
    page, plain = (parsed(everywhere(each, job, shot, take)) for each in (words, "plain words"))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert [list(attributes) for _, attributes in page.elements] == [list(each) for _, each in plain.elements]
    assert policy(page) == policy(plain), "no word has reached the script"
    shown = {section["data-code"] for section in page.all("section") if "data-code" in section}
    if "\x00" not in words:  # which no parser keeps
        assert page.words.count(words) >= 10
        assert shown == {words, "sh020"}


def test_what_failed_says_how_its_log_ended_and_where_all_of_it_is(job, shot):
    words = {
        "label": "generate sh010 take 2, attempt 3",
        "lines": ("loaded", "KeyError: 'x'"),
        "command": "farm logs 5516b0ed",
    }
    page = parsed(job(shot("sh010", state="failed", last_words=(words, {**words, "lines": ()}))))
    assert page.texts["pre"] == ["loaded\nKeyError: 'x'"]
    assert "farm logs 5516b0ed" in page.texts["code"]
    said = [text for text in page.texts["summary"] if "attempt 3" in text]
    assert [text.partition("failed: ")[2] for text in said] == ["the end of its log", "its log"]


def test_names_that_are_no_urls_are_made_ones(job, shot, take):
    odd = "store/demo/a b#c?d%e/proxy\"'.mp4"
    page = parsed(job(shot("sh010", takes=(take(1, proxy=odd), take(2)))))
    assert odd in page.links
    assert not [
        url for url in (each.get("data-proxy") for each in page.all("article")) if url and ("#" in url or "?" in url)
    ]


def test_a_component_is_drawn_as_long_as_it_is_worth(job, shot, take):
    page = parsed(job(shot("sh010", takes=(take(1, components={"motion": 0.5, "flicker": 1.0, "seam": 0.0}), take(2)))))
    widths = [each["width"] for each in page.all("rect") if each.get("class") == "bar"][:3]
    assert widths == ["54.00%", "27.00%", "0.00%"]
    (label, *_) = (each["aria-label"] for each in page.all("svg") if each.get("class") == "chart")
    assert label == "score by component: flicker 100, motion 50, seam 0"


def test_every_component_has_a_meaning():
    assert not SCALES.keys() - MEANINGS.keys()


def test_held_and_failed_shots_stand_on_top_with_what_to_do(job, shot, held_shot, failed_shot):
    page = parsed(job(shot("sh010"), held_shot("sh020"), failed_shot("sh030")))
    assert "2 shots need somebody" in page.words
    assert page.texts["code"].count("farm approve shots-1a sh020 1 --out /out") == 3, "on top, at the shot, at the take"
    assert page.words.count("shots.csv:9: no such file") == 2
    assert {(each["data-code"], each["data-state"]) for each in page.all("section") if "data-code" in each} == {
        ("sh010", "done"),
        ("sh020", "held"),
        ("sh030", "failed"),
    }


def test_movies_are_not_asked_for_before_they_are_played(job, shot):
    page = parsed(job(*(shot(f"sh{n:03}") for n in range(20))))
    assert [video.get("id") for video in page.all("video")] == ["animatic"]
    assert {image["loading"] for image in page.all("img")} == {"lazy"}
    assert all(image["alt"] and image["width"] and image["height"] for image in page.all("img"))


def test_what_it_cost_and_took_is_told(job, shot, take):
    page = parsed(job(shot("sh010", takes=(take(1, cost_micros=1_250_000, seconds=75.0), take(2)))))
    assert "cost 1.25" in page.words
    assert "made in 1 min 15 s" in page.words


def test_a_job_without_an_animatic_says_why(job, shot):
    page = parsed(job(shot("sh010"), animatic="", files={}, message="ffmpeg failed"))
    assert "No animatic: ffmpeg failed" in page.words
    assert not page.all("video")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0.0 s"), (8.44, "8.4 s"), (75.0, "1 min 15 s"), (3599.6, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds, words):
    assert clock(seconds) == words


@pytest.mark.parametrize(("micros", "words"), [(1_250_000, "1.25"), (10_000, "0.01"), (350, "0.0003"), (0, "0.0000")])
def test_amounts(micros, words):
    assert money(micros) == words
