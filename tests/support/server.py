# SPDX-License-Identifier: Apache-2.0
"""A dnsloom process with a configuration of its own."""
import json
import os
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

from . import message, client, wait
from .ports import free_port

BINARY = os.environ.get("DNSLOOM", "dnsloom")
PLUGINS = Path(os.environ.get("DNSLOOM_PLUGINS", "/usr/lib/dnsloom/plugins"))
TEST_PLUGINS = Path(os.environ.get("DNSLOOM_TEST_PLUGINS", "."))
CTL_LIMIT = 2 * wait.LIMIT  # Of one command to a server: twenty reloads may be ahead of it.
SANITIZED = bool(os.environ.get("DNSLOOM_SANITIZED"))
# A sanitizer's findings, wherever they stand in the log.
FINDING = re.compile(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer).*")

STEPS = '[{ plugin = "whoami" }]'


def servers(pipeline=STEPS, zones='["."]', listen="dns://127.0.0.1:@PORT@"):
    """One [[server]]."""
    return f'[[server]]\nlisten = ["{listen}"]\nzones = {zones}\npipeline = {pipeline}\n'


class Dnsloom:
    """Starts with `with`; ends with SIGTERM, which it has to obey with exit code 0 and a clean log.

    In the text of a configuration @PORT@ is a port of this server's own, @HTTP@ another."""

    def __init__(self, folder, text=None, *, host=None, plugin_path=(), env=None, workers=1, user_id=None,
                 pass_fds=(), expect_exit=0):
        self.folder = Path(folder)
        self.port, self.http_port = free_port(), free_port()
        self.config = self.folder / "dnsloom.toml"
        self.run_dir = self.folder / "run"
        self.control = self.run_dir / "control.sock"
        self.log_file = self.folder / "dnsloom.log"
        self.plugin_path = [*plugin_path, PLUGINS, TEST_PLUGINS]
        self.workers = workers
        self.host = {"watch": False, "debounce": "20ms"} | (host or {})
        self.env = os.environ | (env or {})
        self.pass_fds = pass_fds
        self.user_id = user_id
        self.expect_exit = expect_exit
        self.process = None
        self.run_dir.mkdir(mode=0o700, exist_ok=True)
        if text is not None:
            self.write(text)

    def write(self, text, **host):
        """Writes the configuration, the way an editor does: all at once."""
        self.host |= host
        lines = [
            "[host]",
            f"plugin_path = {json.dumps([str(path) for path in self.plugin_path])}",
            f'control = "{self.control}"',
            f'run_dir = "{self.run_dir}"',
            f"workers = {self.workers}",
        ]
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.host.items()]
        text = text.replace("@PORT@", str(self.port)).replace("@HTTP@", str(self.http_port))
        new = self.folder / "dnsloom.toml.new"
        new.write_text("\n".join(lines) + "\n\n" + text)
        new.replace(self.config)

    # -- The process

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()

    def start(self):
        """Returns when the server has said READY=1 (sd_notify)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = self.folder / "notify.sock"
            path.unlink(missing_ok=True)
            notify.bind(str(path))
            path.chmod(0o777)
            notify.settimeout(0.05)
            self.launch({"NOTIFY_SOCKET": str(path)})
            wait.until(lambda: self._is_ready(notify), "the server says READY=1")

    def launch(self, env=None):
        """Starts without waiting for anything."""
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "run", "-c", str(self.config)], stdout=log, stderr=log, env=self.env | (env or {}),
                pass_fds=self.pass_fds, user=self.user_id)

    def _is_ready(self, notify):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}")
        try:
            return b"READY=1" in notify.recv(4096)
        except TimeoutError:
            return False

    def stop(self, number=signal.SIGTERM):
        """Ends the server and checks how it went."""
        self.process.send_signal(number)
        try:
            code = self.process.wait(wait.LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"signal {number} does not end the server:\n{self.log()}") from None
        self.check_log()
        if code != self.expect_exit:
            raise AssertionError(f"exit code {code}, expected {self.expect_exit}:\n{self.log()}")
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    # -- What it says

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def check_log(self):
        found = FINDING.search(self.log())
        if found:
            raise AssertionError(self.log()[max(0, found.start() - 200):][:20000])

    def wait_log(self, pattern, count=1):
        """Waits until `pattern` has been logged `count` times."""
        expression = re.compile(pattern)
        return wait.until(lambda: len(expression.findall(self.log())) >= count,
                          f"{count} x {pattern!r} in the log:\n{self.log()[-3000:]}")

    def ctl(self, *words, check=True):
        """`dnsloom ctl ...`; with `check` it has to succeed."""
        result = subprocess.run([BINARY, "ctl", "-s", str(self.control), *words], capture_output=True, text=True,
                                timeout=CTL_LIMIT)
        if check and result.returncode != 0:
            raise AssertionError(f"ctl {' '.join(words)}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def reload(self):
        return self.ctl("reload")

    def reload_fails(self):
        """Reloads, which must fail; gives what `ctl reload` says."""
        result = self.ctl("reload", check=False)
        if result.returncode == 0:
            raise AssertionError(f"the reload succeeded:\n{result.stdout}\n{self.log()[-3000:]}")
        return result.stdout + result.stderr

    def metrics(self):
        """All series as {'name{labels}': value}, from `ctl metrics`."""
        return parse_metrics(self.ctl("metrics").stdout)

    def metric(self, name, **labels):
        """The sum of the series of `name` that have these labels."""
        return sum_metric(self.metrics(), name, labels)

    # -- Queries

    def ask(self, name, qtype="A", **options):
        return client.ask(self.port, name, qtype, **options)

    def udp(self, octets, **options):
        return client.udp(self.port, octets, **options)

    def tcp(self, name, qtype="A", **options):
        return client.tcp(self.port, name, qtype, **options)

    def connect(self, **options):
        return client.Tcp(self.port, **options)

    def page(self, path="/metrics", port=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.http_port}{path}", timeout=wait.LIMIT) as reply:
            return reply.read().decode()

    def version(self):
        """What the test plugin `subject` answers: its version."""
        return self.subject()[1]

    def subject(self):
        """(instance, version) of the test plugin `subject`."""
        reply = self.ask("version.test", "TXT")
        if reply.rcode != "NOERROR":
            raise AssertionError(f"the subject answers {reply.rcode}")
        instance, version = message.txt_strings(reply.answer[0].rdata)
        return instance, int(version)

    # -- The process from outside

    def maps(self):
        """Paths of what is mapped, one entry a mapping."""
        lines = Path(f"/proc/{self.pid}/maps").read_text().splitlines()
        return [line.split(maxsplit=5)[5] for line in lines if len(line.split(maxsplit=5)) == 6]

    def plugin_maps(self, name):
        """Distinct mapped files of the plugin `name`: private copies in the run directory."""
        return {path for path in self.maps() if path.startswith(str(self.run_dir)) and name in Path(path).name}

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def rss(self):
        """Octets of resident memory."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024


def parse_metrics(text):
    series = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, value = line.rsplit(" ", 1)
            series[key] = float(value)
    return series


def sum_metric(series, name, labels):
    total, found = 0.0, False
    for key, value in series.items():
        if key.split("{")[0] != name:
            continue
        if all(f'{label}="{text}"' in key for label, text in labels.items()):
            total, found = total + value, True
    if not found:
        raise AssertionError(f"no series {name} with {labels}")
    return total


def run(*arguments, env=None, timeout=wait.LIMIT):
    """Runs the binary to its end: (exit code, stdout, stderr)."""
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True,
                            env=os.environ | (env or {}), timeout=timeout)
    return result.returncode, result.stdout, result.stderr


def check(folder, text, name="dnsloom.toml"):
    """`dnsloom check` of a configuration: (exit code, what it says)."""
    path = Path(folder) / name
    path.write_text(text)
    code, out, err = run("check", "-c", path)
    return code, out + err


def host_section(folder):
    """A [host] for `dnsloom check`."""
    paths = json.dumps([str(PLUGINS), str(TEST_PLUGINS)])
    return f'[host]\nplugin_path = {paths}\nrun_dir = "{folder}"\ncontrol = ""\n\n'
