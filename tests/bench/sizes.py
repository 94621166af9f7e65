#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether much data costs a query more than little: acl, rewrite and hosts, each with ten entries and with many.

    DNSLOOM_PLUGINS=... tests/bench/sizes.py DNSBENCH [ROUNDS]

Writes server configurations for DNSBENCH to a temporary folder and has it compare them with the bare echo and start
each once. What is asked for by most queries is in none of the lists, but for hosts-hit, which asks for names of its
own."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FEW = 10
HEAD = """[host]
plugin_path = ["${DNSLOOM_PLUGINS}"]
workers = 1
control = ""
run_dir = "$DIR/run"
watch = false
log_level = "warning"

[[server]]
listen = ["dns://127.0.0.1:$PORT"]
zones = ["."]
"""


def step(plugin, *lines):
    return "\n".join(["", "  [[server.pipeline]]", f'  plugin = "{plugin}"', *(f"  {line}" for line in lines), ""])


def networks(count):
    """Distinct networks of several lengths that the loopback is not in."""
    return [f"10.{i >> 8 & 255}.{i & 255}.{i >> 16 << 4}/{28 if i % 3 else 32}" for i in range(count)]


def acl(folder, count):
    (folder / "networks").write_text("\n".join(networks(count)))
    return step("acl", f'rules = [{{ action = "block", net_file = ["{folder}/networks"] }}]') + step("whoami")


def rewrite(_, count):
    rules = [f'{{ field = "name", from = "old{i}.example", to = "new{i}.example" }}' if i % 2 else
             f'{{ field = "name", match = "suffix", from = ".old{i}.example", to = ".new.example", answer = "auto" }}'
             for i in range(count)]
    return step("rewrite", "rules = [", *(f"  {rule}," for rule in rules), "]") + step("whoami")


def hosts(folder, count):
    (folder / "hosts").write_text("".join(f"192.0.{i >> 8 & 255}.{i & 255} host{i}.example\n" for i in range(count)))
    return step("hosts", f'file = "{folder}/hosts"', 'on = { nxdomain = "next" }') + step("whoami")


def hosts_hit(folder, count):
    (folder / "names.q").write_text("".join(f"host{i * 7919 % count}.example A\n" for i in range(max(count, 1000))))
    return hosts(folder, count)


KINDS = {"acl": (acl, 10_000), "rewrite": (rewrite, 10_000), "hosts": (hosts, 100_000), "hosts-hit": (hosts_hit, 100_000)}


def write(root, kind):
    """Two server configurations of a kind; returns their names."""
    make, many = KINDS[kind]
    names = []
    for count in (FEW, many):
        folder = root / f"{kind}-{count}"
        folder.mkdir()
        mix = folder / "names.q" if make is hosts_hit else "static.q"
        (folder / "dnsloom.toml.in").write_text(HEAD + make(folder, count))
        (folder / "server.ini").write_text(f"[server]\ncmd = dnsloom run -c $DIR/dnsloom.toml\nmix = {mix}\nready = h0000000.bench.dnsz A any\n")
        names.append(folder.name)
    return names


def main():
    bench = Path(sys.argv[1]).resolve()
    rounds = sys.argv[2] if len(sys.argv) > 2 else "5"
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        for kind in KINDS:
            names = write(Path(root), kind)
            for words in (["run", "floor-mmsg-echo", *names, "-t", "2", "-r", rounds], ["startup", *names, "-r", "3"]):
                subprocess.run([bench, "-C", root, *words], cwd=bench.parent, check=True)


if __name__ == "__main__":
    main()
