"""Logs over the control channel, of cameras that have no worker: last lines, what is appended, and
readers that do not read. The log files are written by the tests, as workers would.
"""

import asyncio
import json
import pathlib
import tempfile
import time
import unittest

from channel import HANG_LIMIT_S, Bare, Server, call, connect, frame, receive, request_text

TIME = "2026-01-05T12:00:%02d.000000Z"


def line(second, level="info", text="said"):
    return f"{TIME % second} {level} cam 1 control {text}"


class Logs(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.state = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.logs = self.state / "logs"
        self.logs.mkdir()
        self.file = self.logs / "detector_worker_camera_cam.log"

    def start(self, **limits):
        return self.enterContext(Server(state_dir=self.state, **limits))

    def append(self, *lines, file=None):
        with open(file or self.file, "a", encoding="utf-8") as log:
            log.write("".join(text + "\n" for text in lines))

    def camera(self, server):
        with Bare(server) as bare:
            body = json.dumps({"subscriptionIdentifier": "cam",
                               "rtspUrl": "rtsp://127.0.0.1:9/x"}).encode()
            self.assertEqual(bare.request("POST", "/api/v1/sessions", body=body)[0], 200)

    async def tail(self, client, **params):
        reply = await call(client, "log.tail", **params)
        self.assertIn("result", reply, reply)
        return reply["result"]["tailId"]

    async def told(self, client):
        message = await receive(client)
        self.assertEqual(message["method"], "log.line")
        return message["params"]

    async def test_the_last_lines_are_told_and_then_the_end(self):
        server = self.start()
        self.camera(server)
        self.append(line(1), line(2, "warn", "bad"), line(3), line(4, "error", "worse"))
        async with connect(server) as client:
            tail = await self.tail(client, subscriptionIdentifier="cam", lines=2)
            self.assertEqual(await self.told(client), {
                "tailId": tail, "session": "cam", "end": True,
                "lines": [line(3), line(4, "error", "worse")]})
            await self.tail(client, subscriptionIdentifier="cam", level="warn")
            self.assertEqual((await self.told(client))["lines"],
                             [line(2, "warn", "bad"), line(4, "error", "worse")])
            await self.tail(client, subscriptionIdentifier="cam", grep="bad")
            self.assertEqual((await self.told(client))["lines"], [line(2, "warn", "bad")])
            await self.tail(client, subscriptionIdentifier="cam", since="2026-01-05T12:00:03Z")
            self.assertEqual((await self.told(client))["lines"],
                             [line(3), line(4, "error", "worse")])
            gone = await call(client, "log.untail", tailId=tail)
            self.assertEqual(gone["error"]["data"]["code"], "NOT_FOUND")

    async def test_a_log_is_followed_across_rotation_and_absence_until_it_is_ended(self):
        server = self.start()
        self.camera(server)
        async with connect(server) as client:
            tail = await self.tail(client, subscriptionIdentifier="cam", follow=True)
            self.assertEqual(await self.told(client), {
                "tailId": tail, "session": "cam", "lines": [], "file": "missing"})
            self.append("one")
            seen = []
            while len(seen) < 1:
                seen += (await self.told(client))["lines"]
            self.append("two")
            self.file.rename(self.logs / "detector_worker_camera_cam.1.log")
            self.append("three")
            while len(seen) < 3:
                seen += (await self.told(client))["lines"]
            self.assertEqual(seen, ["one", "two", "three"])
            self.assertIn("result", await call(client, "log.untail", tailId=tail))

    async def test_the_supervisors_own_log_is_read_too(self):
        server = self.start()
        self.append("ready", file=self.logs / "detector_worker_main.log")
        async with connect(server) as client:
            await self.tail(client, supervisor=True)
            own = await self.told(client)
            self.assertEqual(own["lines"], ["ready"])
            self.assertNotIn("session", own)
        with Bare(server) as bare:
            self.assertEqual(bare.request("GET", "/api/v1/system/logs")[2], b"ready\n")

    async def test_a_connection_reads_no_more_logs_than_it_may(self):
        server = self.start()
        self.append("one", file=self.logs / "detector_worker_main.log")
        async with connect(server) as client:
            tails = [await self.tail(client, supervisor=True, lines=0, follow=True)
                     for _ in range(4)]
            past = await call(client, "log.tail", supervisor=True, lines=0, follow=True)
            self.assertEqual(past["error"]["data"]["code"], "LIMIT_REACHED")
            self.assertIn("result", await call(client, "log.untail", tailId=tails[0]))
            await self.tail(client, supervisor=True, lines=0, follow=True)

    async def test_what_is_asked_wrongly_is_named(self):
        server = self.start()
        self.camera(server)
        async with connect(server) as client:
            for params, code, field in (
                ({}, "INVALID_PARAMS", "subscriptionIdentifier"),
                ({"subscriptionIdentifier": "cam", "supervisor": True}, "INVALID_PARAMS",
                 "subscriptionIdentifier"),
                ({"subscriptionIdentifier": "nobody"}, "NOT_FOUND", "subscriptionIdentifier"),
                ({"supervisor": True, "lines": 5001}, "INVALID_PARAMS", "lines"),
                ({"supervisor": True, "level": "loud"}, "INVALID_PARAMS", "level"),
                ({"supervisor": True, "grep": "x" * 257}, "INVALID_PARAMS", "grep"),
                ({"supervisor": True, "since": "yesterday"}, "INVALID_PARAMS", "since"),
            ):
                with self.subTest(params):
                    error = (await call(client, "log.tail", **params))["error"]["data"]
                    self.assertEqual((error["code"], error["field"]), (code, f"params.{field}"))
            await self.tail(client, supervisor=True, lines=5000, grep="x" * 256)
        with Bare(server) as bare:
            for query, status in (("lines=x", 400), ("lines=1&lines=2", 400), ("grep=%zz", 400),
                                  ("colour=red", 400), ("follow=maybe", 400), ("", 404)):
                with self.subTest(query):
                    self.assertEqual(
                        bare.request("GET", f"/api/v1/sessions/cam/logs?{query}")[0], status)
            self.assertEqual(bare.request("GET", "/api/v1/sessions/nobody/logs")[0], 404)
            self.file.symlink_to("/etc/hostname")
            self.assertEqual(bare.request("GET", "/api/v1/sessions/cam/logs")[0], 503)
            self.assertEqual(bare.request("POST", "/api/v1/sessions/cam/logs")[0], 405)

    async def test_rest_filters_and_follows_in_chunks_until_the_client_goes(self):
        server = self.start()
        self.camera(server)
        self.append(line(1), line(2, "warn", "bad thing"), line(3))
        with Bare(server) as bare:
            status, head, body = bare.request(
                "GET", "/api/v1/sessions/cam/logs?level=warn&grep=bad%20thing&lines=5")
            self.assertEqual((status, body.decode()), (200, line(2, "warn", "bad thing") + "\n"))
            self.assertIn("text/plain", head)
        with Bare(server) as bare:
            bare.send(b"GET /api/v1/sessions/cam/logs?lines=1&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            head = bare.receive_head()
            self.assertIn(b" 200 ", head)
            self.assertIn(b"Transfer-Encoding: chunked", head)
            self.assertEqual(self.chunk(bare), (line(3) + "\n").encode())
            self.append(line(4))
            self.assertEqual(self.chunk(bare), (line(4) + "\n").encode())
        await self.connections_left(server, 0)

    def chunk(self, bare):
        size = b""
        while not size.endswith(b"\r\n"):
            size += bare.receive_exactly(1)
        return bare.receive_exactly(int(size, 16) + 2)[:-2]

    async def connections_left(self, server, count):
        """Beside the one that asks."""
        limit = time.monotonic() + HANG_LIMIT_S
        while time.monotonic() < limit:
            with Bare(server) as bare:
                state = json.loads(bare.request("GET", "/api/v1/system")[2])
            if state["connections"] == count + 1:
                return
        self.fail("a connection was not ended")

    async def test_one_that_does_not_read_loses_the_oldest_and_is_cut_and_another_loses_none(self):
        server = self.start(send_buffer=8192, write_ms=1500)
        self.camera(server)
        self.append("first")
        stopped = self.enterContext(Bare(server, receive_buffer=4096))
        stopped.send(b"GET /api/v1/sessions/cam/logs?lines=1&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        async with connect(server) as client:
            await self.tail(client, subscriptionIdentifier="cam", lines=1, follow=True)
            seen = (await self.told(client))["lines"]
            for part in range(10):
                self.append(*(f"{part * 400 + i} " + "x" * 1000 for i in range(400)))
                while len(seen) < (part + 1) * 400 + 1:
                    told = await self.told(client)
                    self.assertNotIn("lost", told)
                    seen += told["lines"]
            self.assertEqual([int(text.split()[0]) for text in seen[1:]], list(range(4000)))
            await self.connections_left(server, 1)
        stopped.receive_all()

    async def test_a_client_that_is_behind_is_told_how_many_lines_it_lost(self):
        server = self.start(send_buffer=8192, write_ms=60_000, slow_ms=60_000, idle_ms=600_000)
        self.camera(server)
        self.append("first")
        slow = self.enterContext(Bare(server, receive_buffer=4096))
        self.assertEqual(slow.upgrade()[0], 101)
        slow.send(frame(request_text("log.tail", subscriptionIdentifier="cam", lines=1,
                                     follow=True).encode()))
        slow.receive_frame()
        self.assertIn(b"first", slow.receive_frame()[1])
        # Another that has read them all shows that they have been offered to the slow one, too.
        async with connect(server) as other:
            await self.tail(other, subscriptionIdentifier="cam", lines=1, follow=True)
            last = (await self.told(other))["lines"]
            for part in range(10):
                self.append(*(f"{part * 400 + i} " + "x" * 1000 for i in range(400)))
            while not last[-1].startswith("3999 "):
                last = (await self.told(other))["lines"] or last
        told = lost = 0
        numbers = []
        while not numbers or numbers[-1] != 3999:
            params = slow.receive_message()["params"]
            lost += params.get("lost", 0)
            numbers += [int(text.split()[0]) for text in params["lines"]]
            told += len(params["lines"])
        self.assertEqual(told + lost, 4000)
        self.assertGreater(lost, 0)
        self.assertEqual(numbers, sorted(set(numbers)))


if __name__ == "__main__":
    unittest.main()
