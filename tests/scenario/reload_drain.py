# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests 9 and 10: queries that are suspended while the plugin under them is replaced."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message, wait
from support.case import main
from support.reload import ReloadCase, pipeline, times


class Drain(ReloadCase):
    def suspend(self, count):
        """A connection with `count` queries that are suspended in the subject."""
        connection = self.enter(self.server.connect())
        connection.send(*[message.query(f"n{number}.test", "TXT", id=number) for number in range(count)])
        wait.until(lambda: self.server.metric("dnsloom_subject_suspended_total") >= count,
                   f"{count} queries are suspended")
        return connection

    def test_9_suspended_queries_are_answered_by_the_old_plugin(self):
        count = times(1000)
        self.serve(pipeline(""), tcp_pipeline=count, drain_timeout="30s")
        self.server.write(pipeline(', delay = "3s"'))
        self.server.reload()
        connection = self.suspend(count)

        self.subject.by_move(2)
        self.server.write(pipeline(""))
        self.server.reload()

        self.assertEqual(self.server.version(), 2, "new queries do not wait for the old ones")
        self.assertEqual(len(self.server.plugin_maps("subject")), 2, "the old plugin is still needed")
        replies = [connection.receive() for _ in range(count)]
        self.assertEqual({reply.id for reply in replies}, set(range(count)))
        versions = {message.txt_strings(reply.answer[0].rdata)[1] for reply in replies}
        self.assertEqual(versions, {"00000001"})
        self.wait_unloaded()

    def test_10_drain_timeout_ends_what_never_resumes(self):
        self.serve(pipeline(""), drain_timeout="300ms", query_timeout="60s")
        self.server.write(pipeline(', fault = "never_resumes"'))
        self.server.reload()
        connection = self.suspend(50)

        self.subject.by_move(2)
        self.server.write(pipeline(""))
        self.server.reload()

        replies = [connection.receive() for _ in range(50)]
        self.assertEqual({reply.rcode for reply in replies}, {"SERVFAIL"})
        self.assertEqual(len({reply.id for reply in replies}), 50)
        self.assertEqual(self.server.version(), 2)
        self.wait_unloaded()
        self.assertEqual(self.server.metric("dnsloom_subject_cancelled_total"), 50)
        self.assertEqual(self.server.metric("dnsloom_subject_stale_total"), 50)


if __name__ == "__main__":
    main()
