"""What is set for the whole process before it works: switching between threads, garbage collection, open files."""

from __future__ import annotations

import gc
import resource
import sys

_SWITCH_SECONDS = 0.001
_WANTED_FILES = 8192


def tune_process() -> None:
    """Keep the event loop quick beside busy threads, and allow a connection to each of thousands of clusters."""
    # The loop waits this long for a thread that decodes or hashes; the default is a third of a frame.
    sys.setswitchinterval(_SWITCH_SECONDS)
    # What has been imported stays for good: looking through it again at each full collection costs 80 ms.
    gc.freeze()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
