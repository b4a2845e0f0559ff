"""How long a piece of work of one result's size takes on this machine now, wait for a core included.

A process of its own, so that what it says is of the machine and not of the harness: every 50 ms it
prints milliseconds from when it was due to its end. Ends with its standard input.
"""

import select
import sys
import time

INTERVAL_S = 0.05
ROUNDS = 40_000  # a few milliseconds


def main():
    due = time.monotonic()
    while True:
        due = max(due + INTERVAL_S, time.monotonic())
        if select.select([sys.stdin], [], [], max(0, due - time.monotonic()))[0]:
            return
        total = 0
        for number in range(ROUNDS):
            total += number
        print(f"{(time.monotonic() - due) * 1e3:.3f}", flush=True)


if __name__ == "__main__":
    main()
