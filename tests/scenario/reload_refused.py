# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests 4 to 8: what cannot be loaded is refused with a reason, and the old version serves on."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import struct
import subprocess

from support import peers
from support.case import main
from support.reload import ReloadCase, pipeline
from support.server import SANITIZED, TEST_PLUGINS
from support.subject import build

E_CLASS, E_MACHINE = 4, 18  # Offsets in an ELF header.


def patched(octets, offset, value):
    return octets[:offset] + value + octets[offset + len(value):]


def misfit(name):
    return (TEST_PLUGINS / f"misfit_{name}.so").read_bytes()


class Refused(ReloadCase):
    def refuse(self, octets, *words):
        """A reload with this file fails in one line that has these words, and changes nothing."""
        failures = self.failures()
        self.subject.by_move_of(octets)
        said = self.server.reload_fails()
        for word in words:
            self.assertIn(word.lower(), said.lower())
        self.assertIn("subject", said)
        self.assertEqual(self.server.version(), 1)
        self.assertGreater(self.failures(), failures)
        return said

    def test_4_truncation_sweep(self):
        self.serve(pipeline(""))
        small = self.folder / "small.so"
        small.write_bytes(build(2))
        subprocess.run([peers.tool("strip"), str(small)], check=True)
        octets = small.read_bytes()
        load = self.load(rate=500.0)
        for size in range(0, len(octets), 128 if not SANITIZED else 1024):
            with self.subTest(size=size):
                self.refuse(octets[:size])
        self.subject.by_move_of(octets)
        self.server.reload()
        self.assertEqual(self.server.version(), 2)
        self.assert_clean(load)

    def test_5_files_that_do_not_fit(self):
        self.serve(pipeline(""))
        good = build(2)
        for what, octets, words in (
                ("another machine", patched(good, E_MACHINE, struct.pack("<H", 183)), ["aarch64"]),
                ("32 bits", patched(good, E_CLASS, b"\1"), ["64-bit"]),
                ("a text file", b"#!/bin/sh\necho plugin\n" * 100, ["shared object"]),
                ("an empty file", b"", ["empty"]),
                ("an executable stack", misfit("stack"), ["stack"]),
                ("no module symbol", misfit("symbol"), ["loom_module_0"]),
                ("no note", misfit("note"), ["note"]),
                ("another major", misfit("major"), ["abi"]),
                ("a newer minor", misfit("minor"), ["abi"]),
                ("an unknown service", misfit("service"), ["loom.nowhere/1"]),
                ("an undefined symbol", misfit("undefined"), ["loom_test_nowhere"])):
            with self.subTest(what):
                self.refuse(octets, *words)

    def test_5_file_that_is_gone(self):
        self.serve(pipeline(""))
        self.subject.path.rename(self.folder / "gone.so")
        # The same plugin is in the test build's folder, further back in plugin_path: the copy there is version 1.
        self.server.reload()
        self.assertEqual(self.server.version(), 1)

    def test_6_create_error_keeps_the_old_generation(self):
        self.serve(pipeline(""))
        self.server.write(pipeline(', fault = "create_error"'))
        text = self.server.config.read_text()
        line = next(n for n, content in enumerate(text.splitlines(), 1) if "create_error" in content)

        said = self.server.reload_fails()

        self.assertIn(f"dnsloom.toml:{line}:", said)
        self.assertIn("as it was told to", said)
        self.assertIn("as it was told to", self.server.ctl("status").stdout)
        self.assertEqual(self.server.version(), 1)
        self.server.write(pipeline(', label = "good again"'))
        self.server.reload()
        self.assertEqual(self.server.version(), 1)

    def test_6_mistake_in_the_file_keeps_the_old_generation(self):
        self.serve(pipeline(""))
        self.server.write("[[server]\n")

        said = self.server.reload_fails()

        self.assertRegex(said, r"dnsloom\.toml:\d+:\d+:")
        self.assertEqual(self.server.version(), 1)

    def test_6_start_error_keeps_the_old_generation(self):
        self.serve(pipeline(""))
        self.server.write(pipeline(', fault = "start"'))

        self.assertIn("as it was told to", self.server.reload_fails())
        self.assertEqual(self.server.version(), 1)
        self.wait_unloaded()

    def test_7_crashes_and_hangs_are_caught(self):
        self.serve(pipeline(""))
        load = self.load(rate=500.0)
        for fault in ("create_throws", "create_aborts", "create_hangs", "static_throws", "static_aborts", "static_hangs"):
            with self.subTest(fault):
                self.refuse(build(2, fault))
        self.assert_clean(load)

    def test_8_worker_init_fails_on_one_worker(self):
        self.serve(pipeline(""))
        load = self.load()
        self.server.write(pipeline(', fault = "worker_init"'))

        said = self.server.reload_fails()

        self.assertIn("worker", said)
        self.assertEqual(self.server.version(), 1)
        self.wait_unloaded()
        self.assert_clean(load)


if __name__ == "__main__":
    main()
