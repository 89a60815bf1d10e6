# SPDX-License-Identifier: MIT
"""C that the scenarios bring along: handlers to serve, libraries to preload. Compiled when first asked for."""
import functools
import subprocess

from harness.patience import ROOT

HANDLERS = ROOT / "tests" / "scenario" / "handlers"
PRELOADS = ROOT / "tests" / "harness"


@functools.lru_cache(maxsize=None)
def _compile(source, target):
    subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC",
                    "-shared", f"-I{ROOT / 'include'}", "-o", target, source], check=True)
    return target


def handler(directory, name):
    return _compile(HANDLERS / f"{name}.c", directory / f"{name}.so")


def preload(directory, name):
    return _compile(PRELOADS / f"{name}.c", directory / f"{name}.so")
