# SPDX-License-Identifier: MIT
"""A command whose binary is replaced while it runs."""
import pathlib
import re
import shutil
import signal

from harness.command import brood
from harness.patience import BROOD, LONG
from harness.supervise_helpers import Supervised


class Upgradable(Supervised):
    """A copy of the command, which is replaced while it runs. config: the text of the file that it serves."""

    def __init__(self, directory, *arguments, config=None, **options):
        self.binary = directory / "brood"
        self.path = directory / "brood.ini"
        self.upgrades = self.failures = 0
        self.install(BROOD)
        if config:
            self.path.write_text(config)
            arguments = ("-c", self.path, *arguments)
        super().__init__(*arguments, command=self.binary, **options)

    def install(self, source, mode=0o755):
        """Beside the old one, then in its place: as a package manager does."""
        beside = self.binary.with_suffix(".new")
        shutil.copy(source, beside)
        beside.chmod(mode)
        beside.replace(self.binary)

    def install_patched(self, text, other):
        """The same, but for one of its texts."""
        image = pathlib.Path(BROOD).read_bytes()
        assert b"\0" + text + b"\0" in image
        patched = self.binary.with_suffix(".patched")
        patched.write_bytes(image.replace(b"\0" + text + b"\0", b"\0" + other + b"\0"))
        self.install(patched)
        patched.unlink()

    def install_another_version(self):
        version = re.search(rb"[0-9.]+", brood("--version").stdout.encode())[0]
        self.install_patched(version, version.replace(b"0", b"9"))

    def upgrade(self):
        self.upgrades += 1
        self.send(signal.SIGUSR2)
        self.wait_for(r"(?m)\] upgraded version=", self.upgrades)

    def upgrade_in_vain(self, seconds=LONG):
        """The reason."""
        self.failures += 1
        self.send(signal.SIGUSR2)
        return self.wait_for(r"(?m)\] upgrade failed, .* why=(.*)$", self.failures, seconds)[-1]


def service(handler, *lines, listen=("tcp://127.0.0.1:0",)):
    text = f"[service web]\nhandler = {handler}\nlinger-timeout = 100ms\n"
    return text + "".join(f"listen = {url}\n" for url in listen) + "".join(f"{line}\n" for line in lines)
