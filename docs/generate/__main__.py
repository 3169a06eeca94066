"""Rewrite every page whose generated sections have changed, and name it."""

from __future__ import annotations

import sys

from . import ROOT, pages, rendered

for page in pages():
    before = page.read_text(encoding="utf-8")
    after = rendered(before)
    if after != before:
        page.write_text(after, encoding="utf-8")
        sys.stdout.write(f"rewrote {page.relative_to(ROOT)}\n")
