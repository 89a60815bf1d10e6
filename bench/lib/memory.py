# SPDX-License-Identifier: MIT
"""What connections cost in memory: a server's own, all its processes together, and the kernel's beside it."""

import re
from pathlib import Path


def _family(pid):
    """The process and its descendants, where no control group names them."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in _family(int(child)))]


def user_bytes(server):
    """Resident pages and page tables. What processes share counts once for each: look at differences only."""
    total_kib = 0
    for pid in server.account.pids() or _family(server.pid):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue  # it has just ended
        total_kib += sum(int(kib) for kib in re.findall(r"^(?:VmRSS|VmPTE):\s+(\d+) kB", status, re.M))
    return total_kib * 1024


def kernel_bytes():
    """Of the whole machine, hence of both ends of each connection, and of whatever else runs."""
    return int(re.search(r"^Slab:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.M)[1]) * 1024
