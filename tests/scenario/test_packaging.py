# SPDX-License-Identifier: MIT
"""What packaging/ installs is what systemd understands, and is enough to serve."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness import clients, processes
from harness.command import brood as run_brood
from harness.patience import BROOD, LONG, ROOT

PACKAGING = ROOT / "packaging"
UNITS = ["brood.service", "brood.socket", "brood@.service", "brood@.socket"]
EXPOSURE = 50  # of systemd-analyze security, where 100 is a service that nothing holds back
NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@pytest.fixture(name="units")
def installed_units(tmp_path):
    """As they would be installed next to the command under test; an instance stands for each template."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "brood").symlink_to(BROOD)
    for name in UNITS:
        source = PACKAGING / "systemd" / name
        text = (source if source.exists() else source.with_name(name + ".in")).read_text("utf-8")
        text = text.replace("@bindir@", str(binaries)).replace("@sysconfdir@", "/etc")
        assert not re.search(r"@\w+@", text), "nothing is left to be filled in"
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def analyze(*words):
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=LONG,
                          check=False)


@needs("systemd-analyze")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_each_unit(units, name):
    """A key that it does not know is a warning, and status 0."""
    done = analyze("verify", "--man=no", units / name.replace("@.", "@instance."))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs("systemd-analyze")
def test_a_misspelt_key_would_be_noticed(units):
    path = units / "brood.service"
    path.write_text(path.read_text("utf-8").replace("KillMode=", "KilMode="), "utf-8")
    assert "KilMode" in analyze("verify", "--man=no", path).stderr


@needs("systemd-analyze")
@pytest.mark.parametrize("name", ["brood.service", "brood@.service"])
def test_the_services_are_held_back(units, name):
    done = analyze("security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE}",
                   units / name.replace("@.", "@instance."))
    assert done.returncode == 0, done.stdout + done.stderr


def setting(units, name, key):
    (value,) = re.findall(rf"^{key}=(.*)$", (units / name).read_text("utf-8"), re.M)
    return value


@needs_root
def test_the_capabilities_of_the_unit_are_enough(units, start, tmp_path):
    """To open a low port and a socket of another's, become a user, see less, and end what is that user's."""
    kept = ",".join("+" + name.removeprefix("CAP_").lower()
                    for name in setting(units, "brood.service", "CapabilityBoundingSet").split())
    directory = tmp_path / "run"
    directory.mkdir()
    os.chmod(tmp_path, 0o755)
    in_unit = ["unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
               "setpriv", "--no-new-privs", f"--bounding-set=-all,{kept}", "--"]
    brood = start("--user", "nobody", "--chroot", directory, "echo", prefix=in_unit,
                  listen=["tcp://127.0.0.1:80", f"unix:{directory}/socket?mode=0600&owner=nobody"], warm=False)
    brood.checked = False  # its TCP port is in a network of its own
    assert clients.ask(f"unix:{directory}/socket", b"hello") == b"hello"
    assert int(processes.status_field(brood.supervisor, "CapBnd"), 16).bit_count() == kept.count("+")
    assert processes.status_field(brood.service, "Uid").split() == [str(NOBODY)] * 4
    assert brood.stop() == 0


def example():
    """Its user is made when it is installed."""
    return (PACKAGING / "brood.ini").read_text("utf-8").replace("= brood\n", "= nobody\n")


def test_the_example_is_right(tmp_path):
    (tmp_path / "brood.ini").write_text(example(), "utf-8")
    done = run_brood("check", "-c", tmp_path / "brood.ini")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_is_right_when_all_of_it_is_used(tmp_path):
    """What is commented out, too, but for what names files of nobody's."""
    config = tmp_path / "brood.ini"
    text = re.sub(r"^# (?=\w+ += )", "", example(), flags=re.M)
    text = text[:text.index("# [service mine]")].replace("listen  = tcp://127.0.0.1:8999\n", "")
    config.write_text(text, "utf-8")
    done = run_brood("check", "-c", config, "--print")
    assert (done.returncode, done.stderr) == (0, "")
    assert "listen = fd://calc" in done.stdout and "control = /run/brood/control.sock" in done.stdout


@needs_root
@needs("systemd-sysusers")
@needs("systemd-tmpfiles")
def test_user_and_directories_are_made(tmp_path):
    for directory in ("etc", "run", "var/log"):
        (tmp_path / directory).mkdir(parents=True)
    for name in ("passwd", "group"):
        (tmp_path / "etc" / name).write_text("root:x:0:0::/:\n" if name == "passwd" else "root:x:0:\nadm:x:4:\n")
    for program, *words in (["systemd-sysusers", PACKAGING / "sysusers.conf"],
                            ["systemd-tmpfiles", "--create", PACKAGING / "tmpfiles.conf"]):
        done = subprocess.run([program, f"--root={tmp_path}", *words], capture_output=True, text=True, timeout=LONG,
                              check=False)
        assert done.returncode == 0, done.stderr
    assert re.search(r"^brood:", (tmp_path / "etc/passwd").read_text(), re.M)
    assert pathlib.Path(tmp_path / "run/brood").stat().st_mode & 0o777 == 0o755
    assert pathlib.Path(tmp_path / "var/log/brood").stat().st_gid == 4
