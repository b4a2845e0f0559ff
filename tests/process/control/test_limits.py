"""Every limit of the control channel, met at it and past it."""

import asyncio
import json
import threading
import time
import unittest

import websockets
from channel import (HANG_LIMIT_S, Bare, Server, call, connect, exchange, frame, receive,
                     request_text)


def padded_request(size):
    """A valid request of exactly `size` bytes."""
    text = request_text()
    return text[:-1] + " " * (size - len(text)) + "}"


class Limits(unittest.IsolatedAsyncioTestCase):
    def start(self, **limits):
        return self.enterContext(Server(**limits))

    async def test_a_message_at_the_size_limit_is_read_and_one_byte_more_closes_with_1009(self):
        server = self.start(message_bytes=1000)
        async with connect(server) as client:
            self.assertIn("result", await exchange(client, padded_request(1000)))
            await client.send(padded_request(1001))
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), HANG_LIMIT_S)
            self.assertEqual(closed.exception.rcvd.code, 1009)

    async def test_a_frame_that_only_claims_to_be_huge_is_closed_with_1009(self):
        with Bare(self.start()) as bare:
            bare.upgrade()
            bare.send(b"\x81\xff" + (2**62).to_bytes(8, "big") + b"\0\0\0\0")
            self.assertEqual(bare.receive_close_code(), 1009)

    async def test_one_byte_fragments_make_a_message_and_count_towards_its_size(self):
        with Bare(self.start(message_bytes=1000)) as bare:
            bare.upgrade()
            text = padded_request(1000).encode()
            parts = [frame(text[i:i + 1], opcode=0 if i else 1, final=i == len(text) - 1)
                     for i in range(len(text))]
            bare.send(b"".join(parts))
            self.assertIn("result", bare.receive_message())
            more = [frame(b" ", opcode=0 if i else 1, final=False) for i in range(1001)]
            bare.send(b"".join(more))
            self.assertEqual(bare.receive_close_code(), 1009)

    async def test_nesting_at_the_depth_limit_is_read_and_deeper_is_refused(self):
        server = self.start()
        async with connect(server) as client:
            depth = (await call(client, "system.state"))["result"]["limits"]["jsonDepth"]

            def nested(levels):
                # The request and its params are two levels, the field inside another.
                inner = "[" * (levels - 2) + "]" * (levels - 2)
                return ('{"jsonrpc":"2.0","id":1,"method":"session.get","params":{"x":' + inner
                        + "}}")

            at_limit = await exchange(client, nested(depth))
            self.assertEqual(at_limit["error"]["code"], -32602, "read, and then x is unknown")
            self.assertEqual((await exchange(client, nested(depth + 1)))["error"]["code"], -32700)

    async def test_past_the_limit_of_connections_a_newcomer_is_told_503(self):
        server = self.start(connections=2)
        with Bare(server) as one, Bare(server) as two:
            self.assertEqual(one.request("GET", "/healthz")[0], 200)
            self.assertEqual(two.upgrade()[0], 101)
            with Bare(server) as three:
                status, head, body = three.upgrade()
                self.assertEqual(status, 503)
                self.assertIn("Retry-After", head)
                self.assertEqual(json.loads(body)["error"]["code"], "LIMIT_REACHED")
                self.assertEqual(three.receive_some(), b"")
            two.send(frame(request_text().encode()))
            self.assertIn("result", two.receive_message())
        self.assert_served_again(server)

    def assert_served_again(self, server):
        """A place is free once the server has seen a client go: asked until then."""
        limit = time.monotonic() + HANG_LIMIT_S
        while time.monotonic() < limit:
            with Bare(server) as bare:
                if bare.request("GET", "/healthz")[0] == 200:
                    return
        self.fail("no place became free")

    async def test_a_storm_past_the_limit_of_the_refused_is_closed_unheard(self):
        server = self.start(connections=1, refused=1)
        with Bare(server) as one:
            self.assertEqual(one.request("GET", "/healthz")[0], 200)
            with Bare(server) as _, Bare(server) as three:
                self.assertEqual(three.receive_some(), b"")
            self.assertEqual(one.request("GET", "/healthz")[0], 200)

    async def test_a_silent_client_is_closed_after_the_handshake_time(self):
        with Bare(self.start(handshake_ms=200)) as bare:
            self.assertEqual(bare.receive_some(), b"")

    async def test_a_client_that_sends_its_header_byte_by_byte_gains_no_time(self):
        server = self.start(handshake_ms=300)
        with Bare(server) as bare:
            ended = threading.Event()

            def drip():
                try:
                    while not ended.wait(0.02):
                        bare.send(b"G")
                except OSError:
                    pass

            dripping = threading.Thread(target=drip)
            dripping.start()
            try:
                started = time.monotonic()
                self.assertEqual(bare.receive_some(), b"")
                self.assertLess(time.monotonic() - started, HANG_LIMIT_S / 2)
            finally:
                ended.set()
                dripping.join()

    async def test_a_websocket_that_answers_no_ping_is_closed_after_the_idle_time(self):
        with Bare(self.start(idle_ms=300)) as bare:
            bare.upgrade()
            self.assertEqual(bare.receive_frame()[0], 9, "a ping first")
            while bare.receive_some():
                pass

    async def test_an_idle_websocket_that_answers_pings_stays(self):
        server = self.start(idle_ms=300)
        with Bare(server) as bare:
            bare.upgrade()
            for _ in range(4):
                opcode, payload = bare.receive_frame()
                self.assertEqual(opcode, 9)
                bare.send(frame(payload, opcode=10))
            bare.send(frame(request_text().encode()))
            self.assertIn("result", bare.receive_message())

    async def test_streams_are_limited_on_each_connection(self):
        server = self.start(streams=2)
        async with connect(server) as client, connect(server) as other:
            for _ in range(2):
                self.assertIn("result", await call(client, "stream.open"))
            refused = await call(client, "stream.open")
            self.assertEqual(refused["error"]["data"]["code"], "LIMIT_REACHED")
            self.assertIn("result", await call(other, "stream.open"))

    async def test_requests_are_answered_all_when_read_slowly(self):
        server = self.start(requests=4, send_buffer=4096)
        async with connect(server) as client:
            for number in range(500):
                await client.send(request_text(number=number))
            replies = [await receive(client) for _ in range(500)]
        self.assertEqual([r["id"] for r in replies], list(range(500)))
        self.assertTrue(all("result" in r for r in replies))


if __name__ == "__main__":
    unittest.main()
