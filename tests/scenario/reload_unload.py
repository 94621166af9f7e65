# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests 11 and 12: a replaced plugin is really gone, and what pins one is reported."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import wait
from support.case import main
from support.reload import ReloadCase, pipeline, times
from support.server import SANITIZED

SLOPE = 1024  # Octets of memory a reload may cost, seen over many.


class Unload(ReloadCase):
    def footprint(self):
        self.wait_unloaded()
        server = self.server
        return {"mappings": len(server.maps()), "descriptors": server.descriptors(), "threads": server.threads(),
                "files": len(list(server.run_dir.rglob("*subject*")))}

    def is_no_more_than(self, before):
        return all(count <= before[what] for what, count in self.footprint().items())

    def test_11_nothing_is_left_of_a_thousand_reloads(self):
        self.serve(pipeline(""))
        warm_up, count = times(100), times(1000)

        def reload_to(versions):
            for version in versions:
                self.subject.by_move(version)
                self.server.reload()

        reload_to(range(2, warm_up))
        self.assertEqual(self.server.version(), warm_up - 1)
        before, memory = self.footprint(), self.server.rss()
        reload_to(range(warm_up, warm_up + count))

        after = self.footprint()
        if not SANITIZED:  # It keeps all copies, and its allocator maps as it likes.
            self.assertLessEqual(after["files"], before["files"] + 16, "private copies are removed")
            self.assertLess((self.server.rss() - memory) / count, SLOPE)
            self.assertLessEqual(after["mappings"], before["mappings"] + 4)
        self.assertEqual(after["threads"], before["threads"])
        # The connection of the last `ctl` may still be closing.
        wait.until(lambda: self.server.descriptors() <= before["descriptors"], "no descriptor is left open")
        self.assertEqual(self.server.version(), warm_up + count - 1)

    def test_11_reloads_without_a_change_leave_everything_as_it_is(self):
        self.serve(pipeline(""))
        instance = self.server.subject()
        before = self.footprint()
        for _ in range(20):
            self.server.reload()

        self.assertEqual(self.server.subject(), instance)
        # The connection of the last `ctl` may still be closing, now as before.
        wait.until(lambda: self.is_no_more_than(before), f"everything is as it was: {before}")

    def pinned(self):
        return self.server.metric("dnsloom_host_pinned_plugins")

    def pin(self, fault):
        """A version that pins itself is refused; or it is taken, and stays mapped when it is replaced."""
        self.serve(pipeline(""))
        self.subject.by_move(2, fault)
        taken = self.server.ctl("reload", check=False).returncode == 0
        self.assertEqual(self.server.version(), 2 if taken else 1)
        for version in range(3, 13):
            self.subject.by_move(version)
            self.server.reload()
        self.assertEqual(self.server.version(), 12)
        if taken and not SANITIZED:  # It keeps every copy.
            wait.until(lambda: self.pinned() == 1, "the old copy is reported")
            self.assertEqual(len(self.server.plugin_maps("subject")), 2)

    def test_12_thread_local_with_a_destructor(self):
        self.pin("thread_local")

    def test_12_leaked_thread(self):
        self.pin("thread_leaks")

    def test_12_timer_that_is_left_behind_is_cancelled(self):
        self.serve(pipeline(', fault = "timer_left"'))
        self.subject.by_move(2)
        self.server.reload()

        self.wait_unloaded()
        self.assertEqual(self.pinned(), 0)

    def test_keep_plugins_keeps_them(self):
        self.serve(pipeline(""), keep_plugins=True)
        for version in (2, 3):
            self.subject.by_move(version)
            self.server.reload()

        self.assertEqual(self.server.version(), 3)
        self.assertEqual(len(self.server.plugin_maps("subject")), 3)


if __name__ == "__main__":
    main()
