# SPDX-License-Identifier: Apache-2.0
"""What a start costs."""
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import peers, wait
from support.case import Case, Skip, main
from support.server import BINARY, SANITIZED, Dnsloom, servers

SIZE_MAX = 2 << 20  # Of the stripped binary.
FIRST_ANSWER = 0.050  # Seconds.
ZONES, ZONE_MAX = 100_000, 400  # So many zones, and the octets of memory for each.


class Cost(Case):
    def setUp(self):
        super().setUp()
        if SANITIZED:
            raise Skip("says nothing with a sanitizer")

    def test_stripped_binary_is_small(self):
        small = self.folder / "dnsloom"
        subprocess.run([peers.tool("strip"), "-o", str(small), shutil.which(BINARY)], check=True)

        self.assertLess(small.stat().st_size, SIZE_MAX)

    def test_first_answer_comes_soon(self):
        """The best of five: other work on the machine only ever adds."""
        times = []
        for _ in range(5):
            server = Dnsloom(self.folder, servers('[{ plugin = "log" }, { plugin = "cache" }, { plugin = "whoami" }]'))
            begin = time.monotonic()
            server.launch()
            try:
                wait.until(lambda: self.answers(server), "the first answer")
                times.append(time.monotonic() - begin)
            finally:
                server.stop()

        self.assertLess(min(times), FIRST_ANSWER)

    def test_a_zone_costs_little_memory(self):
        one = self.enter(Dnsloom(self.folder, servers(zones='["z0.test"]'))).rss()
        folder = self.folder / "many"
        folder.mkdir()
        names = ", ".join(f'"z{number}.test"' for number in range(ZONES))
        server = self.enter(Dnsloom(folder, servers(zones=f"[{names}]")))

        self.assertLess((server.rss() - one) / ZONES, ZONE_MAX)
        self.assertEqual(server.ask(f"www.z{ZONES - 1}.test").rcode, "NOERROR")
        self.assertEqual(server.ask(f"www.z{ZONES}.test").rcode, "REFUSED")

    @staticmethod
    def answers(server):
        try:
            return server.ask("first.test", timeout=0.05).rcode == "NOERROR"
        except (TimeoutError, ConnectionRefusedError):
            return False


if __name__ == "__main__":
    main()
