# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests 1 to 3: a plugin's file is replaced under load, in every way people do it."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import os
import subprocess
import unittest

from support import wait
from support.case import main
from support.reload import ReloadCase, dnsperf, pipeline, times
from support.server import BINARY, SANITIZED

# Switches the drain off, in builds that have test hooks: NAME=VALUE.
NO_DRAIN = os.environ.get("DNSLOOM_NO_DRAIN", "DNSLOOM_TEST_NO_DRAIN=1")


class Replace(ReloadCase):
    def test_1_replace_by_move_under_load(self):
        self.serve(watch=True)
        load = self.load()
        load.wait_answers(100)
        last = times(300)
        for version in range(2, last + 1):
            self.subject.by_move(version)
            self.wait_version(version)
        load.wait_answers(100)

        report = self.assert_clean(load)

        self.assertGreater(len(report.versions), last * 9 // 10)
        self.assertEqual(self.failures(), 0)
        self.wait_unloaded()

    def test_1_replace_under_dnsperf(self):
        self.serve(pipeline(""))
        stop = dnsperf(self.server.port, self.folder)
        for version in range(2, times(100) + 2):
            self.subject.by_move(version)
            self.server.reload()
        sent, lost, rcodes = stop()

        self.assertEqual(lost, 0)
        self.assertEqual(set(rcodes), {"NOERROR"})
        self.assertGreater(sent, times(100))

    @unittest.skipIf(SANITIZED, "a host that keeps old code does not miss it")
    def test_negative_control_without_drain(self):
        """The same swap with the drain removed must go wrong: else these tests could not see a loss."""
        name, value = NO_DRAIN.split("=")
        self.serve(pipeline(', delay = "50ms"'), env={name: value})
        load = self.load()
        load.wait_answers(100)
        for version in range(2, 8):
            self.subject.by_move(version)
            self.reload_or_fail(load)
        try:
            faults = load.stop().faults()
        except OSError:
            faults = "the port is closed"
        if self.server.is_running():
            self.server.kill()

        self.assertNotEqual(faults, "", f"{NO_DRAIN} made no difference")

    def reload_or_fail(self, load):
        """Until the reload is done, or the server is dead, or it hangs."""
        caller = subprocess.Popen([BINARY, "ctl", "-s", str(self.server.control), "reload"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait.until(lambda: caller.poll() is not None or not self.server.is_running() or load.is_stalled(),
                   "the reload ends one way or the other")
        caller.kill()
        caller.wait()


class Ways(ReloadCase):
    """One change is one reload; what changes nothing is none."""

    def setUp(self):
        super().setUp()
        self.serve(watch=True)
        self.running = self.load()

    def change(self, replace, version):
        before = self.generation()
        replace(version)
        self.wait_version(version)
        self.assertEqual(self.generation(), before + 1)

    def test_2_install_rsync_relink_symlink(self):
        subject = self.subject

        def relink(version):  # As ld does it: the old file goes, a new one is written.
            subject.path.unlink()
            subject.in_place(version)

        ways = [subject.by_move, subject.in_place, subject.by_install, subject.by_rsync, relink, subject.by_symlink,
                subject.by_symlink]
        for version, way in enumerate(ways, start=2):
            with self.subTest(way=getattr(way, "__name__", way)):
                self.change(way, version)
        self.assert_clean(self.running)

    def test_2_touch_and_identical_content_are_no_reload(self):
        before = self.generation()

        os.utime(self.subject.path)
        self.subject.by_move(1)
        self.subject.in_place(1)
        self.subject.path.chmod(0o600)
        self.change(self.subject.by_move, 2)  # Events come in order: what was before has been seen.

        self.assertEqual(self.generation(), before + 1)
        self.assert_clean(self.running)


class SlowCopy(ReloadCase):
    def test_3_slow_copy_over_the_file(self):
        self.serve(watch=True, debounce="1ms")
        load = self.load()
        for _ in self.subject.slowly(2, step=4096):
            load.wait_answers(20)  # Several times the debounce time.
            self.assertEqual(self.server.version(), 1)
        self.wait_version(2)

        self.assertEqual(self.failures(), 0)
        self.assert_clean(load)


if __name__ == "__main__":
    main()
