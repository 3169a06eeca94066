"""Virtual time and luck."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.simulator.world import BEGIN_US, World


@given(st.lists(st.floats(0, 100), max_size=30))
def test_things_happen_in_order_and_at_their_moment(moments_s: list[float]) -> None:
    world = World(1)
    seen: list[tuple[float, float]] = []
    for moment_s in moments_s:
        world.at(moment_s, lambda moment_s=moment_s: seen.append((moment_s, world.elapsed_s)))
    while world.step(BEGIN_US + 100_000_000):
        pass
    assert [round(moment, 5) for moment, _ in seen] == [round(moment, 5) for moment in sorted(moments_s)]
    assert all(abs(moment - at) < 1e-5 for moment, at in seen)
    assert world.elapsed_s == 100


def test_what_is_not_due_does_not_happen() -> None:
    world = World(1)
    world.at(5.0, lambda: None)
    assert not world.step(BEGIN_US + 4_000_000)
    assert world.elapsed_s == 4
    assert world.step(BEGIN_US + 5_000_000)


def test_equal_moments_keep_their_order() -> None:
    world = World(1)
    seen: list[int] = []
    for number in range(5):
        world.at(1.0, lambda number=number: seen.append(number))
    while world.step(BEGIN_US + 2_000_000):
        pass
    assert seen == [0, 1, 2, 3, 4]


@given(st.integers(), st.text(), st.floats(0.1, 1000), st.floats(0, 1))
def test_luck_is_decided_by_seed_and_name(seed: int, name: str, mean: float, spread: float) -> None:
    assert 0 <= World(seed).draw(name) < 1
    assert World(seed).draw(name) == World(seed).draw(name)
    assert World(seed).draw(name) != World(seed + 1).draw(name)
    assert mean * (1 - spread) <= World(seed).around(mean, spread, name) <= mean * (1 + spread)
