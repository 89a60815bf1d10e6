# SPDX-License-Identifier: MIT
"""A loopback of its own, where every port is free: for what has to be served on the ports that the documentation names."""
import subprocess

from harness.patience import LONG

# In front of a command. Needs root.
IN_OWN_NETWORK = ("unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def inside(pid, *command, **options):
    """Run in the network of another process."""
    return subprocess.run(["nsenter", "-t", str(pid), "-n", "--", *command], capture_output=True, text=True,
                          timeout=LONG, check=False, **options)
