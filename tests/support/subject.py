# SPDX-License-Identifier: Apache-2.0
"""Builds of the test plugin `subject`, made from one file by writing a version or a fault into it."""
import os
import shutil
import subprocess
from pathlib import Path

from .server import TEST_PLUGINS

SOURCE = TEST_PLUGINS / "subject.so"
VERSION_MARK, VERSION_SIZE = b"LOOM-TEST-VERSION=", 8
FAULT_MARK, FAULT_SIZE = b"LOOM-TEST-FAULT=", 16


def build(version, fault=""):
    """The file's octets."""
    octets = SOURCE.read_bytes()
    octets = _overwrite(octets, VERSION_MARK, b"%0*d" % (VERSION_SIZE, version), VERSION_SIZE)
    return _overwrite(octets, FAULT_MARK, fault.encode().ljust(FAULT_SIZE, b"-"), FAULT_SIZE)


def _overwrite(octets, mark, text, size):
    """Writes behind the mark where a terminated text of `size` octets follows; that leaves out the mark itself, which the
    code has, too."""
    assert len(text) == size, text
    at = octets.find(mark)
    while at >= 0:
        end = at + len(mark) + size
        if octets[end:end + 1] == b"\0" and b"\0" not in octets[at:end]:
            octets = octets[:at + len(mark)] + text + octets[end:]
        at = octets.find(mark, at + 1)
    assert mark + text in octets, mark
    return octets


class Subject:
    """The file `subject.so` in a plugin folder, and the ways in which people replace it."""

    def __init__(self, folder, version=1):
        self.folder = Path(folder) / "plugins"
        self.folder.mkdir()
        self.path = self.folder / "subject.so"
        self.path.write_bytes(build(version))

    def by_move(self, version, fault=""):
        self.by_move_of(build(version, fault))

    def by_move_of(self, octets):
        new = self.folder / ".subject.so.new"
        new.write_bytes(octets)
        os.replace(new, self.path)

    def in_place(self, version, fault=""):
        """As `cp` does it: the same file, truncated and written again."""
        self.path.write_bytes(build(version, fault))

    def by_install(self, version):
        self._by_command(version, "install", "-m", "644")

    def by_rsync(self, version):
        self._by_command(version, "rsync", "--checksum")

    def _by_command(self, version, *command):
        source = self.folder.parent / f"subject-{version}.so"
        source.write_bytes(build(version))
        subprocess.run([*command, str(source), str(self.path)], check=True)

    def by_symlink(self, version):
        """As Kubernetes swaps a ConfigMap: the link's target changes, in one step."""
        target = self.folder.parent / f"data-{version}"
        target.mkdir()
        (target / "subject.so").write_bytes(build(version))
        link = self.folder / ".link"
        link.symlink_to(target / "subject.so")
        os.replace(link, self.path)

    def slowly(self, version, step=1024):
        """Writes over the file bit by bit; yields after each."""
        octets = build(version)
        with open(self.path, "r+b") as file:
            file.truncate(0)
            for at in range(0, len(octets), step):
                file.write(octets[at:at + step])
                file.flush()
                yield at

    def copy_of(self, path):
        new = self.folder / ".subject.so.new"
        shutil.copyfile(path, new)
        os.replace(new, self.path)
