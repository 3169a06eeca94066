"""What commands share in speaking to people: the console, complaints, the service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from farm.errors import DocumentError

if TYPE_CHECKING:
    from rich.console import Console

    from farm.service import Service

FINDINGS_SHOWN = 40


def service() -> Service:
    from farm.logs.setup import set_up
    from farm.service import Service

    found = Service.from_environment()
    set_up(found.config.log_format)
    return found


def console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout)  # this one, also while another stands in for it


def complain_of(error: DocumentError) -> None:
    """Every finding, worst first; no more than a person reads."""
    from farm.findings import Severity

    worst_first = sorted(error.findings, key=lambda finding: list(Severity).index(finding.severity))
    for finding in worst_first[:FINDINGS_SHOWN]:
        complain(f"{finding.severity}: {finding}", "red" if finding.severity is Severity.ERROR else "yellow")
    if len(worst_first) > FINDINGS_SHOWN:
        complain(f"and {len(worst_first) - FINDINGS_SHOWN} more: `farm lint LIST --json` has them all")


def complain(text: str, style: str = "red") -> None:
    from rich.console import Console

    Console(stderr=True).print(text, style=style, markup=False, highlight=False, soft_wrap=True)
