# SPDX-License-Identifier: Apache-2.0
"""Acceptance test 20: plugins that were compiled with an SDK of the past. Each folder frozen/MAJOR.MINOR has the
headers of that release and two plugins of its time; nothing in it is ever edited. While the major is 0, a new minor
may break, and then replaces the folder of the last."""
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import peers
from support.c_declarations import broken, declarations
from support.case import ROOT, Case, main
from support.plugin_case import PluginCase, command

FROZEN = sorted(path for path in (ROOT / "tests/sdk/frozen").iterdir() if path.is_dir())
ABI = "dnsloom/abi/abi.h"
LINK = ["-shared", "-Wl,-z,defs", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,noexecstack", "-Wl,--build-id"]


class Binaries(PluginCase):
    def compile(self, release, source, *compiler):
        built = self.folder / Path(source).with_suffix(".so").name
        command([*compiler, "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden",
                 "-I", str(release / "include"), *LINK, f"-Wl,--version-script={release / 'plugin.map'}",
                 "-o", str(built), str(release / source)])
        return built

    def each(self, source, name, wanted, *compiler):
        self.assertTrue(FROZEN)
        for release in FROZEN:
            with self.subTest(release=release.name):
                self.query_and_replace(name, self.compile(release, source, *compiler), wanted)

    def test_20_c_gcc(self):
        self.each("minimal.c", "minimal", "minimal", "gcc", "-std=c11")

    def test_20_c_clang(self):
        self.each("minimal.c", "minimal", "minimal", peers.tool("clang"), "-std=c11")

    def test_20_cpp_gcc(self):
        self.each("hello.cpp", "hello", "hello", "g++", "-std=c++20", "-fno-gnu-unique")

    def test_20_cpp_clang(self):
        self.each("hello.cpp", "hello", "hello", peers.tool("clang++"), "-std=c++20")


class Declarations(Case):
    """The gate for changes of the ABI: it may only grow at its ends."""

    def test_20_what_was_released_is_still_declared(self):
        now = declarations(ROOT / "sdk/include", ABI, "LOOM_")
        self.assertGreater(len(now), 50)
        for release in FROZEN:
            then = declarations(release / "include", ABI, "LOOM_")
            then.pop("#define LOOM_ABI_MINOR")
            with self.subTest(release=release.name):
                self.assertEqual(broken(then, now), [])

    def test_the_gate_sees_what_breaks(self):
        """Each is a change to today's headers that a plugin of yesterday would not survive."""
        include = ROOT / "sdk/include"
        then = declarations(include, ABI, "LOOM_")
        for number, (file, old, new) in enumerate((
                ("plugin.h", "uint16_t abi_major,", "uint32_t abi_major,"),       # Another size.
                ("plugin.h", "uint32_t size;", "uint32_t size; uint64_t more;"),  # A member before others.
                ("query.h", "uint16_t qtype", "uint16_t type"),                   # A member less.
                ("base.h", "const char *data;", "const char *data; int more;"),   # Growth of what is passed by value.
                ("host.h", "const char *id", "const char *id, int more"),         # Another parameter.
                ("base.h", "LOOM_ANSWERED = 1", "LOOM_ANSWERED = 2"),             # Another value.
                ("version.h", "LOOM_ABI_MAJOR 0", "LOOM_ABI_MAJOR 1"))):
            with self.subTest(new):
                copy = self.folder / str(number)
                shutil.copytree(include / "dnsloom/abi", copy / "dnsloom/abi")
                path = copy / "dnsloom/abi" / file
                text = path.read_text()
                self.assertIn(old, text)
                path.write_text(text.replace(old, new, 1))
                self.assertNotEqual(broken(then, declarations(copy, ABI, "LOOM_")), [])


if __name__ == "__main__":
    main()
