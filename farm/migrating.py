"""Bringing a job store's schema up to date, and waiting for what stands in the way: no database yet, a driver at work.

Whoever opens a job store brings it up to date (`farm.store.schema`), one process at a time: on PostgreSQL under an
advisory lock. This does only that, so that a deployment can do it before anything else starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from farm.errors import LeaseError, StorageError
from farm.site import Site

POLL_S = 1.0


def migrated(site: Site, wait_s: float, waiting: Callable[[str], None]) -> str:
    """Open the job store of `site`, trying for `wait_s` seconds, and give the schema that it then has.

    `waiting` hears what stands in the way whenever that changes. Raises that when time is up; `InputError` at once for
    what waiting does not help. May be interrupted at any moment: a migration is one transaction.
    """
    until_s = time.monotonic() + wait_s
    last = ""
    while True:
        try:
            with site.store() as store:
                return store.schema()
        except (LeaseError, StorageError) as error:
            if time.monotonic() >= until_s:
                raise
            if str(error) != last:
                last = str(error)
                waiting(last)
            time.sleep(POLL_S)
