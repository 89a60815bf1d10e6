# SPDX-License-Identifier: MIT
"""Where a result was measured: without it a figure means nothing."""

import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path

from lib.account import open_account
from lib.build import ROOT


def _first_line(*command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False, cwd=ROOT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (result.stdout or result.stderr).strip().partition("\n")[0]


def _peers():
    """Name and version of those that are servers by themselves, and of Perl's; the others are Python's."""
    servers = ("apache2", "h2o", "lighttpd", "nginx", "node")
    said = {name: _first_line(name, "-v") for name in servers if shutil.which(name)}
    versions = {name: found[0] for name, line in said.items() if (found := re.search(r"\d+\.\d[\w.+~-]*", line))}
    net_server = _first_line("/usr/bin/perl", "-MNet::Server", "-e", "print $Net::Server::VERSION, ', Perl ', $^V")
    if net_server[:1].isdigit():
        versions["Net::Server"] = net_server
    return versions


def _commit():
    """What is measured, whatever has been written down since."""
    measured = ("include", "src", "cli", "examples")
    changed = _first_line("git", "status", "--porcelain", "--untracked-files=no", "--", *measured)
    return _first_line("git", "rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")


def _cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def facts(places):
    account = open_account()
    account.close()
    return {
        "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {
            "cpu": _cpu_model(),
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "libc": " ".join(platform.libc_ver()),
            "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            "load_average": round(os.getloadavg()[0], 2),
            "cpu_accounting": account.kind,
        },
        "versions": {
            "brood": _first_line(str(places["brood"]), "--version") if places["brood"] else "",
            "commit": _commit(),
            "compiler": _first_line(os.environ.get("CC", "cc"), "--version"),
            "python": platform.python_version(),
            **_peers(),
        },
        "notes": [account.note] if account.note else [],
    }
