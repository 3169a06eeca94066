"""Figures as the report writes them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """A duration: "8.4 s", "12 min 5 s", "3 h 20 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def money(micros: int) -> str:
    """An amount in the farm's currency: "0.35", and small ones to the first digits that count."""
    return f"{micros / 1e6:.2f}" if micros >= 10_000 else f"{micros / 1e6:.4f}"


def times(count: int, noun: str) -> str:
    """A count with its noun: "1 take", "3 takes"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
