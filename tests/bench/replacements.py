#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replaces cache.so, rewrite.so and forward.so by new builds under half the load that the server can take.

    DNSLOOM=.../dnsloom DNSLOOM_PLUGINS=... DNSLOOM_TEST_PLUGINS=... tests/bench/replacements.py DNSLOAD DATA

DNSLOAD and DATA are the load generator and the data folder of dnsbench; the zone there is served upstream by a second
dnsloom. Server on CPU 1, all else on CPU 0. Prints what was lost and how many of the queries were hits."""
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.reloads import LOAD_CPU, SERVER_CPU, load, result  # noqa: E402
from support.server import PLUGINS, Dnsloom, servers  # noqa: E402

SECONDS = 30
REPLACED = ("cache", "rewrite", "forward")


def pin(server, cpus):
    for task in os.listdir(f"/proc/{server.pid}/task"):
        os.sched_setaffinity(int(task), cpus)


def counts(server):
    """Hits and misses so far."""
    hits = sum(server.metric("dnsloom_cache_hits_total", type=kind) for kind in ("success", "denial"))
    return hits, server.metric("dnsloom_cache_misses_total")


def replace(folder, name, number):
    """A new build as the loader sees it: other octets that do the same."""
    new = folder / f".{name}.so.new"
    new.write_bytes((Path(PLUGINS) / f"{name}.so").read_bytes() + b"\0" * number)
    os.replace(new, folder / f"{name}.so")


def replace_all_the_time(server, folder):
    end, number = time.monotonic() + SECONDS - 2, 0
    while time.monotonic() < end:
        number += 1
        replace(folder, REPLACED[number % len(REPLACED)], number)
        server.reload()
        time.sleep(0.5)
    return number


def report(label, one, before, after):
    hits, misses = (late - early for early, late in zip(before, after))
    print(f"{label}: {one['qps']:.0f} queries/s, p99 {one['p99_us']:.0f} us, lost {one['lost']} of {one['sent']}, "
          f"NOERROR {one['noerror'] * 100:.4g} %, hits {hits / (hits + misses) * 100:.4f} %")


def main():
    program, data = sys.argv[1], Path(sys.argv[2])
    queries = str(data / "hot.q")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        plugins, front, back = (root / part for part in ("plugins", "front", "back"))
        for folder in (plugins, front, back):
            folder.mkdir()
        for plugin in REPLACED:
            shutil.copy(Path(PLUGINS) / f"{plugin}.so", plugins)
        zone = servers(f'[{{ plugin = "file", path = "{data}/zone.db" }}]', zones='["bench.dnsz"]')
        with Dnsloom(back, zone, host={"log_level": "warning"}) as upstream:
            pin(upstream, LOAD_CPU)
            rule = '{ field = "name", match = "suffix", from = ".old.example", to = ".new.example", answer = "auto" }'
            text = servers(f'[{{ plugin = "rewrite", rules = [{rule}] }}, {{ plugin = "cache" }}, '
                           f'{{ plugin = "forward", to = ["127.0.0.1:{upstream.port}"] }}]')
            with Dnsloom(front, text, plugin_path=[plugins], host={"log_level": "warning"}) as server:
                pin(server, SERVER_CPU)
                rate = result(load(program, queries, server.port, 4))["qps"] / 2
                begin = counts(server)
                quiet = result(load(program, queries, server.port, 5, rate))
                middle = counts(server)
                busy = load(program, queries, server.port, SECONDS, rate)
                count = replace_all_the_time(server, plugins)
                busy = result(busy)
                end = counts(server)
                failed = server.metric("dnsloom_host_reloads_total", result="failed")
    report("before", quiet, begin, middle)
    report(f"during {count} replacements ({failed:g} failed)", busy, middle, end)


if __name__ == "__main__":
    main()
