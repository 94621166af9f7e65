# SPDX-License-Identifier: Apache-2.0
"""geoip in front of a plugin that answers with what it is told about the query."""
import ipaddress
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import message, mmdb, wait
from support.case import Case, main
from support.server import Dnsloom, check, host_section, servers

SUBNET = 8


def cities(code):
    return mmdb.database("GeoLite2-City", {
        "127.0.0.0/8": {"country": {"iso_code": code}, "location": {"latitude": 51.75}},
        "192.0.2.0/24": {"country": {"iso_code": "FR"}},
        "2001:db8::/32": {"country": {"iso_code": "DE"}}})


class Geoip(Case):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "cities.mmdb"
        self.file.write_bytes(cities("GB"))

    def serve(self, options=""):
        self.server = self.enter(Dnsloom(self.folder, servers(
            f'[{{ plugin = "geoip", file = "cities.mmdb"{options} }}, '
            '{ plugin = "facts", facts = ["geoip/country/code", "geoip/latitude"] }]')))

    def facts(self, **query):
        """What the plugin behind is told: country and latitude."""
        return message.txt_strings(self.server.ask("www.test", "TXT", **query).answer[0].rdata)

    def country(self, **query):
        return self.facts(**query)[0]

    def subnet(self, text):
        network = ipaddress.ip_network(text)
        octets = network.network_address.packed[:(network.prefixlen + 7) // 8]
        family = 1 if network.version == 4 else 2
        return [(SUBNET, bytes([0, family, network.prefixlen, 0]) + octets)]

    def test_facts_of_the_client(self):
        self.serve()
        self.assertEqual(self.facts(), ["GB", "51.75"])
        self.assertEqual(self.facts(), ["GB", "51.75"])
        self.assertEqual(self.country(options=self.subnet("192.0.2.0/24")), "GB")
        self.assertEqual(self.server.metric("dnsloom_geoip_lookups_total", result="found"), 3)

    def test_client_subnet(self):
        self.serve(", edns_subnet = true")
        self.assertEqual(self.facts(options=self.subnet("192.0.2.0/24")), ["FR", ""])
        self.assertEqual(self.country(options=self.subnet("2001:db8::/32")), "DE")
        self.assertEqual(self.country(options=self.subnet("203.0.113.0/24")), "")
        self.assertEqual(self.country(), "GB")

    def test_a_new_database_is_taken_and_a_wrong_one_is_not(self):
        self.serve()
        self.assertEqual(self.country(), "GB")
        self.file.write_bytes(cities("NO"))
        wait.until(lambda: self.country() == "NO", "the new database")

        failed = self.server.metric("dnsloom_geoip_reload_total", result="failed")
        self.file.write_bytes(b"no database")
        wait.until(lambda: self.server.metric("dnsloom_geoip_reload_total", result="failed") > failed, "its refusal")
        self.assertIn("database cannot be read", self.server.log())
        self.assertEqual(self.country(), "NO")

    def test_another_kind_of_database_is_refused(self):
        self.file.write_bytes(mmdb.database("GeoIP2-Domain", {"127.0.0.0/8": {"domain": "test"}}))
        code, said = check(self.folder, host_section(self.folder) + servers(
            '[{ plugin = "geoip", file = "cities.mmdb" }]', listen="dns://127.0.0.1:1053"))
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r"dnsloom.toml:\d+:\d+: .*GeoIP2-Domain")


if __name__ == "__main__":
    main()
