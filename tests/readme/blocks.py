# SPDX-License-Identifier: Apache-2.0
"""Every configuration in a README, and every one in conf/, is accepted by `dnsloom check`."""
import json
import re
import string
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.case import ROOT, Case, main
from support.server import PLUGINS, TEST_PLUGINS, run

# What the blocks name and a user would have: files, by name.
ZONE = "$ORIGIN example.org.\n$TTL 60\n@ SOA ns host 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n"
SECTIONS = ["Name", "Description", "Configuration", "Metrics", "Examples"]
EXAMPLE_PLUGINS = {"hello", "blocklist", "minimal_c", "minimal_rust"}  # Built out of tree: see tests/sdk.


def readmes():
    skipped = ("build", "subprojects", ".")
    for path in sorted(ROOT.rglob("README.md")):
        if not path.relative_to(ROOT).parts[0].startswith(skipped):
            yield path


def blocks(path):
    """(line, text) of each toml block."""
    text = path.read_text()
    for found in re.finditer(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, found.start()) + 2, found[1]


class Configurations(Case):
    def complete(self, text):
        """A whole configuration: a block may leave out what every one has."""
        text = re.sub(r"(?m)^plugin_path = .*$", "", text)
        host = f"plugin_path = {json.dumps([str(PLUGINS), str(TEST_PLUGINS)])}\n"
        if re.search(r"(?m)^\[host\]$", text):
            text = re.sub(r"(?m)^\[host\]$", f"[host]\n{host}", text, count=1)
        else:
            text = f"[host]\n{host}\n{text}"
        if "[[server]]" not in text:
            text += '\n[[server]]\nlisten = ["dns://127.0.0.1:5353"]\nzones = ["."]\npipeline = [{ plugin = "whoami" }]\n'
        return text

    def create_files(self, text):
        for name in re.findall(r'"([^"\s]+\.(?:zone|db|txt|signed))"', text):
            path = self.folder / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            zone = re.search(r"example\.(?:org|com|net)", name)
            path.write_text(ZONE.replace("example.org", zone[0] if zone else "example.org"))

    def check(self, text):
        self.create_files(text)
        text = re.sub(r'"/((?:etc|var|srv)[^"]*)"', rf'"{self.folder}/\1"', text)
        path = self.folder / "dnsloom.toml"
        path.write_text(self.complete(text))
        code, out, err = run("check", "-c", path)
        self.assertEqual(code, 0, f"{out}{err}\n{path.read_text()}")

    def test_blocks_of_readmes(self):
        seen = 0
        for path in readmes():
            for line, text in blocks(path):
                if any(f'plugin = "{name}"' in text for name in EXAMPLE_PLUGINS):
                    continue
                seen += 1
                with self.subTest(f"{path.relative_to(ROOT)}:{line}"):
                    self.check(text)
        self.assertGreater(seen, 8)

    def test_files_of_conf(self):
        files = sorted((ROOT / "conf").glob("*.toml"))
        self.assertTrue(files)
        for path in files:
            with self.subTest(path.name):
                code, out, err = run("check", "-c", path, env={"DNSLOOM_PLUGINS": str(PLUGINS)}) \
                    if "DNSLOOM_PLUGINS" in path.read_text() else (None, "", "")
                if code is None:
                    self.check(path.read_text())
                else:
                    self.assertEqual(code, 0, out + err)


    def test_configurations_of_the_benchmark(self):
        zone = self.folder / "zone.db"
        zone.write_text(ZONE.replace("example.org", "bench.dnsz"))
        values = {"PORT": "5353", "UPSTREAM": "5354", "DIR": str(self.folder), "ZONEFILE": str(zone)}
        folders = sorted((ROOT / "tests" / "bench" / "configs").iterdir())
        self.assertTrue(folders)
        for folder in folders:
            with self.subTest(folder.name):
                for template in folder.glob("*.in"):
                    text = string.Template(template.read_text()).safe_substitute(values)
                    (self.folder / template.stem).write_text(text)
                if (folder / "make_zones.py.in").exists():
                    made = subprocess.run([sys.executable, "make_zones.py", "100", "5353"], cwd=self.folder, check=True,
                                          capture_output=True, text=True).stdout
                    (self.folder / "zones.toml").write_text(made)
                code, out, err = run("check", "-c", self.folder / "dnsloom.toml")
                self.assertEqual(code, 0, out + err)


class Pages(Case):
    def test_every_plugin_has_its_reference_page(self):
        for folder in sorted(path.parent for path in (ROOT / "plugins").glob("*/meson.build")):
            with self.subTest(folder.name):
                text = (folder / "README.md").read_text()
                found = re.findall(r"(?m)^## (.*)$", text)
                self.assertEqual([section for section in found if section in SECTIONS], SECTIONS)

    def test_every_option_of_a_plugin_is_in_its_page(self):
        for shared_object in sorted(PLUGINS.glob("*.so")):
            with self.subTest(shared_object.stem):
                code, out, err = run("plugin", "inspect", shared_object)
                self.assertEqual(code, 0, err)
                text = (ROOT / "plugins" / shared_object.stem / "README.md").read_text()
                for option in re.findall(r"(?m)^    ([a-z][\w.]*) ", out):
                    self.assertIn(f"`{option.split('.')[-1]}`", text)

    def test_links_lead_somewhere(self):
        for path in readmes():
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
                with self.subTest(f"{path.relative_to(ROOT)}: {target}"):
                    self.assertTrue((path.parent / target).exists())


if __name__ == "__main__":
    main()
