# SPDX-License-Identifier: Apache-2.0
"""What `dnsloom check` says about configurations that are wrong, and with which exit code it ends."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.case import Case, main
from support.server import PLUGINS, TEST_PLUGINS, check, host_section, run, servers

# (what is wrong, the text behind [host], where and what has to be said)
MISTAKES = [
    ("no TOML", "[[server]\nlisten = 1\n", [r"dnsloom.toml:"]),
    ("no server", "", ["server"]),
    ("unknown table", '[extra]\na = 1\n' + servers(), ["extra"]),
    ("unknown host key", None, ["wokers", "workers"]),
    ("unknown plugin", servers('[{ plugin = "whomai" }]'), ["whomai"]),
    ("unknown option", servers('[{ plugin = "log", clas = "error" }]'), ["clas", "class"]),
    ("option of another type", servers('[{ plugin = "log", class = 7 }]'), ["class"]),
    ("option out of its choices", servers('[{ plugin = "log", class = "odd" }]'), ["odd", "denial"]),
    ("required option missing", servers('[{ plugin = "file" }]'), ["path"]),
    ("duration without a unit", servers('[{ plugin = "subject", delay = "10" }]'), ["delay", "10"]),
    ("listener of no scheme", servers(listen="gopher://127.0.0.1:70"), ["gopher"]),
    ("listener without a number", servers(listen="dns://127.0.0.1:http"), ["http"]),
    ("no zone", servers(zones="[]"), ["zones"]),
    ("zone that is no name", servers(zones='["a..b"]'), ["a..b"]),
    ("zone twice on one listener", servers() + servers(), ["."]),
    ("empty pipeline", servers("[]"), ["pipeline"]),
    ("unknown outcome", servers('[{ plugin = "whoami", on = { nxdomian = "next" } }]'), ["nxdomian", "nxdomain"]),
    ("plugin's own check", servers('[{ plugin = "metrics", path = "metrics" }]'), ["begins with /"]),
    ("unset variable", servers('[{ plugin = "${DNSLOOM_TEST_UNSET}" }]'), ["DNSLOOM_TEST_UNSET"]),
]


class Check(Case):
    def check(self, text, name="dnsloom.toml"):
        return check(self.folder, text, name)

    def host(self):
        return host_section(self.folder)

    def test_good_configuration_exits_with_0(self):
        code, said = self.check(self.host() + servers(listen="dns://127.0.0.1:5353"))

        self.assertEqual(code, 0, said)

    def test_mistakes_exit_with_1_and_say_what(self):
        for what, text, wanted in MISTAKES:
            with self.subTest(what):
                whole = self.host() + text if text is not None else \
                    self.host().replace("[host]\n", "[host]\nwokers = 2\n") + servers()
                code, said = self.check(whole.replace("@PORT@", "5353"))
                self.assertEqual(code, 1, said)
                for part in wanted:
                    self.assertIn(part, said)
                self.assertNotIn("terminate called", said)

    def test_place_is_file_line_and_column(self):
        text = self.host() + '[[server]]\nlisten = ["dns://127.0.0.1:5353"]\nzones = ["."]\n' \
                             '  [[server.pipeline]]\n    plugin = "log"\n    clas = "error"\n'
        line = text.splitlines().index('    clas = "error"') + 1

        _, said = self.check(text)

        self.assertIn(f"dnsloom.toml:{line}:5:", said)

    def test_every_mistake_is_told(self):
        _, said = self.check(self.host() + servers('[{ plugin = "log", aaa = 1, bbb = 2 }]', listen="dns://127.0.0.1:5353"))

        self.assertIn("aaa", said)
        self.assertIn("bbb", said)

    def test_mistake_in_an_included_file_is_told_with_its_name(self):
        (self.folder / "more.toml").write_text(servers('[{ plugin = "log", aaa = 1 }]', listen="dns://127.0.0.1:5353"))

        _, said = self.check('include = ["more.toml"]\n' + self.host())

        self.assertIn("more.toml:", said)

    def test_missing_plugin_names_the_folders_that_were_searched(self):
        _, said = self.check(self.host() + servers('[{ plugin = "nowhere" }]', listen="dns://127.0.0.1:5353"))
        for folder in (PLUGINS, TEST_PLUGINS):
            self.assertIn(f"{folder}/nowhere.so", said)

    def test_without_plugin_path_the_installed_plugins_are_used(self):
        host = "\n".join(line for line in self.host().splitlines() if not line.startswith("plugin_path"))

        _, said = self.check(host + "\n" + servers('[{ plugin = "nowhere" }]', listen="dns://127.0.0.1:5353"))

        self.assertRegex(said, r"looked for /\S+/dnsloom/plugins/nowhere\.so")

    def test_own_plugins_are_checked_without_a_warning(self):
        for plugin in sorted(PLUGINS.glob("*.so")):
            with self.subTest(plugin.name):
                code, out, said = run("plugin", "inspect", plugin)
                self.assertEqual(code, 0, said)
                self.assertNotRegex(out, r"(?m)^  warning ")

    def test_variables_are_expanded(self):
        text = self.host() + servers('[{ plugin = "${DNSLOOM_TEST_UNSET:-whoami}" }]', listen="dns://127.0.0.1:5353")

        self.assertEqual(self.check(text)[0], 0)

    def test_missing_file_is_an_error(self):
        code, _, said = run("check", "-c", self.folder / "nowhere.toml")

        self.assertEqual(code, 1)
        self.assertIn("nowhere.toml", said)


class CommandLine(Case):
    def test_help_and_version(self):
        for option in ("--help", "-h"):
            code, out, _ = run(option)
            self.assertEqual(code, 0)
            self.assertIn("dnsloom COMMAND", out)
        code, out, _ = run("--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"\d+\.\d+\.\d+")

    def test_wrong_command_line_exits_with_2_and_a_hint(self):
        for arguments in ([], ["rum"], ["run", "--confg", "x"], ["plugin"], ["plugin", "inspect"], ["ctl"]):
            with self.subTest(arguments=arguments):
                code, _, said = run(*arguments)
                self.assertEqual(code, 2)
                self.assertTrue(said.strip())

    def test_nearest_command_is_suggested(self):
        self.assertIn("run", run("rum")[2])

    def test_plugin_list_names_them_all(self):
        path = self.folder / "dnsloom.toml"
        path.write_text(host_section(self.folder) + servers(listen="dns://127.0.0.1:5353"))

        code, out, _ = run("plugin", "list", "-c", path)

        self.assertEqual(code, 0)
        for name in ("cache", "file", "forward", "log", "metrics", "whoami", "subject"):
            self.assertIn(name, out)


if __name__ == "__main__":
    main()
