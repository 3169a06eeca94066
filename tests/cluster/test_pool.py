"""The pool on a real Ray: each loss becomes the right event, at the right time."""

from __future__ import annotations

import pytest

from farm.errors import FailureKind
from farm.tasks import AttemptState

pytestmark = pytest.mark.ray


def test_an_attempt_runs_and_its_manifest_is_told(farm):
    worker = farm.start()
    work = farm.work("noop", n=7)
    manifest = farm.do(worker, work)
    assert (manifest.state, manifest.facts, manifest.worker) == (AttemptState.DONE, {"n": 7}, worker)


def test_a_crash_is_told_at_once(farm):
    worker = farm.start()
    farm.run(worker, "crash")
    assert farm.lost(worker).kind is FailureKind.CRASHED
