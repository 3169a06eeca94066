"""Pictures of dashboards: numbers are written as Grafana does, and every kind of panel is drawn from its answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

import pytest
from PIL import Image

from dashboards import DASHBOARDS
from dashboards.panel import Heat, Panel, Stat, TableOf, Unit
from dashboards.picture.__main__ import few_colours
from dashboards.picture.answers import Asked, Series
from dashboards.picture.colours import MEANT, heat, of_value
from dashboards.picture.numbers import ticks, written
from dashboards.picture.page import page

NUMBERS = [
    (0.1234, Unit.SHARE, None, "12.3%"),
    (1.0, Unit.SHARE, None, "100%"),
    (45.0, Unit.PERCENT, None, "45%"),
    (0.0, Unit.SECONDS, None, "0 s"),
    (0.0042, Unit.SECONDS, None, "4.2 ms"),
    (90.0, Unit.SECONDS, None, "1.5 min"),
    (7200.0, Unit.SECONDS, None, "2 h"),
    (86_400.0, Unit.SECONDS, None, "1 day"),
    (3 * 86_400.0, Unit.SECONDS, None, "3 days"),
    (51.2e9, Unit.BYTES, None, "47.7 GiB"),
    (2048.0, Unit.BYTES_PER_SECOND, None, "2 KiB/s"),
    (1234.0, Unit.COUNT, None, "1.23 K"),
    (5_600_000.0, Unit.COUNT, None, "5.6 Mil"),
    (12.0, Unit.PER_MINUTE, None, "12 /min"),
    (17.41, Unit.GPU_HOURS, 1, "17.4 GPU h"),
    (121.7234, Unit.NUMBER, 2, "121.72"),
]


@pytest.mark.parametrize(("value", "unit", "decimals", "text"), NUMBERS, ids=[text for *_, text in NUMBERS])
def test_numbers_are_written_with_few_digits_and_a_fitting_unit(value, unit, decimals, text):
    assert written(value, unit, decimals) == text


@pytest.mark.parametrize("unit", [Unit.COUNT, Unit.SECONDS, Unit.BYTES, Unit.SHARE])
@pytest.mark.parametrize("most", [1e-4, 0.7, 1.0, 59.0, 324.0, 8400.0, 86_000.0, 3.1e9])
def test_an_axis_has_a_few_round_ticks_from_zero(most, unit):
    found = ticks(most, unit)
    assert found[0] == 0
    assert 2 <= len(found) <= 6
    assert found[-1] <= most * 1.000001
    assert found[-1] > most / 2


def test_an_axis_of_nothing_has_two_ticks():
    assert ticks(0.0, Unit.COUNT) == (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Canned(Asked):
    """Answers every query with two curves, without a Prometheus."""

    empty: bool = False

    def answers(self, panel: Panel) -> tuple[tuple[Series, ...], ...]:
        if self.empty:
            return tuple(() for _ in panel.queries)
        return tuple(self._curves(panel) for _ in panel.queries)

    def _curves(self, panel: Panel) -> tuple[Series, ...]:
        moments = [self.start_s + at * self.step_s for at in range(20)]
        names = ("1.0", "+Inf") if isinstance(panel.look, Heat) else ("lake", "storm & <co>")
        labels = panel.look.labels if isinstance(panel.look, TableOf) else ("le",)
        return tuple(
            Series(
                name,
                dict.fromkeys(labels, name),
                tuple((at, float(place + number)) for place, at in enumerate(moments)),
            )
            for number, name in enumerate(names)
        )


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)
def test_every_panel_is_drawn(dashboard):
    text, height = page(dashboard, Canned("nowhere:0", 0.0, 3600.0))
    for panel in dashboard.panels:
        assert f"<h3>{escape(panel.title)}</h3>" in text
    assert text.count("<section") == len(dashboard.panels)
    assert "No data" not in text
    assert "<co>" not in text, "names are escaped"
    assert "nan" not in re.sub(r"[a-z]*nan[a-z]+", "", text.lower())
    assert height > 300


def test_what_is_not_known_leaves_no_room():
    text, _ = page(DASHBOARDS[0], Canned("nowhere:0", 0.0, 3600.0, empty=True))
    assert "<section" not in text


def test_a_number_has_the_colour_of_its_place_on_the_scale():
    (panel,) = (each for each in DASHBOARDS[0].panels if each.title == "Oldest wait")
    assert isinstance(panel.look, Stat)
    assert len({of_value(panel.scale, value) for value in (0.0, 1800.0, 7200.0)}) == 3
    assert of_value(panel.scale, 1799.9) == of_value(panel.scale, 0.0)


def test_heat_goes_from_dark_to_bright():
    brightness = [sum(bytes.fromhex(heat(share)[1:])) for share in (0.0, 0.3, 0.6, 1.0)]
    assert brightness == sorted(brightness)


def test_few_colours_keep_what_they_mean():
    picture = Image.new("RGB", (40, 40), MEANT[0])
    for at, colour in enumerate(MEANT):
        picture.putpixel((at, 3), tuple(bytes.fromhex(colour[1:])))
    few = few_colours(picture).convert("RGB")
    for at in range(len(MEANT)):
        meant, got = picture.getpixel((at, 3)), few.getpixel((at, 3))
        assert max(abs(one - other) for one, other in zip(meant, got, strict=True)) < 8, MEANT[at]
