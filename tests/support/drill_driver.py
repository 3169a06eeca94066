"""A driver of drills in a process of its own: `python drill_driver.py FOLDER STORE RAY`.

Stands by while another leads, then drives until the file `stop` lies in its folder. When the file `stall` lies there,
it stops itself (SIGSTOP) inside its next transaction, between the writes and the commit. Ends with 3 when another
driver has taken the lead.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from driven_farm import lead

from farm.cluster.local import attach
from farm.errors import LeaseError
from farm.scheduler.policy import Policy
from farm.store.jobs import JobStore

SUPERSEDED = 3
SILENCE_S = 60.0
"""Long: what ends this driver's workers sooner is the next driver."""

log = logging.getLogger("drill driver")


def stall_when_told(folder: Path) -> None:
    """Put the stall between a commit's writes and its end."""
    apply = JobStore._apply

    def and_stall(self: JobStore, *arguments: Any) -> None:
        apply(self, *arguments)
        if (folder / "stall").exists():
            (folder / "stall").rename(folder / "stalled")
            os.kill(os.getpid(), signal.SIGSTOP)

    JobStore._apply = and_stall


def watch_for_stop(folder: Path, stop: threading.Event) -> None:
    while not (folder / "stop").exists():
        time.sleep(0.05)
    stop.set()


def main(folder: Path, url: str, ray: str) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    stop = threading.Event()
    threading.Thread(target=watch_for_stop, args=(folder, stop), daemon=True).start()
    stall_when_told(folder)
    store = JobStore.connect(url)
    lease = store.lead_when_free(stop, poll_s=0.2, waiting=log.warning)
    if lease is None:
        return 0
    with lease:
        try:
            (folder / f"leads-{lease.epoch}").write_text(str(os.getpid()))
            with attach(ray):
                lead(folder, store, lease, stop, Policy(), SILENCE_S)
        except LeaseError as error:
            log.warning("superseded: %s", error)
            return SUPERSEDED
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
