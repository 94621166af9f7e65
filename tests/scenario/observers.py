# SPDX-License-Identifier: Apache-2.0
"""whoami, log and metrics in a running server."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import json
import urllib.error

from support import client, message, wait
from support.case import Case, main
from support.server import Dnsloom, parse_metrics, servers, sum_metric


class Whoami(Case):
    def test_tells_the_clients_address_and_port(self):
        server = self.enter(Dnsloom(self.folder, servers()))

        udp = server.ask("who.test")
        tcp = server.tcp("who.test")

        self.assertEqual(udp.additional[0].text, "who.test. A 127.0.0.1")
        self.assertEqual((udp.additional[1].owner, tcp.additional[1].owner), ("_udp.who.test.", "_tcp.who.test."))
        self.assertTrue(udp.has(message.AA))


class Log(Case):
    def test_text_line_has_the_facts(self):
        server = self.enter(Dnsloom(self.folder, servers('[{ plugin = "log" }, { plugin = "whoami" }]')))

        server.ask("logged.test", "MX", do=True)

        server.wait_log(r"logged\.test\.")
        line = next(line for line in server.log().splitlines() if "logged.test." in line)
        for fact in ("MX", "NOERROR", "udp", "127.0.0.1"):
            self.assertIn(fact, line)

    def test_json_line_is_json(self):
        server = self.enter(Dnsloom(self.folder, servers('[{ plugin = "log" }, { plugin = "whoami" }]'),
                                    host={"log_format": "json"}))

        server.ask('js"on.test', "TXT")

        server.wait_log(r"js.*on\.test")
        lines = [json.loads(line) for line in server.log().splitlines() if line]
        (entry,) = [line for line in lines if "on.test" in json.dumps(line)]
        self.assertIn("NOERROR", json.dumps(entry))

    def test_class_chooses(self):
        server = self.enter(Dnsloom(self.folder, servers('[{ plugin = "log", class = "error" }, { plugin = "whoami" }]',
                                                         '["a.test"]') +
                                    servers('[{ plugin = "log", class = "error" }, { plugin = "noop" }]',
                                            '["b.test"]')))
        server.ask("good.a.test")
        server.ask("bad.b.test")

        server.wait_log(r"bad\.b\.test")
        self.assertNotIn("good.a.test", server.log())


class Metrics(Case):
    PIPELINE = '[{ plugin = "metrics", listen = "127.0.0.1:@HTTP@" }, { plugin = "whoami" }]'

    def setUp(self):
        super().setUp()
        self.server = self.enter(Dnsloom(self.folder, servers(self.PIPELINE), workers=2))

    def value(self, name, **labels):
        return sum_metric(parse_metrics(self.server.page()), name, labels)

    def test_every_query_is_counted_once(self):
        for number in range(40):
            self.server.ask(f"n{number}.test", "AAAA")
        self.server.tcp("n.test", "MX")

        self.assertEqual(self.value("dnsloom_dns_requests_total"), 41)
        self.assertEqual(self.value("dnsloom_dns_requests_total", proto="udp", type="AAAA", family="1"), 40)
        self.assertEqual(self.value("dnsloom_dns_requests_total", proto="tcp", type="MX"), 1)
        self.assertEqual(self.value("dnsloom_dns_responses_total", rcode="NOERROR"), 41)
        self.assertEqual(self.value("dnsloom_dns_request_duration_seconds_count"), 41)

    def test_page_is_well_formed(self):
        self.server.ask("page.test")

        text = self.server.page()

        self.assertTrue(text.endswith("\n"))
        types = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
        self.assertEqual(len(types), len(set(types)), "each family once")
        self.assertGreater(len(parse_metrics(text)), 20)

    def test_other_path_is_404(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.server.page("/other")

        self.assertEqual(caught.exception.code, 404)

    def test_control_socket_gives_the_same_series(self):
        self.server.ask("same.test")

        self.assertEqual(set(parse_metrics(self.server.page())), set(self.server.metrics()))


if __name__ == "__main__":
    main()
