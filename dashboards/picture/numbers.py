"""Numbers as Grafana writes them: few digits, with a unit that fits their size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dashboards.panel import Unit

_THOUSANDS = ((1e9, "Bil"), (1e6, "Mil"), (1e3, "K"))
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_TIMES = ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))

_ROUND_S = (
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    604_800,
)


def written(value: float, unit: Unit, decimals: int | None = None) -> str:
    """`value` in its unit."""
    match unit:
        case Unit.SHARE:
            return f"{_digits(value * 100, decimals)}%"
        case Unit.PERCENT:
            return f"{_digits(value, decimals)}%"
        case Unit.SECONDS:
            return _scaled(value, _TIMES, decimals)
        case Unit.BYTES:
            return _scaled(value, _BYTES, decimals)
        case Unit.BYTES_PER_SECOND:
            return f"{_scaled(value, _BYTES, decimals)}/s"
        case Unit.NUMBER:
            return _digits(value, decimals)
        case Unit.CELSIUS:
            return f"{_digits(value, decimals)} °C"
        case Unit.WATTS:
            return f"{_thousands(value, decimals)} W"
        case Unit.COUNT:
            return _thousands(value, decimals)
        case _:
            return f"{_thousands(value, decimals)}{unit.removeprefix('suffix:')}"


def ticks(most: float, unit: Unit, at_most: int = 5) -> Sequence[float]:
    """Round values in that unit, from 0 to `most` or a little less."""
    if most <= 0 or not math.isfinite(most):
        return (0.0, 1.0)
    step = next(step for step in _steps(most, unit) if most / step <= at_most)
    return tuple(step * index for index in range(int(most / step + 1e-9) + 1))


def _steps(most: float, unit: Unit) -> Iterator[float]:
    """Round steps, from one that is too small upwards."""
    if unit is Unit.SECONDS and most >= 10:
        yield from _ROUND_S
    if unit in {Unit.BYTES, Unit.BYTES_PER_SECOND} and most >= 1:
        size = max(size for size, _ in _BYTES if size <= most)
        yield from (size * step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500))
    base = 10.0 ** math.floor(math.log10(most) - 2)
    yield from (base * step * 10**power for power in range(6) for step in (1, 2, 5))


def _thousands(value: float, decimals: int | None) -> str:
    for size, name in _THOUSANDS:
        if abs(value) >= size:
            return f"{_digits(value / size, decimals)} {name}"
    return _digits(value, decimals)


def _scaled(value: float, units: tuple[tuple[float, str], ...], decimals: int | None) -> str:
    if value == 0:
        return f"0 {'s' if units is _TIMES else 'B'}"
    size, name = next((each for each in units if abs(value) >= each[0]), units[-1])
    plural = "s" if name == "day" and round(value / size, 1) != 1 else ""
    return f"{_digits(value / size, decimals)} {name}{plural}"


def _digits(value: float, decimals: int | None) -> str:
    """With so many decimals, or else as many as show three digits."""
    if decimals is not None:
        return f"{value:.{decimals}f}"
    places = 0 if abs(value) >= 100 or value == 0 else 2 - math.floor(math.log10(abs(value)))
    text = f"{value:.{min(max(places, 0), 6)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
