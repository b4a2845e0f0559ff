"""Compression (RFC 7692): offered and taken, off for what is small, and no way to use up memory."""

import json
import struct
import unittest
import zlib

from channel import Bare, Server, call, connect, frame, receive, request_text

OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
COMPRESSED = 0x40  # RSV1
WINDOW_BITS = 12


def compressed(data):
    """A message as RFC 7692 7.2.1 has it: raw deflate without the empty block at its end."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS)
    return (deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Compressing(Bare):
    def __init__(self, server):
        super().__init__(server)
        self.status, self.head, _ = self.upgrade(headers=(OFFER,))

    def receive_message(self):
        """(was it compressed, text)"""
        is_compressed, payload, final = None, b"", False
        while not final:
            first, second = self.receive_exactly(2)
            length = second & 0x7F
            if length == 126:
                length = struct.unpack(">H", self.receive_exactly(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.receive_exactly(8))[0]
            if is_compressed is None:
                is_compressed = bool(first & COMPRESSED)
            payload += self.receive_exactly(length)
            final = bool(first & 0x80)
        if is_compressed:
            payload = zlib.decompressobj(-WINDOW_BITS).decompress(payload + b"\0\0\xff\xff")
        return is_compressed, json.loads(payload)

    def ask(self, method, **params):
        self.send(frame(request_text(method, **params).encode()))
        return self.receive_message()


class Compression(unittest.TestCase):
    def start(self, **limits):
        return self.enterContext(Server(**limits))

    def client(self, server):
        client = self.enterContext(Compressing(server))
        self.assertEqual(client.status, 101)
        return client

    def test_it_is_agreed_on_without_contexts_that_outlive_a_message(self):
        head = self.client(self.start()).head.lower()
        self.assertIn("permessage-deflate", head)
        self.assertIn("server_no_context_takeover", head)
        self.assertIn("client_no_context_takeover", head)
        self.assertIn(f"server_max_window_bits={WINDOW_BITS}", head)

    def test_a_client_that_does_not_offer_it_gets_none(self):
        bare = self.enterContext(Bare(self.start()))
        self.assertNotIn("permessage-deflate", bare.upgrade()[1])

    def test_large_replies_are_compressed_and_small_ones_are_not(self):
        client = self.client(self.start())
        is_compressed, reply = client.ask("rpc.discover")
        self.assertTrue(is_compressed)
        self.assertIn("result", reply)
        self.assertEqual(client.ask("stream.open")[0], False)

    def test_a_stream_is_compressed_where_its_client_asked_for_it(self):
        server = self.start()
        client = self.client(server)
        client.ask("stream.open", policy={"compress": True})
        server.tell("detections 1 50")
        is_compressed, message = client.receive_message()
        self.assertTrue(is_compressed)
        self.assertEqual(len(message["params"]["objects"]), 50)
        server.tell("states 1 cam")
        self.assertEqual(client.receive_message()[0], False, "too small")
        plain = self.client(server)
        plain.ask("stream.open")
        server.tell("detections 1 50")
        self.assertEqual(plain.receive_message()[0], False, "it did not ask")

    def test_compressed_requests_are_understood_also_in_fragments(self):
        client = self.client(self.start())
        data = compressed(request_text().encode())
        client.send(frame(data, reserved=COMPRESSED))
        self.assertIn("result", client.receive_message()[1])
        half = len(data) // 2
        client.send(frame(data[:half], final=False, reserved=COMPRESSED))
        client.send(frame(data[half:], opcode=0))
        self.assertIn("result", client.receive_message()[1])

    def test_a_deflate_bomb_is_closed_with_1009_at_the_limit_of_a_message(self):
        client = self.client(self.start(message_bytes=10_000))
        padding = request_text(padding="x" * 9_900).encode()
        self.assertLess(len(padding), 10_000)
        client.send(frame(compressed(padding), reserved=COMPRESSED))
        self.assertIn("error", client.receive_message()[1])
        client.send(frame(compressed(b"x" * 50_000_000), reserved=COMPRESSED))
        self.assertEqual(client.receive_close_code(), 1009)

    def test_rubbish_for_deflate_ends_the_connection(self):
        for rubbish in (b"\xff" * 100, b"\x06rubbish"):
            client = self.client(self.start())
            client.send(frame(rubbish, reserved=COMPRESSED))
            client.receive_all()

    def test_rsv1_without_the_extension_is_a_protocol_error(self):
        bare = self.enterContext(Bare(self.start()))
        bare.upgrade()
        bare.send(frame(b"{}", reserved=COMPRESSED))
        self.assertEqual(bare.receive_close_code(), 1002)

    def test_rsv1_on_a_control_frame_or_a_continuation_is_a_protocol_error(self):
        client = self.client(self.start())
        client.send(frame(b"", opcode=9, reserved=COMPRESSED))
        self.assertEqual(client.receive_close_code(), 1002)
        client = self.client(self.start())
        data = compressed(request_text().encode())
        client.send(frame(data[:5], final=False, reserved=COMPRESSED))
        client.send(frame(data[5:], opcode=0, reserved=COMPRESSED))
        self.assertEqual(client.receive_close_code(), 1002)


class ByAnotherLibrary(unittest.IsolatedAsyncioTestCase):
    async def test_python_websockets_speaks_it_with_us(self):
        server = self.enterContext(Server())
        async with connect(server, compression="deflate") as client:
            self.assertIn("result", await call(client, "rpc.discover"))
            await call(client, "stream.open", policy={"compress": True})
            server.tell("detections 200 50")
            for _ in range(200):
                self.assertEqual(len((await receive(client))["params"]["objects"]), 50)


if __name__ == "__main__":
    unittest.main()
