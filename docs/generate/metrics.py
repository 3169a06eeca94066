"""What a driver, and `farm serve`, tell Prometheus."""

from __future__ import annotations

from .markdown import attribute_docs, code, table, words

TITLES = {
    "EVENTS": "Counted by the driver",
    "PULSE": "Seen at the last pulse",
    "STORE": "Read from the job store",
    "PROCESS": "Of the process",
    "SERVE": "Of `farm serve`",
}


def families() -> str:
    from farm.metrics.families import FAMILIES
    from farm.metrics.family import Source

    says = attribute_docs(Source)

    def section(source: Source) -> str:
        rows = (
            (code(family.name), family.kind.value, words(code(label) for label in family.labels), family.says)
            for family in FAMILIES
            if family.source is source
        )
        return f"### {TITLES[source.name]}\n\n{says[source.name]}\n\n{table(('name', 'kind', 'labels', ''), rows)}"

    return "\n\n".join(section(source) for source in Source)


def labels() -> str:
    from farm.metrics.families import LABELS

    def most(at_most: int | None) -> str:
        return "" if at_most is None else str(at_most)

    rows = ((code(label.name), label.says, most(label.at_most)) for label in LABELS)
    return table(("label", "", "values told apart"), rows)
