"""What Python's multiprocessing.Queue does, measured as bench/queue.cpp measures the others.

    queue_mp.py MESSAGES ROUND_TRIPS SIZE

Prints: messages per second, round trip p50 and p99 in microseconds.
"""

import multiprocessing
import os
import sys
import time


def run_on(processor):
    os.sched_setaffinity(0, {processor % os.cpu_count()})


def peer(there, back, messages, round_trips):
    run_on(1)
    for _ in range(messages):
        there.get()
    back.put(b"")
    for _ in range(round_trips):
        back.put(there.get())


def main():
    messages, round_trips, size = map(int, sys.argv[1:])
    payload = bytes(size)
    there, back = multiprocessing.Queue(maxsize=1024), multiprocessing.Queue(maxsize=1024)
    process = multiprocessing.Process(target=peer, args=(there, back, messages, round_trips))
    process.start()
    run_on(0)

    start = time.perf_counter()
    for _ in range(messages):
        there.put(payload)
    back.get()
    rate = messages / (time.perf_counter() - start)

    trips = []
    for _ in range(round_trips):
        start = time.perf_counter()
        there.put(payload)
        back.get()
        trips.append((time.perf_counter() - start) * 1e6)
    process.join()
    trips.sort()
    print(rate, trips[len(trips) // 2], trips[len(trips) * 99 // 100])


if __name__ == "__main__":
    main()
