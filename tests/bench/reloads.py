#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Swaps a changed .so a hundred times under full load. Server on CPU 1, load from CPU 0.

    DNSLOOM=.../dnsloom DNSLOOM_PLUGINS=... DNSLOOM_TEST_PLUGINS=... tests/bench/reloads.py DNSLOAD QUERIES

DNSLOAD is the load generator of dnsbench, QUERIES a file of "NAME TYPE" lines. Prints what was lost, how the 99th
percentile of latency compares with the one before, and memory after the first tenth and at the end."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import wait  # noqa: E402
from support.server import Dnsloom, servers  # noqa: E402
from support.subject import Subject  # noqa: E402

SWAPS = 100
QUIET_SECONDS = 5
SWAP_SECONDS = 50
SERVER_CPU, LOAD_CPU = {1}, {0}


def load(program, queries, port, seconds, rate=0):
    """Starts the generator: a window of 128 queries on four sockets; `rate` in queries a second, 0: all that go."""
    return subprocess.Popen(
        [program, "-s", "127.0.0.1", "-p", str(port), "-f", queries, "-t", str(seconds), "-w", "128", "-k", "4", "-R",
         *(["-r", f"{rate:.0f}"] if rate else [])],
        stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, LOAD_CPU))


def result(process):
    return json.loads(process.communicate()[0])


def resident_mib(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    pss = next(line for line in text.splitlines() if line.startswith("Pss:"))
    return int(pss.split()[1]) / 1024


def swap_all(server, subject):
    """Spreads the swaps over the time. Returns the memory after each and how long each took in seconds."""
    memory, took, start = [], [], time.monotonic()
    for version in range(2, SWAPS + 2):
        time.sleep(max(0, start + (version - 1) * SWAP_SECONDS / SWAPS - time.monotonic()))
        begin = time.monotonic()
        subject.by_move(version)
        server.reload()
        took.append(time.monotonic() - begin)
        memory.append(resident_mib(server.pid))
    return memory, took


def main():
    program, queries = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subject = Subject(folder)
        text = servers('[{ plugin = "noop" }, { plugin = "noop" }, { plugin = "subject" }]')
        with Dnsloom(folder, text, plugin_path=[subject.folder], host={"log_level": "warning"}) as server:
            for task in os.listdir(f"/proc/{server.pid}/task"):
                os.sched_setaffinity(int(task), SERVER_CPU)
            before = result(load(program, queries, server.port, QUIET_SECONDS))
            during = load(program, queries, server.port, SWAP_SECONDS)
            memory, took = swap_all(server, subject)
            after = result(during)
            wait.until(lambda: len(server.plugin_maps("subject")) == 1, "old copies are unmapped")
            version = server.version()
    print(f"{SWAPS} swaps, {sum(took) / SWAPS * 1000:.0f} ms each, {max(took) * 1000:.0f} ms at most; "
          f"version {version} answers")
    for label, one in (("before", before), ("during", after)):
        print(f"{label}: {one['qps']:.0f} queries/s, p99 {one['p99_us']:.0f} us, lost {one['lost']} of {one['sent']}, "
              f"NOERROR {one['noerror'] * 100:.4g} %")
    tenth = memory[SWAPS // 10]
    print(f"memory after {SWAPS // 10} swaps {tenth:.1f} MiB, at the end {memory[-1]:.1f} MiB")


if __name__ == "__main__":
    main()
