# SPDX-License-Identifier: Apache-2.0
"""A server with the test plugin `subject` at the end of a pipeline of six, two workers, and all that is swapped."""
import re
import signal
import subprocess

from . import peers, wait
from .case import Case
from .load import Load
from .server import SANITIZED, Dnsloom, servers
from .subject import Subject

AHEAD = ('{ plugin = "noop" }, { plugin = "noop" }, { plugin = "noop" }, { plugin = "noop" }, '
         '{ plugin = "metrics", listen = "127.0.0.1:@HTTP@" }')


def times(count):
    """How often to do something: less where every step costs ten times as much."""
    return max(10, count // 10) if SANITIZED else count


def pipeline(options=', delay = "3ms"', ahead=AHEAD):
    return servers(f'[{ahead}, {{ plugin = "subject"{options} }}]')


class ReloadCase(Case):
    """`self.subject` is the file on disk, `self.server` runs."""

    def serve(self, text=None, *, workers=2, plugin_path=(), env=None, **host):
        self.subject = Subject(self.folder)
        self.server = self.enter(Dnsloom(
            self.folder, text or pipeline(), workers=workers, host=host, env=env,
            plugin_path=[*plugin_path, self.subject.folder]))
        self.assertEqual(self.server.version(), 1)

    def load(self, **options):
        options = {"rate": 1000.0 if SANITIZED else 5000.0} | options
        return self.enter(Load(self.server.port, **options))

    def wait_version(self, version):
        wait.until(lambda: self.server.version() == version, f"version {version} answers")

    def wait_unloaded(self):
        """Until one copy of the subject is mapped, as if there had never been another. A sanitizer needs the code of old
        copies for its reports, so a host built with one keeps them."""
        if SANITIZED:
            return
        wait.until(lambda: len(self.server.plugin_maps("subject")) == 1,
                   f"old copies are unmapped: {self.server.plugin_maps('subject')}")

    def generation(self):
        """The number of the generation that serves."""
        status = self.server.ctl("status").stdout
        return int(re.search(r"generation\D*(\d+)", status)[1])

    def failures(self):
        """How many reloads have failed so far."""
        return self.server.metric("dnsloom_host_reloads_total", result="failed")

    def assert_clean(self, load):
        report = load.stop()
        self.assertEqual(report.faults(), "")
        self.assertGreater(report.answered, 0)
        return report


def dnsperf(port, folder, clients=4):
    """Starts dnsperf, and waits until it has answers; call the result to end it and get (sent, lost, {rcode: count})."""
    queries, said = folder / "queries", folder / "dnsperf.log"
    queries.write_text("".join(f"n{number}.test TXT\n" for number in range(1000)))
    with open(said, "wb") as log:
        process = subprocess.Popen(
            [peers.tool("dnsperf"), "-s", "127.0.0.1", "-p", str(port), "-d", str(queries), "-c", str(clients),
             "-q", "40", "-T", "1", "-l", "3600", "-t", "60", "-S", "0.1"], stdout=log, stderr=subprocess.STDOUT)
    wait.until(lambda: re.search(r": [1-9][0-9.]*", said.read_text()), "dnsperf has answers")

    def stop():
        process.send_signal(signal.SIGINT)
        process.wait(wait.LIMIT)
        out = said.read_text()
        sent = int(re.search(r"Queries sent:\s+(\d+)", out)[1])
        lost = int(re.search(r"Queries lost:\s+(\d+)", out)[1])
        rcodes = re.search(r"Response codes:\s+(.*)", out)[1]
        return sent, lost, {name: int(count) for name, count in re.findall(r"([A-Z]+) (\d+)", rcodes)}

    return stop
