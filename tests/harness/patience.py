# SPDX-License-Identifier: MIT
"""Which command is under test, and how much longer than usual everything may take."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROOD = pathlib.Path(os.environ.get("BROOD", ROOT / "build" / "brood")).resolve()


def _is_sanitized():
    symbols = subprocess.run(["nm", "-D", BROOD], capture_output=True, text=True, check=False).stdout
    return "__asan_" in symbols or "__tsan_" in symbols


SANITIZED = _is_sanitized()

# A sanitizer makes a fork some ten times dearer. PATIENCE in the environment is for machines that are slow otherwise.
SCALE = float(os.environ.get("PATIENCE", 5 if SANITIZED else 1))

# Nobody waits longer than this for anything that is not a measured promise.
LONG = 15 * SCALE
