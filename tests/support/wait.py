# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions: tests say what they wait for, never how long it takes."""
import select
import time

# Seconds. Only a test that fails waits so long: a busy machine that shares its cores must not fail one.
LIMIT = 120.0


def until(condition, what, limit=LIMIT):
    """Calls `condition` until it gives something true, and returns that."""
    poll, end = select.poll(), time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit:g} s: {what}")
        poll.poll(5)  # Milliseconds.
