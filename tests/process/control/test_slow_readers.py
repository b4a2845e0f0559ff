"""Clients that do not read: bounded, told what they lost, cut in time, and felt by nobody else."""

import asyncio
import json
import pathlib
import re
import threading
import time
import unittest

from channel import HANG_LIMIT_S, Bare, Server, call, connect, frame, receive, request_text

# Small, so that what one write leaves unsent is the server's to hold and not the kernel's.
SMALL_BUFFERS = dict(send_buffer=8192)
CLIENT_BUFFER = 4096


def resident_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def metric(server, name):
    with Bare(server) as bare:
        page = bare.request("GET", "/metrics")[2].decode()
    return float(re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)[1])


class SlowReaders(unittest.IsolatedAsyncioTestCase):
    def start(self, **limits):
        return self.enterContext(Server(**SMALL_BUFFERS, **limits))

    def stopped_reader(self, server):
        bare = self.enterContext(Bare(server, receive_buffer=CLIENT_BUFFER))
        self.assertEqual(bare.upgrade()[0], 101)
        bare.send(frame(request_text("stream.open").encode()))
        bare.receive_frame()
        return bare

    async def test_one_that_never_reads_is_cut_while_another_misses_nothing(self):
        server = self.start(write_ms=500)
        async with connect(server) as other:
            await call(other, "stream.open")
            stopped = self.stopped_reader(server)
            server.tell("every 5 50")
            seen = []
            evicted = 'bulkhead_ws_client_evicted_total{reason="write_timeout"}'
            limit = time.monotonic() + HANG_LIMIT_S
            while time.monotonic() < limit:
                seen.append((await receive(other))["params"]["sequence"])
                if len(seen) % 20 == 0 and self.is_evicted(server, evicted):
                    break
            server.tell("every 0 0")
            self.assertEqual(metric(server, evicted), 1)
            self.assertEqual(seen, list(range(seen[0], seen[0] + len(seen))))
            self.assertIn("result", await call(other, "system.state"))
        # What was in the buffers can still be read; then comes the end.
        stopped.receive_all()

    @staticmethod
    def is_evicted(server, name):
        try:
            return metric(server, name) >= 1
        except TypeError:
            return False  # the reason appears with its first eviction

    async def test_one_that_keeps_sending_and_never_reads_is_cut_too(self):
        server = self.start(write_ms=500, idle_ms=60_000)
        stopped = self.stopped_reader(server)
        ended = threading.Event()

        def send_on():
            try:
                while not ended.wait(0.01):
                    stopped.send(frame(request_text().encode()))
            except OSError:
                ended.set()

        sender = threading.Thread(target=send_on)
        sender.start()
        server.tell("every 5 50")
        try:
            self.assertTrue(ended.wait(HANG_LIMIT_S), "the sender meets a closed connection")
        finally:
            ended.set()
            sender.join()
        server.tell("every 0 0")

    async def test_one_that_falls_behind_is_told_what_it_lost_and_loses_no_state(self):
        server = self.start(write_ms=60_000, outbox_messages=10)
        behind = self.stopped_reader(server)
        server.tell("detections 500 50")
        server.tell("states 50 cam-a")
        server.tell("detections 500 50")
        got, lost, states, gaps = set(), 0, 0, 0
        while states < 50 or len(got) + lost < 1000:
            message = json.loads(behind.receive_frame()[1])
            params = message["params"]
            if message["method"] == "detection":
                got.add(params["sequence"])
            elif message["method"] == "session.state":
                states += 1
            elif message["method"] == "stream.gap":
                self.assertEqual(params["reason"], "slow_client")
                self.assertEqual(params["class"], "IMPORTANT")
                self.assertFalse(got & set(range(params["fromSequence"],
                                                 params["toSequence"] + 1)))
                lost += params["count"]
                gaps += 1
        self.assertEqual(states, 50)
        self.assertGreater(lost, 900)
        self.assertLess(gaps, 10, "a run of losses is one gap")
        self.assertEqual(len(got) + lost, 1000, "every detection came or was told")

    async def test_one_whose_states_overflow_is_cut_and_the_reason_is_counted(self):
        server = self.start(write_ms=60_000, outbox_control=20)
        stopped = self.stopped_reader(server)
        server.tell("detections 500 50")
        for camera in range(21):
            server.tell(f"states 1 cam-{camera}")
        stopped.receive_all()
        self.assertEqual(metric(server, 'bulkhead_ws_client_evicted_total{reason="overflow"}'), 1)

    async def test_a_flapping_camera_cuts_nobody(self):
        server = self.start(write_ms=60_000, outbox_control=20)
        behind = self.stopped_reader(server)
        server.tell("detections 500 50")
        server.tell("states 5000 cam-flapping")
        states = 0
        while states < 20:
            message = json.loads(behind.receive_frame()[1])
            states += message["method"] == "session.state"
        self.assertEqual(metric(server, "bulkhead_client_connections"), 2, "it and who asks")

    async def test_fifty_that_never_read_cost_bounded_memory(self):
        server = self.start(write_ms=60_000, outbox_messages=100)
        for _ in range(50):
            self.stopped_reader(server)
        server.tell("detections 200 50")
        before = resident_kib(server.pid)
        server.tell("detections 3000 50")
        grown = resident_kib(server.pid) - before
        self.assertLess(grown, 8 * 1024, "kept messages are bounded and shared")
        self.assertLessEqual(metric(server, "bulkhead_ws_client_queue_messages"), 50 * 100)

    async def test_one_that_does_not_read_its_replies_is_asked_for_no_more_requests(self):
        server = self.start(write_ms=60_000, requests=8)
        bare = self.enterContext(Bare(server, receive_buffer=CLIENT_BUFFER))
        bare.upgrade()
        ask = frame(request_text("rpc.discover").encode())
        sent = threading.Event()

        def send_all():
            for _ in range(200):
                bare.send(ask)
            sent.set()

        sender = threading.Thread(target=send_all)
        sender.start()
        # The server holds at most its bound of replies meanwhile, and serves others.
        async with connect(server) as other:
            for _ in range(20):
                self.assertIn("result", await call(other, "system.state"))
        for _ in range(200):
            self.assertIn("result", json.loads(bare.receive_frame()[1]))
        sender.join(HANG_LIMIT_S)
        self.assertTrue(sent.is_set())

    async def test_control_replies_stay_quick_for_others(self):
        server = self.start(write_ms=60_000)
        for _ in range(20):
            self.stopped_reader(server)
        server.tell("every 2 50")
        async with connect(server) as other:
            times = []
            for _ in range(200):
                started = time.perf_counter()
                await call(other, "system.state")
                times.append(time.perf_counter() - started)
        server.tell("every 0 0")
        times.sort()
        print(f"\nsystem.state beside 20 stopped readers: p50 {times[100] * 1e3:.2f} ms, "
              f"p99 {times[197] * 1e3:.2f} ms")
        # A hang or a write that blocks the loop shows as seconds; a loaded machine does not.
        self.assertLess(times[100], 1.0)


if __name__ == "__main__":
    unittest.main()
