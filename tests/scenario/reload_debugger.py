# SPDX-License-Identifier: Apache-2.0
"""Acceptance test 20, what a debugger sees: the frames of a plugin that crashes after it was replaced many times."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import os
import socket
import subprocess

from support import message, peers, wait
from support.case import Skip, main
from support.reload import ReloadCase, pipeline
from support.server import SANITIZED

COMMANDS = ("set pagination off", "set debuginfod enabled off", "echo attached\\n", "continue", "backtrace",
            "info sharedlibrary", "kill")


class Debugger(ReloadCase):
    def setUp(self):
        super().setUp()
        if SANITIZED:
            raise Skip("a leak check and a debugger need the same system call")

    def attach(self):
        """gdb on the server; waits until it has it. Gives the process and the file of what it says."""
        said = self.folder / "gdb.log"
        words = [peers.tool("gdb"), "-nx", "-q", "-batch", "-p", str(self.server.pid)]
        for command in COMMANDS:
            words += ["-ex", command]
        with open(said, "wb") as log:
            debugger = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        env=os.environ | {"LC_ALL": "C"})

        def is_attached():
            text = said.read_text()
            if "ptrace: Operation not permitted" in text:
                debugger.kill()
                raise Skip("this machine lets no debugger in")
            self.assertIsNone(debugger.poll(), text)
            return "attached" in text

        wait.until(is_attached, "gdb has the server")
        return debugger, said

    def test_20_frames_of_a_crash_after_ten_reloads(self):
        self.serve(pipeline(""))
        for version in range(2, 12):
            self.subject.by_move(version)
            self.server.reload()
        self.wait_unloaded()
        self.server.write(pipeline(', fault = "hook_aborts"'))
        self.server.reload()

        debugger, said = self.attach()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(message.query("crash.test"), ("127.0.0.1", self.server.port))
            debugger.wait(wait.LIMIT)
        self.server.process.wait(wait.LIMIT)

        text = said.read_text()
        self.assertIn("SIGABRT", text)
        self.assertRegex(text, r"#\d+ .*Subject::on_query.*subject\.cpp:\d+")
        self.assertRegex(text, r"(?m)^0x.*subject-?.*\.so$", "the private copy is among the objects")


if __name__ == "__main__":
    main()
