# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests 4 to 8: what cannot be loaded is refused with a reason, and the old version serves on."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import re
import socket
import struct
import subprocess

from support import peers, wait
from support.case import Skip, main
from support.reload import AHEAD, ReloadCase, pipeline
from support.server import SANITIZED, TEST_PLUGINS, servers
from support.subject import build

E_CLASS, E_MACHINE = 4, 18  # Offsets in an ELF header.


def patched(octets, offset, value):
    return octets[:offset] + value + octets[offset + len(value):]


def misfit(name):
    return (TEST_PLUGINS / f"misfit_{name}.so").read_bytes()


class Refused(ReloadCase):
    def refuse(self, octets, *words, reason="plugin_damaged"):
        """A reload with this file fails in one line that has these words, and changes nothing."""
        self.subject.by_move_of(octets)
        said = self.reload_fails(reason)
        for word in words:
            self.assertIn(word.lower(), said.lower())
        self.assertIn("subject", said)
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertEqual(self.server.version(), 1)
        return said

    def reload_fails(self, reason):
        """Reloads, which must fail and be counted with this reason and no other."""
        before = self.reasons()
        failures = self.failures()
        said = self.server.reload_fails()
        self.assertEqual(self.reasons(), before | {reason: before[reason] + 1}, said)
        self.assertEqual(self.failures(), failures + 1)
        return said

    def reasons(self):
        """How many reloads have failed for each reason."""
        pattern = re.compile(r'dnsloom_host_reload_failures_total\{reason="(\w+)"\}')
        found = {pattern.fullmatch(key): value for key, value in self.server.metrics().items()}
        return {match[1]: value for match, value in found.items() if match}

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
                ("an undefined symbol", misfit("undefined"), ["loom_test_nowhere"])):
            with self.subTest(what):
                self.refuse(octets, *words)

    def test_5_another_abi(self):
        self.serve(pipeline(""))
        for name, word in (("major", "abi"), ("minor", "abi"), ("service", "loom.nowhere/1")):
            with self.subTest(name):
                self.refuse(misfit(name), word, reason="plugin_abi")

    def test_5_plugin_that_is_nowhere(self):
        self.serve(pipeline(""))
        self.server.write(servers('[{ plugin = "subjekt" }]'))

        said = self.reload_fails("plugin_missing")

        self.assertIn(f"{self.subject.folder}/subjekt.so", said)
        self.assertIn('did you mean "subject"?', said)

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

        said = self.reload_fails("create")

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

        said = self.reload_fails("config")

        self.assertRegex(said, r"dnsloom\.toml:\d+:\d+:")
        self.assertEqual(self.server.version(), 1)

    def test_6_mistake_in_an_option_keeps_the_old_generation(self):
        self.serve(pipeline(""))
        self.server.write(pipeline(", lable = 7"))

        self.assertIn("lable", self.reload_fails("config"))
        self.assertEqual(self.server.version(), 1)

    def test_6_port_that_is_taken_keeps_the_old_generation(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.serve(pipeline(""))
            self.server.write(pipeline("") + servers(zones='["more.test"]', listen=f"tcp://127.0.0.1:{port}"))
            self.assertIn(str(port), self.reload_fails("bind"))
            self.server.write(pipeline("", ahead=f'{{ plugin = "metrics", listen = "127.0.0.1:{port}" }}'))
            self.assertIn(str(port), self.reload_fails("bind"))
        self.assertEqual(self.server.version(), 1)
        self.wait_unloaded()

    def test_6_start_error_keeps_the_old_generation(self):
        self.serve(pipeline(""))
        self.server.write(pipeline(', fault = "start"'))

        self.assertIn("as it was told to", self.reload_fails("start"))
        self.assertEqual(self.server.version(), 1)
        self.wait_unloaded()

    def test_7_crashes_and_hangs_are_caught(self):
        self.serve(pipeline(""))
        load = self.load(rate=500.0)
        for fault in ("create_throws", "create_aborts", "create_hangs", "static_throws", "static_aborts", "static_hangs"):
            with self.subTest(fault):
                self.refuse(build(2, fault), reason="create" if fault == "create_throws" else "plugin_crashed")
        self.assert_clean(load)

    def test_7_plugin_that_crashes_is_tried_once(self):
        twice = servers(f'[{AHEAD}, {{ plugin = "subject" }}, {{ plugin = "subject" }}]')
        self.serve(twice)

        self.refuse(build(2, "create_aborts"), reason="plugin_crashed")

    def test_12_thread_that_is_left_keeps_its_code(self):
        """As the code may be run by that thread, it is not unmapped, and that is reported."""
        if SANITIZED:
            raise Skip("keeps every copy")
        self.serve(pipeline(', fault = "thread_leaks"'))
        before = self.server.threads()
        self.subject.by_move(2)
        self.server.write(pipeline(""))
        self.server.reload()

        wait.until(lambda: "pinned\t" in self.server.ctl("plugins").stdout, "the old code is reported")
        line = next(line for line in self.server.ctl("plugins").stdout.splitlines() if line.startswith("pinned\t"))
        self.assertIn("still run", line)
        self.assertIn(str(self.subject.path), line)
        self.assertEqual(len(self.server.plugin_maps("subject")), 2)
        self.assertEqual(self.server.threads(), before)
        self.assertEqual(self.server.version(), 2)
        self.subject.by_move(3)
        self.server.reload()
        wait.until(lambda: len(self.server.plugin_maps("subject")) == 2, "other code is unmapped as ever")

    def test_8_worker_init_fails_on_one_worker(self):
        self.serve(pipeline(""))
        load = self.load()
        self.server.write(pipeline(', fault = "worker_init"'))

        said = self.reload_fails("start")

        self.assertIn("worker", said)
        self.assertEqual(self.server.version(), 1)
        self.wait_unloaded()
        self.assert_clean(load)


if __name__ == "__main__":
    main()
