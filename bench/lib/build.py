# SPDX-License-Identifier: MIT
"""Everything a suite runs, built into a directory that the caller throws away; brood itself by ./dev build."""

import os
import shlex
import subprocess
from pathlib import Path

from lib.server import Failed

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers" / "usr"  # where tools/fetch-peers unpacks them
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-O2"]


def find_peers():
    """For this process and all that it starts."""
    os.environ["PATH"] = os.pathsep.join([str(PEERS / "sbin"), str(PEERS / "bin"), os.environ["PATH"]])


def write_files(sizes, directory):
    directory.mkdir(exist_ok=True)
    for size in sizes:
        (directory / str(size)).write_bytes(os.urandom(size))


def compile_c(source, target):
    file, *flags = shlex.split(source)
    flags = [f"-I{ROOT / flag[2:]}" if flag.startswith("-I") else flag for flag in flags]
    _run([os.environ.get("CC", "cc"), *FLAGS, str(ROOT / file), "-o", str(target), *flags], f"compiling {file}")


def build_brood():
    """The command as shipped. Its place is a promise of ./dev build."""
    if not (ROOT / "dev").exists():
        raise Failed("there is no ./dev to build brood with; give --brood PATH, or leave brood out with --only.")
    _run([str(ROOT / "dev"), "build"], "./dev build")
    return ROOT / "build" / "brood"


def build_suite(suite, contenders, work, brood):
    """Returns the places that commands name."""
    sources = {contender.source for contender in contenders if contender.source}
    sources |= {contender.client_source for contender in contenders if contender.client_source}
    if any(contender.needs_brood for contender in contenders) or any("{library}" in s for s in sources):
        brood = Path(brood or build_brood())
    for source in sources:
        name = Path(source.split()[0]).stem + (".so" if "-shared" in source else "")
        compile_c(source.replace("{library}", str(brood and brood.parent / "src" / "libbrood.a")), work / name)
    if suite.client:
        compile_c(f"bench/{suite.client}.c", work / suite.client)
    write_files(suite.files, work / "files")
    load = brood and brood.parent / "brood-load"
    places = {"bare": work, "work": work, "peers": ROOT / "bench" / "peers", "brood": brood}
    return {**places, "brood_load": load if load and load.exists() else None}


def _run(command, what):
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, check=False
    )
    if result.returncode != 0:
        raise Failed(f"{what} failed:\n{result.stdout[-2000:]}")
