# SPDX-License-Identifier: Apache-2.0
"""Everything that tests/run does once the packages are there. Stages, in their order:

  build       debugoptimized build with warnings as errors, and the unit tests
  scenario    real servers on loopback: answers, transports, configuration, process
  reload      the reload acceptance tests
  sdk         the SDK's examples, built out of tree; the configurations of the READMEs
  asan        AddressSanitizer, UBSan and LeakSanitizer: unit tests, scenarios and reloads
  tsan        ThreadSanitizer: the reloads
  fuzz        every fuzz target for a bounded time
  quickstart  examples/quickstart gives its first answer

Environment: DNSLOOM_FUZZ_SECONDS (each target, 20), DNSLOOM_BUILD_ROOT (where build folders go, the source tree).
"""
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILDS = Path(os.environ.get("DNSLOOM_BUILD_ROOT", ROOT))
JOBS = os.cpu_count() or 2
SHOWN = 12_000  # Octets of a failed test's output.


class Tally:
    """Passed, failed and skipped cases of all stages."""

    def __init__(self):
        self.passed = self.skipped = 0
        self.failed = []  # (name, output)

    def add(self, name, output, ok):
        """Counts the cases in the output of one test program."""
        passed, failed, skipped = count(output)
        self.passed += passed
        self.skipped += skipped
        self.failed += [(f"{name}: {case}" if case else name, output) for case in failed]
        if not ok and not failed:
            self.failed.append((name, output))
        if ok and passed + skipped == 0 and not failed:
            self.passed += 1


def count(output):
    """(passed, names of failed ones, skipped) of TAP or doctest output."""
    tap = re.findall(r"^(ok|not ok) \d+ - (.*)$", output, re.MULTILINE)
    if tap:
        skipped = sum(state == "ok" and "# SKIP" in name for state, name in tap)
        failed = [name for state, name in tap if state == "not ok"]
        return len(tap) - len(failed) - skipped, failed, skipped
    found = re.search(r"test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed", output)
    if found:
        names = re.findall(r"^TEST CASE:\s*(.*)$", output, re.MULTILINE)
        failed = int(found[3])
        return int(found[2]), (list(dict.fromkeys(names)) + [""] * failed)[:failed], 0
    return 0, [], 0


class Stages:
    def __init__(self):
        self.tally = Tally()

    def command(self, name, words, env=None, cwd=None):
        """Runs to the end; shows and counts it as a failure if it fails."""
        result = subprocess.run(words, cwd=cwd, env=os.environ | (env or {}), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")
        if result.returncode != 0:
            self.tally.failed.append((name, result.stdout))
        return result.returncode == 0, result.stdout

    def setup(self, folder, *options):
        build = BUILDS / folder
        again = ["--reconfigure"] if (build / "build.ninja").exists() else []
        return self.command(f"{folder}: meson setup",
                            ["meson", "setup", *again, str(build), str(ROOT), *options])[0]

    def compile(self, folder, *targets):
        return self.command(f"{folder}: build", ["ninja", "-C", str(BUILDS / folder), f"-j{JOBS}", *targets])[0]

    def test(self, folder, *options, multiplier=1):
        """Meson's tests, counted case by case."""
        build = BUILDS / folder
        log = build / "meson-logs" / "testlog.json"
        log.unlink(missing_ok=True)
        result = subprocess.run(
            ["meson", "test", "-C", str(build), "--no-rebuild", f"--num-processes={JOBS}", f"-t{multiplier}", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if not log.exists():
            self.tally.failed.append((f"{folder}: meson test", result.stdout))
            return
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            ok = entry["result"] in ("OK", "SKIP")
            output = entry.get("stdout", "") + entry.get("stderr", "")
            if not ok:
                output += f"\n({entry['result']} after {entry['duration']:.0f} s)"
            self.tally.add(f"{folder}: {entry['name']}", output, ok)

    # -- The stages

    def build(self):
        # The hook is the negative control of the reload tests.
        if self.setup("build-tests", "--buildtype=debugoptimized", "-Dwerror=true",
                      "-Dcpp_args=-DDNSLOOM_TEST_HOOKS") and self.compile("build-tests"):
            self.test("build-tests", *no_suites())

    def scenario(self):
        self.test("build-tests", "--suite=scenario")

    def reload(self):
        self.test("build-tests", "--suite=reload")

    def sdk(self):
        self.test("build-tests", "--suite=sdk", "--suite=readme")

    # Sanitizers make the compiler see what is not there, so its warnings are no errors here.
    def asan(self):
        if self.setup("build-asan", *sanitized("address,undefined")) \
                and self.compile("build-asan"):
            self.test("build-asan", *no_suites(), multiplier=2)
            self.test("build-asan", "--suite=scenario", "--suite=reload", multiplier=2)

    # TSan does not know the fences that Asio puts around handlers; its queues have mutexes besides.
    def tsan(self):
        if self.setup("build-tsan", *sanitized("thread", "-Wno-tsan -DBOOST_ASIO_DISABLE_FENCED_BLOCK")) \
                and self.compile("build-tsan", "test-server"):
            self.test("build-tsan", "--suite=reload", multiplier=3)

    def fuzz(self):
        seconds = os.environ.get("DNSLOOM_FUZZ_SECONDS", "20")
        _, output = self.command("fuzz", [str(ROOT / "tests/fuzz/run"), "--build", str(BUILDS / "build-fuzz"),
                                          "--seconds", seconds])
        self.tally.passed += len(re.findall(r"inputs, no crash$", output, re.MULTILINE))

    def quickstart(self):
        ok, output = self.command("quickstart", [str(ROOT / "examples/quickstart"), "--check"])
        if ok and "www.example.org." in output:
            self.tally.passed += 1
        elif ok:
            self.tally.failed.append(("quickstart", output))


ALL = ["build", "scenario", "reload", "sdk", "asan", "tsan", "fuzz", "quickstart"]


def sanitized(names, cpp_args=""):
    """Options of a build. Lines of stack traces are all that is read of its debug information."""
    return ["-Ddebug=false", "-Doptimization=1", f"-Db_sanitize={names}", "-Db_lundef=false", "-Dc_args=-g1",
            f"-Dcpp_args=-g1 -DDNSLOOM_TEST_HOOKS {cpp_args}".rstrip()]


def no_suites():
    """Leaves the unit tests."""
    return [f"--no-suite={suite}" for suite in ("scenario", "reload", "sdk", "readme")]


def main():
    chosen = sys.argv[1:] or ALL
    if unknown := set(chosen) - set(ALL):
        sys.exit(f"unknown stage {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    stages = Stages()
    for name in chosen:
        begin, failed = time.monotonic(), len(stages.tally.failed)
        print(f"== {name}", flush=True)
        getattr(stages, name)()
        news = stages.tally.failed[failed:]
        print(f"   {time.monotonic() - begin:.0f} s, {stages.tally.passed} passed so far"
              + (f", {len(news)} failed here" if news else ""), flush=True)
    report(stages.tally)
    sys.exit(1 if stages.tally.failed else 0)


def report(tally):
    shown = set()
    for name, output in tally.failed:
        print(f"\nFAILED {name}")
        if output not in shown:
            print(output[-SHOWN:])
        shown.add(output)
    if tally.failed:
        print("\nFailed:")
        for name, _ in tally.failed:
            print(f"  {name}")
    if tally.skipped:
        print(f"{tally.skipped} skipped")
    print(f"{tally.passed} passed, {len(tally.failed)} failed")


if __name__ == "__main__":
    main()
