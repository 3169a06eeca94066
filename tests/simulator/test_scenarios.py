"""Every scenario's verdict holds on the real scheduler, driver and store; `run_all` does this for many seeds."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from farm.errors import InputError
from farm.simulator import Claim, Verdict, describe, run_all, simulate
from farm.simulator.plot import draw
from farm.simulator.scenarios import SCENARIOS
from farm.simulator.trace import NEVER, Trace


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_verdict_holds(name: str) -> None:
    verdict = simulate(name, seed=1)
    assert verdict.passed, "\n".join(verdict.sentences)
    assert len(verdict.claims) >= 3


@pytest.mark.parametrize("name", ["failover", "spot", "poison", "cancel"])
def test_the_verdict_holds_with_other_luck(name: str) -> None:
    verdict = simulate(name, seed=2)
    assert verdict.passed, "\n".join(verdict.sentences)


def test_one_seed_is_one_run() -> None:
    first, again, other = (simulate("poison", seed) for seed in (3, 3, 4))
    assert first.trace == again.trace
    assert first.trace != other.trace


def test_a_scenario_grows_with_its_scale() -> None:
    small, large = simulate("poison", scale=0.5), simulate("poison", scale=1)
    assert len(small.trace.attempts) < len(large.trace.attempts)


@pytest.mark.parametrize(
    ("name", "scale", "words"),
    [("fil", 1.0, "there is no scenario 'fil'"), ("fill", 0.0, "--scale 0"), ("fill", -1.0, "--scale -1")],
)
def test_what_cannot_be_simulated_is_refused(name: str, scale: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        simulate(name, scale=scale)


def test_all_of_them_are_described() -> None:
    assert set(describe()) == set(SCENARIOS)
    assert [verdict.scenario for verdict in run_all([1], ["poison"])] == ["poison"]


def test_books_can_be_kept(tmp_path: Path) -> None:
    simulate("poison", folder=tmp_path)
    assert (tmp_path / "farm.sqlite").stat().st_size


def test_traces_are_kept_as_parquet(tmp_path: Path) -> None:
    trace = simulate("poison").trace
    trace.write(tmp_path)
    attempts = pq.read_table(tmp_path / "attempts.parquet").to_pylist()
    assert len(attempts) == len(trace.attempts)
    assert attempts[0]["task"] == trace.attempts[0].task
    assert {row["state"] for row in pq.read_table(tmp_path / "workers.parquet").to_pylist()} >= {"busy", "loading"}
    assert pq.read_table(tmp_path / "nodes.parquet").num_rows == len(trace.nodes)


def test_a_trace_of_nothing_is_kept_too(tmp_path: Path) -> None:
    assert [pq.read_table(path).num_rows for path in Trace().write(tmp_path)] == [0, 0, 0]


@pytest.mark.parametrize("name", ["poison", "storm"])
def test_a_picture_is_drawn(name: str, tmp_path: Path) -> None:
    verdict = simulate(name, scale=0.3)
    draw(verdict, describe()[name], tmp_path / "timeline.png")
    picture = Image.open(tmp_path / "timeline.png").convert("RGB")
    assert picture.width == 2400
    colours = {colour for _, colour in picture.getcolors(2**24) or []}
    assert (0x3B, 0x77, 0xB0) in colours  # the first lane's or project's


@pytest.mark.parametrize(
    ("claim", "holds", "sentence"),
    [
        (Claim("x_s", 3.0, "it took {figure} s", at_most=5), True, "it took 3 s (at most 5)"),
        (Claim("x_s", 6.25, "it took {figure} s", at_most=5), False, "it took 6.25 s (at most 5)"),
        (Claim("x", 1234, "{figure} came", at_least=2000), False, "1,234 came (at least 2,000)"),
        (Claim("x", 4, "{figure} came", at_least=4, at_most=4), True, "4 came (exactly 4)"),
        (Claim("x_s", NEVER, "it took {figure} s", at_most=5), False, "it took no s (at most 5)"),
        (Claim("x", 7, "{figure} came"), True, "7 came"),
    ],
    ids=["holds", "broken", "below", "exact", "never", "no bound"],
)
def test_claims(claim: Claim, holds: bool, sentence: str) -> None:
    assert claim.holds is holds
    assert claim.sentence == sentence


def test_a_verdict_falls_with_one_claim_or_one_violation() -> None:
    good, bad = Claim("a", 1, "{figure}", at_most=1), Claim("b", 2, "{figure}", at_most=1)

    def verdict(claims: tuple[Claim, ...], violations: tuple[str, ...] = ()) -> Verdict:
        return Verdict("x", 1, 1.0, claims, violations, 1.0, 1.0, Trace())

    assert verdict((good,)).passed
    assert not verdict((good, bad)).passed
    assert not verdict((good,), ("money is missing",)).passed
    assert verdict((good, bad), ("money is missing",)).sentences[:2] == (
        "audit: money is missing",
        "broken: 2 (at most 1)",
    )
    assert verdict((good, bad)).figures == {"a": 1, "b": 2}
