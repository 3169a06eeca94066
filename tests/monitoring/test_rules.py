"""Alerts ask for what there is, say what to do, and fire when they should: promtool is the judge."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from monitoring_rules import ROOT, RULES, alerts, rules
from prometheus_server import NOT_INSTALLED, PROMTOOL

from dashboards.check import WHAT_FOLLOWS, faults
from dashboards.promql import grouped, selectors

UNIT_TESTS = Path(__file__).parent / "rules_test.yml"
EACH = pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason=NOT_INSTALLED)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_name_families_and_labels_that_exist(rule, known):
    found = selectors(rule["expr"])
    assert found
    for selector in found:
        assert selector.metric in known
        assert selector.labels <= known[selector.metric], selector
    assert grouped(rule["expr"]) <= frozenset().union(*(known[each.metric] for each in found))


@EACH
def test_an_alert_says_how_bad_it_is_what_it_is_and_with_which_numbers(rule):
    assert rule["alert"].startswith("Farm")
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    assert len(said["summary"]) < 120
    assert said["description"].endswith(".")
    assert re.search(r"\d|\$value|hour|minutes", said["description"]), "no number"


@EACH
def test_an_alert_has_its_section_which_says_what_to_do(rule):
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert anchor == rule["alert"].lower()
    text = (ROOT / page).read_text(encoding="utf-8")
    section = re.search(rf"^### {rule['alert']}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert section
    assert all(word in section[1] for word in ("**It means**", "**Look**", "**Do:**")), section[1]


def test_every_section_is_an_alerts():
    text = (ROOT / "docs" / "how-to" / "answer-an-alert.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### (\w+)$", text, re.MULTILINE)) == {rule["alert"] for rule in alerts()}


@EACH
def test_an_alert_is_made_to_fire_and_left_silent(rule):
    """Whether promtool agrees is the next test's."""
    tests = yaml.safe_load(UNIT_TESTS.read_text(encoding="utf-8"))["tests"]
    tried = [case for test in tests for case in test.get("alert_rule_test", []) if case["alertname"] == rule["alert"]]
    assert any(case["exp_alerts"] for case in tried)
    assert any(not case["exp_alerts"] for case in tried)


@needs_promtool
def test_alerts_fire_and_are_silent():
    done = subprocess.run([PROMTOOL, "test", "rules", UNIT_TESTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_finds_no_fault():
    assert list(faults(RULES)) == []


MALFORMED = [
    ("expr: sum(farm_info", 'rule 1, "B": could not parse expression: 1:14: parse error: unclosed left parenthesis'),
    ("exp: farm_info", "line 5: field exp not found"),
    ('{expr: "1", annotations: {summary: "{{ $valu }}"}}', "could not find expected ':'"),
    ('expr: "1"\n        annotations: {summary: "{{ $valu }}"}', 'undefined variable "$valu"'),
    ("expr:\n  - a", "cannot unmarshal"),
]


@needs_promtool
@pytest.mark.parametrize(("text", "said"), MALFORMED, ids=["query", "field", "flow", "template", "indent"])
def test_a_malformed_rule_is_named_with_its_place_and_what_follows(text, said, tmp_path):
    path = tmp_path / "rules.yml"
    path.write_text(f"groups:\n  - name: a\n    rules:\n      - alert: B\n        {text}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "dashboards", "--check", path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{path}: ")
    assert said in line
    assert line.endswith(f"({WHAT_FOLLOWS})")


@needs_promtool
def test_rules_that_are_not_there(tmp_path):
    (said,) = faults(tmp_path / "rules.yml")
    assert said.endswith("rules.yml: there is no such file")
