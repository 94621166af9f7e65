# SPDX-License-Identifier: Apache-2.0
"""The lb plugin in front of a scripted upstream with several addresses."""
import collections
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message, wait
from support.case import Case, main
from support.server import Dnsloom, servers
from support.upstream import Upstream

# On loopback, so that probes of them stay in the machine.
ADDRESSES = [bytes([127, 0, 0, last]) for last in (31, 32, 33)]


def addresses(octets, _transport):
    name, _, _ = message.parse(octets).question[0]
    return message.response(octets, [(name, "A", 300, address) for address in ADDRESSES])


class Ordered(Case):
    def serve(self, options, cached=True):
        upstream = self.enter(Upstream(addresses))
        steps = f'[{{ plugin = "lb"{options} }}, ' + ('{ plugin = "cache" }, ' if cached else "") + \
            f'{{ plugin = "forward", to = ["127.0.0.1:{upstream.port}"] }}]'
        self.server = self.enter(Dnsloom(self.folder, servers(steps)))
        return self.server

    def order(self, name="www.test"):
        return [record.rdata[3] for record in self.server.ask(name).answer]

    def firsts(self, tries=60):
        return collections.Counter(self.order()[0] for _ in range(tries))

    def test_cached_answers_come_in_another_order_each_time(self):
        self.serve("")

        self.assertEqual(set(self.firsts()), {31, 32, 33})
        self.assertEqual(sorted(self.order()), [31, 32, 33])
        self.assertGreater(self.server.metric("dnsloom_lb_reordered_total"), 20)

    def test_sticky_order_stays(self):
        self.serve(", sticky = true")

        self.assertEqual(len(self.firsts()), 1)

    def test_preferred_network_comes_first(self):
        self.serve(', prefer = ["127.0.0.32"]')

        self.assertEqual(set(self.firsts()), {32})

    def test_weight_file_is_read_again(self):
        weights = self.folder / "weights"
        weights.write_text("www.test\n127.0.0.31 1\n127.0.0.32 255\n127.0.0.33 1\n")
        self.serve(f', policy = "weighted", weight_file = "{weights}"')
        self.assertGreater(self.firsts()[32], 45)

        new = self.folder / "weights.new"
        new.write_text("www.test\n127.0.0.33 255\n")
        new.replace(weights)
        self.server.wait_log("weights loaded again")
        self.assertGreater(self.firsts()[33], 45)

        weights.write_text("www.test\n127.0.0.33 many\n")
        self.server.wait_log("weight file refused.*:2: .*no weight")
        self.assertGreater(self.firsts()[33], 45)

    def test_address_that_is_down_goes_last_until_it_is_up(self):
        listener = self.listen("127.0.0.32")
        port = listener.getsockname()[1]
        self.serve(f', policy = "keep", health = {{ networks = ["127.0.0.0/8"], port = {port}, '
                   'interval = "300ms", timeout = "300ms" }')
        wait.until(lambda: self.order() == [32, 31, 33], "the addresses that are down go last")

        second = self.listen("127.0.0.31", port)
        wait.until(lambda: self.order() == [31, 32, 33], "the address that is up again goes back")
        second.close()

    def listen(self, address, port=0):
        listener = socket.create_server((address, port), backlog=64)
        self.addCleanup(listener.close)
        return listener


if __name__ == "__main__":
    main()
