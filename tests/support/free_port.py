"""Where a program listens that was told to take any free port, and says nowhere which one it took."""

from __future__ import annotations

import subprocess
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException

import psutil

PATIENCE_S = 240.0
PAUSE_S = 0.1
"""Between two looks: a socket that comes to be tells nobody."""


def port_of(process: subprocess.Popen[bytes], path: str, says: str) -> int:
    """The port of a process that answers there with these words. Raises RuntimeError when it ends, or none does."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        for each in psutil.Process(process.pid).net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and says in said(each.laddr.port, path):
                return each.laddr.port
        time.sleep(PAUSE_S)
    raise RuntimeError(f"{process.args} answers nowhere with {says!r}")


def said(port: int, path: str) -> str:
    """What a port of this machine answers to a GET; "" for nothing, and for what is no HTTP."""
    try:
        return get(port, path)
    except (OSError, HTTPException, UnicodeDecodeError):
        return ""


def get(port: int, path: str) -> str:
    """What it answers. Raises `OSError` when nobody does."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as there:
        there.request("GET", path)
        return there.getresponse().read().decode()
