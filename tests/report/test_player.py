"""The page at work, from disk, in a real browser: takes in sync, keys, filter, and not a word to the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.report import html

KEY = "publish/demo/shots/report/v001/report.html"

STATE = """(({frame, speed, first, last, takes}) => ({
    frame, speed, first, last, code: transport.current.dataset.code, times: takes.map(take => take.video.currentTime)
}))(transport.player)"""

SAMPLE = """new Promise(done => {
    const found = [];
    const look = () => {
        const lead = transport.player.leader.video;
        if (!lead.paused && !lead.seeking) {
            const off = transport.player.takes.map(take => Math.abs(take.video.currentTime - lead.currentTime));
            found.push(Math.max(...off));
        }
        if (found.length < 60) requestAnimationFrame(look); else done(found);
    };
    look();
})"""


@pytest.fixture
def page(browser, on_disk):
    """`page(summary)`: the browser, with that report opened from disk."""

    def opened(summary):
        browser.open(on_disk(summary))
        return browser

    return opened


def state(page):
    return page.run(STATE)


def playing(page, takes=3):
    page.press(" ")
    page.wait_for(f"transport.player.takes.length === {takes} && transport.player.frame > 1")


def standing(page):
    page.press("k")
    page.wait_for("transport.player.takes.every(take => take.video.paused && !take.video.seeking)")


def test_takes_play_in_sync_and_go_around_together(page, job, shot):
    tab = page(job(shot("sh010")))
    playing(tab)
    drifts = sorted(tab.run(SAMPLE))
    assert drifts[len(drifts) // 2] < 1 / 24, "half of the time they are less than a frame apart"
    tab.wait_for("transport.player.frame > 40")
    tab.wait_for("transport.player.frame < 20 && transport.player.takes.every(take => !take.video.paused)")
    standing(tab)
    stood = state(tab)
    assert stood["speed"] == 0
    assert {int(24 * time) for time in stood["times"]} == {stood["frame"]}, "where they stop they show the same frame"
    assert tab.complaints() == []


def test_takes_of_other_rates_and_lengths_share_the_clock(page, job, shot, take):
    takes = (take(1, rate="12", frames=24), take(2, rate="24", frames=48), take(3, rate="24", frames=24))
    tab = page(job(shot("sh010", takes=takes)))
    playing(tab)
    standing(tab)
    for _ in range(3):
        tab.press("ArrowRight", modifiers=8)
    tab.wait_for("transport.player.takes.every(take => !take.video.seeking)")
    stood = state(tab)
    slow, fast, short = stood["times"]
    assert slow == pytest.approx(fast, abs=1 / 12)
    assert fast == pytest.approx((stood["frame"] + 0.5) / 24, abs=0.01)
    assert short == pytest.approx(min(fast, 23.5 / 24), abs=0.01), "it holds its last frame"
    assert stood["last"] == 47


def test_a_frame_at_a_time(page, job, shot):
    tab = page(job(shot("sh010")))
    shown = "transport.player.takes.filter(take => Math.abs(take.video.currentTime * 24 - frame - 0.5) < 0.1).length"
    for key, frame in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 47), ("Home", 0)):
        tab.press(key)
        tab.wait_for(f"(frame => {shown} === 3)({frame})")
        assert state(tab)["frame"] == frame


def test_a_loop_stays_between_its_marks(page, job, shot):
    tab = page(job(shot("sh010")))
    tab.press("ArrowRight", modifiers=8)
    tab.press("i")
    tab.press("ArrowRight", modifiers=8)
    tab.press("o")
    assert (state(tab)["first"], state(tab)["last"]) == (10, 20)
    tab.press("l")
    tab.wait_for("transport.player.takes.length === 3 && transport.player.takes.every(take => !take.video.paused)")
    seen = tab.run("""new Promise(done => {
        const seen = new Set(); let turns = 0, before = 0;
        transport.player.onchange = () => {
            const now = transport.player.frame; seen.add(now);
            if (now < before) turns += 1;
            before = now;
            if (turns >= 2) done([...seen]);
        };
    })""")
    assert set(seen) <= set(range(10, 22))
    tab.press("Escape")
    assert (state(tab)["first"], state(tab)["last"]) == (0, 47)


def test_faster_and_backwards(page, job, shot):
    tab = page(job(shot("sh010")))
    for speed in (1, 2, 4):
        tab.press("l")
        assert state(tab)["speed"] == speed
    tab.press("j")
    assert state(tab)["speed"] == -1
    standing(tab)
    tab.press("End")
    tab.wait_for("transport.player.frame === 47")
    tab.press("j")
    seen = tab.run("""new Promise(done => {
        const seen = [];
        transport.player.onchange = () => {
            const now = transport.player.frame;
            if (now !== seen.at(-1)) seen.push(now);
            if (seen.length === 3) done(seen);
        };
    })""")
    assert seen == sorted(seen, reverse=True)
    standing(tab)


def test_one_take_alone_where_all_were(page, job, shot):
    tab = page(job(shot("sh010")))
    shown = """[...transport.current.querySelectorAll('.take')].map(
        take => getComputedStyle(take).visibility === 'visible')"""
    tab.press("2")
    assert tab.run(shown) == [False, True, False]
    corner = """(({left, top, width}) => [left, top, width])(
        transport.current.querySelector('.alone .screen').getBoundingClientRect())"""
    second = tab.run(corner)
    tab.press("3")
    assert tab.run(shown) == [False, False, True]
    assert tab.run(corner) == second, "so that going from one to the other shows what differs"
    tab.press("3")
    assert tab.run(shown) == [True, True, True]
    tab.press("9")
    assert tab.run(shown) == [True, True, True], "there is no ninth"


def test_from_shot_to_shot_and_the_filter(page, job, shot, held_shot, failed_shot):
    tab = page(job(shot("sh010"), held_shot("sh020"), failed_shot("sh030"), shot("sh040", sequence="sq020")))
    shown = "transport.visible.map(shot => shot.dataset.code)"
    for key, code in (("]", "sh020"), ("]", "sh030"), ("]", "sh040"), ("]", "sh040"), ("[", "sh030")):
        tab.press(key)
        assert state(tab)["code"] == code
    assert tab.run("document.activeElement === transport.current")
    for choice, codes in (("held", ["sh020"]), ("attention", ["sh020", "sh030"]), ("all", None)):
        tab.run(f"document.querySelector('#filter input[value={choice}]').click()")
        assert tab.run(shown) == (codes or ["sh010", "sh020", "sh030", "sh040"])
    tab.run("filter.elements.sequence.value = '=sq020'; filter.dispatchEvent(new Event('change'))")
    assert tab.run(shown) == ["sh040"]
    assert state(tab)["code"] == "sh040"


def test_movies_are_loaded_when_they_are_played_and_given_back(page, job, shot):
    tab = page(job(*(shot(f"sh{number:02}0", 2) for number in range(6)), animatic="", files={}))
    assert [url for url in tab.asked_for() if url.endswith(".mp4")] == []
    for number in range(5):
        playing(tab, takes=2)
        assert tab.run("document.querySelectorAll('video').length") == 2 * min(number + 1, 3)
        tab.press("]")
    assert tab.complaints() == []


def test_of_a_long_list_only_what_is_on_screen_is_asked_for(browser, job, shot, tmp_path):
    page = tmp_path / KEY
    page.parent.mkdir(parents=True)
    page.write_text(
        html(job(*(shot(f"sh{n:04}", 4) for n in range(300)), animatic="", files={}), KEY), encoding="utf-8"
    )
    browser.open(page.as_uri())
    asked = [url for url in browser.asked_for() if url.endswith((".jpg", ".mp4"))]
    assert 4 <= len(asked) <= 60, "of 1200 posters, and as many movies"
    browser.run("transport.shots[250].scrollIntoView()")
    browser.wait_for("transport.current?.dataset.code.startsWith('sh02')")
    assert browser.run("document.querySelectorAll('video').length") == 0


def test_it_asks_for_nothing_but_what_lies_beside_it(page, job, shot, tmp_path):
    tab = page(job(shot("sh010"), animatic="", files={}))
    playing(tab)
    standing(tab)
    asked = tab.asked_for()
    assert all(url.startswith(tmp_path.as_uri()) for url in asked)
    assert tab.run("fetch('https://example.org/').then(() => 'let through', () => 'refused')") == "refused"
    refused = tab.run("""new Promise(done => {
        document.addEventListener('securitypolicyviolation', event => {
            if (event.blockedURI.endsWith('x.png')) done(event.effectiveDirective);
        });
        new Image().src = 'https://example.org/x.png';
    })""")
    assert refused == "img-src"


def test_hostile_words_run_nothing(page, job, shot, take):
    words = '"><img src=x onerror="document.title=1"><script>document.title=1</script>'
    tab = page(
        job(shot(words, 0, prompt=words, takes=(take(1, why=words, label=words, components={words: 0.2}), take(2))))
    )
    tab.run("transport.current.querySelector('.chart').focus({focusVisible: true})")
    tab.wait_for("!tip.hidden")
    assert tab.run("tip.querySelector('b').textContent") == words.replace("_", " ")
    assert tab.run("document.title") == "demo · shots"
    assert tab.run("document.getElementById('where').textContent") == words
    assert tab.complaints() == []


def test_a_chart_says_what_its_figures_mean(page, job, shot):
    tab = page(job(shot("sh010")))
    tab.run("document.querySelector('.chart').focus({focusVisible: true})")
    tab.wait_for("!tip.hidden")
    lines = tab.run("[...tip.children].map(line => [...line.children].map(each => each.textContent))")
    assert lines[0] == ["flicker", "100", "brightness is steady from frame to frame"]
    assert [line[0] for line in lines] == ["flicker", "likeness", "motion"]
    tab.run("document.activeElement.blur()")
    tab.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # it has scrolled there
    box = tab.run("(({x, y}) => ({x, y}))(document.querySelector('.chart g').getBoundingClientRect())")
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=box["x"] + 40, y=box["y"] + 6)
    tab.wait_for("!tip.hidden && tip.children.length === 1")


def test_a_movie_that_is_not_there_is_said_and_stops_nobody(page, job, shot, browser, on_disk, tmp_path):
    summary = job(shot("sh010"))
    url = on_disk(summary)
    (tmp_path / summary.shots[0].takes[1].proxy).unlink()
    browser.open(url)
    browser.press(" ")
    browser.wait_for("transport.player.takes.length === 2 && transport.player.frame > 3")
    assert browser.run("document.querySelectorAll('.take.broken').length") == 1


def test_keys_belong_to_what_has_the_focus(page, job, shot):
    tab = page(job(shot("sh010"), animatic="", files={}))
    tab.run("document.querySelector('.take details summary').focus()")
    tab.press(" ", code="Space")
    assert state(tab)["speed"] == 0
    tab.run("document.activeElement.blur()")
    tab.press("?")
    assert tab.run("document.getElementById('keys').open")
    tab.press("]")
    tab.run("document.getElementById('keys').close()")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_words_stand_out_from_their_ground(page, job, shot, held_shot, scheme):
    """WCAG 2: a contrast of 4.5 for text."""
    tab = page(job(shot("sh010"), held_shot("sh020")))
    tab.prefer(scheme)
    pairs = tab.run(Path(__file__).with_name("contrasts.js").read_text(encoding="utf-8"))
    assert len(pairs) > 20
    assert [pair for pair in pairs if pair[1] < 4.5] == []
