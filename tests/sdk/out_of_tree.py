# SPDX-License-Identifier: Apache-2.0
"""Acceptance test 20, and the SDK as its users have it: the examples are copied to a folder of their own and built
against a staged install that has been moved away from the source tree."""
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import peers, wait
from support.case import ROOT, Case, Skip, main
from support.plugin_case import PluginCase, command

BUILD = Path(os.environ["DNSLOOM_BUILD"])


class Installed(Case):
    """`self.sdk` is the prefix of an installed SDK."""

    @classmethod
    def setUpClass(cls):
        cls.stage = Path(tempfile.mkdtemp(prefix="dnsloom-sdk."))
        cls.addClassCleanup(shutil.rmtree, cls.stage, ignore_errors=True)
        command(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet", "--tags", "devel"],
                env={"DESTDIR": str(cls.stage / "destdir")})
        (prefix,) = [path.parent for path in (cls.stage / "destdir").rglob("include") if (path / "dnsloom").is_dir()]
        cls.sdk = cls.stage / "moved" / "sdk"
        shutil.copytree(prefix, cls.sdk)
        shutil.rmtree(cls.stage / "destdir")
        (cls.pkg_config,) = {path.parent for path in cls.sdk.rglob("dnsloom-sdk.pc")}

    def copy(self, name):
        """The example in a folder that has no source tree above it."""
        folder = self.folder / name
        shutil.copytree(ROOT / "examples" / name, folder)
        return folder

    def make(self, folder, *targets):
        command(["make", "-C", str(folder), *targets], env={"PKG_CONFIG_PATH": str(self.pkg_config)})

    def cmake(self, folder):
        build = folder / "build"
        command([peers.tool("cmake"), "-S", str(folder), "-B", str(build), f"-DCMAKE_PREFIX_PATH={self.sdk}"])
        command([peers.tool("cmake"), "--build", str(build)])
        return build


class Layout(Installed):
    def test_headers_archives_map_and_licence_are_there(self):
        for name in ("dnsloom/plugin.hpp", "dnsloom/abi/abi.h", "dnsloom/dns/name.hpp", "dnsloom/harness/harness.hpp"):
            self.assertTrue((self.sdk / "include" / name).is_file(), name)
        names = {path.name for path in self.sdk.rglob("*")}
        for name in ("libdnsloom-dns.a", "libdnsloom-harness.a", "plugin.map", "LICENSE", "dnsloom-sdk.pc",
                     "dnsloom_sdkConfig.cmake", "dnsloom_sdkConfigVersion.cmake"):
            self.assertIn(name, names)

    def test_nothing_names_the_source_or_build_tree(self):
        for pattern in ("*.pc", "*.cmake", "*.hpp", "*.h"):
            for path in self.sdk.rglob(pattern):
                text = path.read_text()
                self.assertNotIn(str(ROOT), text, path)
                self.assertNotIn(str(BUILD), text, path)

    def test_every_header_compiles_alone(self):
        for path in sorted((self.sdk / "include").rglob("*.h*")):
            header = path.relative_to(self.sdk / "include")
            languages = (["gcc", "-std=c11", "-x", "c"], ["g++", "-std=c++17", "-x", "c++"]) if path.suffix == ".h" \
                else (["g++", "-std=c++23", "-x", "c++"],)
            for language in languages:
                with self.subTest(header=str(header), language=language[1]):
                    source = self.folder / "header.txt"
                    source.write_text(f"#include <{header}>\nextern int nothing;\n")
                    command([*language, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                             "-I", str(self.sdk / "include"), str(source)])

    def test_plugindir_and_map_are_variables(self):
        def variable(name):
            return command(["pkg-config", f"--variable={name}", "dnsloom-sdk"],
                           env={"PKG_CONFIG_PATH": str(self.pkg_config)}).strip()

        self.assertTrue(Path(variable("map")).is_file())
        self.assertTrue(variable("plugindir").endswith("dnsloom/plugins"))


class Whole(Case):
    def test_install_has_binary_plugins_and_configuration(self):
        command(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet"], env={"DESTDIR": str(self.folder)})
        names = {path.name for path in self.folder.rglob("*")}

        for name in ("dnsloom", "cache.so", "file.so", "forward.so", "log.so", "metrics.so", "whoami.so",
                     "dnsloom.toml", "dnsloom.service", "dnsloom-sdk.pc"):
            self.assertIn(name, names)
        for name in ("noop.so", "subject.so"):
            self.assertNotIn(name, names)


class Examples(Installed, PluginCase):
    def test_20_c(self):
        folder = self.copy("minimal_c")
        self.make(folder)
        self.query_and_replace("minimal_c", folder / "minimal_c.so", "minimal")

    def test_20_c_with_cmake(self):
        build = self.cmake(self.copy("minimal_c"))
        self.query_and_replace("minimal_c", build / "minimal_c.so", "minimal")

    def test_20_cpp(self):
        folder = self.copy("hello")
        self.make(folder)
        self.query_and_replace("hello", folder / "hello.so", "good day", ', greeting = "good day"')

    def test_20_cpp_with_cmake(self):
        build = self.cmake(self.copy("hello"))
        self.query_and_replace("hello", build / "hello.so", "hello")

    def test_20_c_with_clang(self):
        folder = self.copy("minimal_c")
        command(["make", "-C", str(folder), f"CC={peers.tool('clang')}"], env={"PKG_CONFIG_PATH": str(self.pkg_config)})
        self.query_and_replace("minimal_c", folder / "minimal_c.so", "minimal")

    def test_20_rust(self):
        cargo = shutil.which("cargo")
        if not cargo:
            raise Skip("cargo is not installed")
        folder = self.copy("minimal_rust")
        command([cargo, "build", "--release", "--offline", "--quiet"], cwd=folder)
        self.query_and_replace("minimal_rust", folder / "target/release/libminimal_rust.so", "rust")

    def test_make_install_puts_the_plugin_where_the_host_looks(self):
        folder = self.copy("hello")
        self.make(folder, "install")

        self.assertEqual(len(list(self.sdk.rglob("plugins/hello.so"))), 1)

    def test_blocklist_denies_and_follows_its_file(self):
        folder = self.copy("blocklist")
        self.make(folder, "check", "blocklist.so")
        self.check_plugin(folder / "blocklist.so")
        names = self.folder / "blocked.txt"
        names.write_text("ads.test\n")
        server = self.serve("blocklist", folder / "blocklist.so", ', path = "blocked.txt"')

        reply = server.ask("x.ads.test", edns=1232)
        self.assertEqual(reply.rcode, "NXDOMAIN")
        self.assertEqual(reply.opt.option(15)[:2], b"\0\x0f")
        self.assertEqual(server.ask("good.test").rcode, "NOERROR")
        self.assertEqual(server.metric("dnsloom_blocklist_blocked_total"), 1)

        new = self.folder / "new.txt"
        new.write_text("other.test\n")
        new.replace(names)
        wait.until(lambda: server.ask("other.test").rcode == "NXDOMAIN", "the new list is used")
        self.assertEqual(server.ask("x.ads.test").rcode, "NOERROR")

    def test_blocklist_with_cmake(self):
        build = self.cmake(self.copy("blocklist"))
        command(["ctest", "--test-dir", str(build), "--output-on-failure"])

    def test_cmake_refuses_another_version(self):
        folder = self.copy("hello")
        lists = folder / "CMakeLists.txt"
        lists.write_text(lists.read_text().replace("dnsloom_sdk 0.1", "dnsloom_sdk 9.9"))

        with self.assertRaises(AssertionError):
            self.cmake(folder)


class Guide(Case):
    def test_plugin_in_the_guide_is_the_example(self):
        guide = (ROOT / "sdk" / "README.md").read_text()
        blocks = re.findall(r"```cpp\n(.*?)```", guide, re.DOTALL)
        example = (ROOT / "examples" / "hello" / "hello.cpp").read_text()

        self.assertIn(example, blocks)


if __name__ == "__main__":
    main()
