# SPDX-License-Identifier: Apache-2.0
"""Other name servers from Debian, on loopback ports, in the foreground."""
import os
import shutil
import subprocess
from pathlib import Path

from . import client, wait
from .case import Skip
from .ports import free_port


def tool(name):
    """Its path; skips the test where it is not installed. tests/setup installs all of them."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"{name} is not installed")
    return path


class Peer:
    """`command` is started in `folder` and is ready when it answers `probe` = (name, type)."""

    def __init__(self, folder, probe):
        self.folder = Path(folder) / type(self).__name__.lower()
        self.folder.mkdir()
        self.port = free_port()
        self.probe = probe
        self.process = None

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        command = self.command()
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        wait.until(self._answers, f"{command[0]} answers; {self.folder}/log")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(wait.LIMIT)

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        try:
            return client.ask(self.port, *self.probe, timeout=0.5).rcode == "NOERROR"
        except (TimeoutError, ConnectionRefusedError):
            return False


class Nsd(Peer):
    def __init__(self, folder, zones):
        """`zones`: {name: file}."""
        super().__init__(folder, (next(iter(zones)), "SOA"))
        self.zones = zones

    def command(self):
        f = self.folder
        text = f"""server:
  server-count: 1
  ip-address: 127.0.0.1@{self.port}
  port: {self.port}
  username: ""
  chroot: ""
  zonesdir: "{f}"
  database: ""
  pidfile: "{f}/pid"
  xfrdfile: "{f}/xfrd"
  xfrdir: "{f}"
  zonelistfile: "{f}/zones"
  minimal-responses: no
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
"""
        for name, path in self.zones.items():
            text += f'zone:\n  name: "{name}"\n  zonefile: "{path}"\n'
        (f / "nsd.conf").write_text(text)
        return [tool("nsd"), "-d", "-c", str(f / "nsd.conf")]


class Knotd(Peer):
    def __init__(self, folder, zones, wants_cookies=False):
        """`wants_cookies`: answers BADCOOKIE to a cookie that it did not give."""
        super().__init__(folder, (next(iter(zones)), "SOA"))
        self.zones = zones
        self.wants_cookies = wants_cookies

    def command(self):
        f = self.folder
        module = "global-module: mod-cookies/strict" if self.wants_cookies else ""
        text = f"""server:
    listen: 127.0.0.1@{self.port}
    rundir: {f}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {f}
mod-cookies:
  - id: strict
    badcookie-slip: 1
template:
  - id: default
    {module}
    storage: {f}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
"""
        for name, path in self.zones.items():
            text += f"  - domain: {name}\n    file: {path}\n"
        (f / "knot.conf").write_text(text)
        return [tool("knotd"), "-c", str(f / "knot.conf")]


class Dnsdist(Peer):
    """Passes everything on to one server; keeps nothing."""

    def __init__(self, folder, upstream_port, probe):
        super().__init__(folder, probe)
        self.upstream_port = upstream_port

    def command(self):
        (self.folder / "dnsdist.conf").write_text(f"""setLocal("127.0.0.1:{self.port}")
setACL({{"127.0.0.0/8"}})
setSecurityPollSuffix("")
newServer({{address="127.0.0.1:{self.upstream_port}"}}):setUp()
""")
        return [tool("dnsdist"), "--supervised", "-C", str(self.folder / "dnsdist.conf")]


class Unbound(Peer):
    """Resolves by asking one server for everything."""

    def __init__(self, folder, upstream_port, probe):
        super().__init__(folder, probe)
        self.upstream_port = upstream_port

    def command(self):
        f = self.folder
        (f / "unbound.conf").write_text(f"""server:
  num-threads: 1
  interface: 127.0.0.1@{self.port}
  port: {self.port}
  do-ip6: no
  username: ""
  chroot: ""
  directory: "{f}"
  pidfile: "{f}/pid"
  use-syslog: no
  do-daemonize: no
  access-control: 127.0.0.0/8 allow
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "test." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{self.upstream_port}
""")
        return [tool("unbound"), "-d", "-c", str(f / "unbound.conf")]
