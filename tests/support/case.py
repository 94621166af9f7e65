# SPDX-License-Identifier: Apache-2.0
"""Test cases that report as TAP, which Meson counts one by one."""
import os
import shutil
import sys
import tempfile
import time
import traceback
import unittest
from pathlib import Path

Skip = unittest.SkipTest
ROOT = Path(__file__).resolve().parents[2]


class Case(unittest.TestCase):
    """A test with a folder of its own, `self.folder`, that is kept when it fails and DNSLOOM_KEEP is set."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="dnsloom-test."))
        if not os.environ.get("DNSLOOM_KEEP"):
            self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def enter(self, context):
        """Enters a context manager that ends with the test."""
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value


class _TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        print(f"# {time.monotonic() - self.begin:.1f} s", flush=True)

    def _line(self, ok, test, note=""):
        self.number += 1
        print(f"{'ok' if ok else 'not ok'} {self.number} - {_name(test)}{note}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line(True, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(True, test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._fail(subtest, err)

    def _fail(self, test, err):
        self._line(False, test)
        for line in "".join(traceback.format_exception(*err)).splitlines():
            print(f"# {line}", flush=True)


def _name(test):
    text = test.id().removeprefix("__main__.")
    return text.replace("#", "no.")


def main():
    """Runs the cases of the main module; arguments are parts of names to run alone."""
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        loader.testNamePatterns = [f"*{part}*" for part in sys.argv[1:]]
    suite = loader.loadTestsFromModule(sys.modules["__main__"])
    result = _TapResult()
    suite.run(result)
    print(f"1..{result.number}", flush=True)  # At the end: a failing subtest is a line of its own.
    sys.exit(0 if result.wasSuccessful() else 1)
