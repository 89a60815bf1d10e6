# SPDX-License-Identifier: MIT
"""The command run to its end, and the one sentence of a refusal."""
import os
import re
import subprocess

from harness.patience import BROOD, LONG

USAGE, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, NO_PERMISSION, CONFIGURATION = 64, 66, 69, 73, 77, 78


def brood(*words, env=None, cwd=None, command=BROOD, **options):
    """options: more for subprocess.run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BROOD")}
    environment.update(env or {})
    return subprocess.run([str(command), *map(str, words)], capture_output=True, text=True, timeout=LONG, cwd=cwd,
                          env=environment, check=False, **options)


def assert_refused(result, status, sentence):
    """Exactly one line, on standard error."""
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert re.fullmatch(r"brood: [^\n]+\n", result.stderr), result.stderr
    assert sentence in result.stderr
