# SPDX-License-Identifier: Apache-2.0
"""quickstart_check.py BINARY CONFIG: starts the quickstart's server, waits for the first good answer, stops it."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import client, wait

PORT = 1053


def answers():
    try:
        return client.ask(PORT, "www.example.org", timeout=0.5).answer
    except (TimeoutError, ConnectionRefusedError):
        return None


def main():
    process = subprocess.Popen([sys.argv[1], "run", "-c", sys.argv[2]])
    try:
        answer = wait.until(lambda: process.poll() is not None or answers(), "the quickstart answers")
        if answer is True:
            sys.exit(f"the server ended with {process.returncode}")
        for record in answer:
            print(record.text)
    finally:
        process.terminate()
        process.wait(wait.LIMIT)


if __name__ == "__main__":
    main()
