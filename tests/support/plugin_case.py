# SPDX-License-Identifier: Apache-2.0
"""Plugins as their authors build them: checked, served, and replaced while the server runs."""
import os
import shutil
import subprocess

from . import message, wait
from .case import Case
from .load import Load
from .server import Dnsloom, run, servers


def command(words, env=None, cwd=None):
    result = subprocess.run(words, env=os.environ | (env or {}), cwd=cwd, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(words)}:\n{result.stdout}")
    return result.stdout


class PluginCase(Case):
    def check_plugin(self, shared_object):
        """Exports one symbol, and nothing that would pin it."""
        symbols = command(["nm", "-D", "--defined-only", str(shared_object)]).split("\n")
        self.assertEqual([line.split()[-1] for line in symbols if line], ["loom_module_0"])
        code, out, err = run("plugin", "inspect", shared_object)
        self.assertEqual(code, 0, out + err)
        self.assertIn(shared_object.stem.removeprefix("lib"), out)

    def serve(self, name, shared_object, options=""):
        """A server with the plugin in a folder of its own."""
        plugins = self.folder / "plugins"
        plugins.mkdir(exist_ok=True)
        shutil.copyfile(shared_object, plugins / f"{name}.so")
        return self.enter(Dnsloom(
            self.folder, servers(f'[{{ plugin = "{name}"{options} }}, {{ plugin = "whoami" }}]'),
            plugin_path=[plugins]))

    def replace(self, server, name, shared_object):
        """Drops another build in while the server runs; the old one has to go."""
        plugins = self.folder / "plugins"
        shutil.copyfile(shared_object, plugins / "new")
        (plugins / "new").replace(plugins / f"{name}.so")
        server.reload()

    def rebuild(self, shared_object):
        """Another build of the same: with a section that nobody reads."""
        note, new = self.folder / "note", self.folder / "rebuilt.so"
        note.write_text("another build")
        command(["objcopy", "--add-section", f".test.build={note}", str(shared_object), str(new)])
        return new

    def txt(self, server):
        reply = server.ask("example.test", "TXT")
        return message.txt_strings(reply.answer[0].rdata) if reply.answer else []

    def query_and_replace(self, name, built, wanted, options=""):
        self.check_plugin(built)
        server = self.serve(name, built, options)
        self.assertEqual(self.txt(server), [wanted])
        self.assertEqual(len(server.ask("example.test", "A").additional), 2, "whoami answers the rest")
        before = server.plugin_maps(name)
        load = self.enter(Load(server.port, reads_version=False, rate=1000.0))
        load.wait_answers(20)
        self.replace(server, name, self.rebuild(built))
        load.wait_answers(20)
        self.assertEqual(load.stop().faults(), "")
        self.assertEqual(self.txt(server), [wanted])
        wait.until(lambda: len(server.plugin_maps(name)) == 1 and server.plugin_maps(name) != before,
                   "the old copy is unmapped")
