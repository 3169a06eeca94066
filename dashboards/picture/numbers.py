"""Numbers as Grafana writes them: few digits, with a unit that fits their size."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboards.panel import Unit

_THOUSANDS = ((1e9, "Bil"), (1e6, "Mil"), (1e3, "K"))
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_TIMES = ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))


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


def ticks(most: float, at_most: int = 5, *, time: bool = False) -> Sequence[float]:
    """Round values from 0 to `most` or a little less."""
    if most <= 0 or not math.isfinite(most):
        return (0.0, 1.0)
    steps = (1, 2, 5, 10) if not time or most < 60 else (1, 2, 5, 10, 15, 20, 30, 60)
    base = 10 ** math.floor(math.log10(most / at_most)) if not time or most < 60 else _base_of_time(most / at_most)
    step = next(base * step for step in (*steps, 100, 1000) if most / (base * step) <= at_most)
    return tuple(step * index for index in range(int(most / step + 1e-9) + 1))


def _base_of_time(step_s: float) -> float:
    return max((size for size, _ in _TIMES if size <= max(step_s, 1.0)), default=1.0)


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
