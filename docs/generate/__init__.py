"""The parts of the docs that the code knows better: tables and diagrams, written between markers.

    <!-- generated: name -->  …  <!-- end -->      replaced by SECTIONS[name]()

`python -m docs.generate` rewrites the pages in place; `tests/test_docs.py` fails while a page differs from what this
would write. Prose stays outside the markers and is nobody's but its author's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from . import chain, delivery, machine, metrics, motion, notify, records, scheduling, shots, simulator

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent

_SECTION = re.compile(r"(?P<head><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL)

SECTIONS: Mapping[str, Callable[[], str]] = {
    "shot-fields": shots.shot_fields,
    "list-fields": shots.list_fields,
    "project-fields": shots.project_fields,
    "name-fields": shots.name_fields,
    "lint-rules": shots.lint_rules,
    "lint-limits": shots.lint_limits,
    "camera-words": motion.camera_words,
    "assumed-sides": motion.assumed_sides,
    "amounts": motion.amounts,
    "speed-words": motion.speed_words,
    "air-words": motion.air_words,
    "action-words": motion.action_words,
    "link-words": motion.link_words,
    "vague-words": motion.vague_words,
    "elements": motion.elements,
    "products": delivery.products,
    "encodings": delivery.encodings,
    "preset-fields": delivery.preset_fields,
    "burn-in-fields": delivery.burn_in_fields,
    "stages": chain.stages,
    "floors": chain.floors,
    "components": chain.components,
    "takes": chain.takes,
    "animatic-limits": chain.animatic_limits,
    "models": chain.models,
    "manifest": records.manifest,
    "file-classes": records.file_classes,
    "catalog-takes": records.catalog_takes,
    "catalog-attempts": records.catalog_attempts,
    "catalog-views": records.catalog_views,
    "environment": machine.environment,
    "file-settings": machine.file_settings,
    "commands": machine.commands,
    "exit-codes": machine.exit_codes,
    "task-states": scheduling.task_states,
    "job-states": scheduling.job_states,
    "requests": scheduling.requests,
    "wait-reasons": scheduling.wait_reasons,
    "bands": scheduling.bands,
    "retries": scheduling.retries,
    "faults": scheduling.faults,
    "patience": scheduling.patience,
    "lead": scheduling.lead,
    "scenarios": simulator.scenarios,
    "scaling-study": simulator.scaling_study,
    "metrics": metrics.families,
    "metric-labels": metrics.labels,
    "webhook-events": notify.webhook_events,
    "webhook-message": notify.webhook_message,
    "webhook-example": notify.webhook_example,
    "webhook-schema": notify.webhook_schema,
    "webhook-answers": notify.webhook_answers,
}
"""Every generated section, by the name in its marker."""


def rendered(text: str) -> str:
    """A page with every generated section as it should be. Raises KeyError for a marker nobody knows."""
    return _SECTION.sub(lambda found: f"{found['head']}\n{SECTIONS[found['name']]()}\n\n{found['tail']}", text)


def pages() -> tuple[Path, ...]:
    """The README and every page of the docs."""
    return (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
