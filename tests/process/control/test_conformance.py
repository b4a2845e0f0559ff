"""RFC 6455 from the client's side, frame by frame: what is allowed is served, what is not ends the
connection with the close code that the RFC names. Bare sockets, for a library would not misbehave.
"""

import base64
import hashlib
import json
import os
import struct
import unittest

from channel import Bare, Server, frame, request_text

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PROTOCOL_ERROR, BAD_PAYLOAD = 1002, 1007
ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
EURO = "€".encode()  # three bytes


def masked(payload, opcode=TEXT, final=True):
    """A frame with a mask that changes every byte."""
    mask = os.urandom(4)
    head = frame(payload, opcode, final)[:-len(payload) - 4] if payload else frame(b"", opcode)[:-4]
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def request_with(text):
    """A request whose id is `text`, which its reply repeats."""
    return request_text(number=text).encode()


class Conformance(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())

    def client(self):
        bare = self.enterContext(Bare(self.server))
        self.assertEqual(bare.upgrade()[0], 101)
        return bare

    def assert_served(self, bare, number):
        bare.send(frame(request_text(number=number).encode()))
        opcode, payload = bare.receive_frame()
        self.assertEqual((opcode, json.loads(payload)["id"]), (TEXT, number))

    def assert_ends_with(self, code, *frames):
        bare = self.client()
        bare.send(b"".join(frames))
        self.assertEqual(bare.receive_close_code(), code)
        self.assertEqual(bare.receive_some(), b"", "the server ends TCP, too")

    def test_the_handshake_answers_the_key(self):
        key = base64.b64encode(os.urandom(16)).decode()
        with Bare(self.server) as bare:
            status, head, _ = bare.request("GET", "/ws", (
                "Upgrade: WebSocket", "Connection: keep-alive, Upgrade",
                "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"))
        accept = base64.b64encode(hashlib.sha1((key + ACCEPT_GUID).encode()).digest()).decode()
        self.assertEqual(status, 101)
        self.assertIn(f"Sec-WebSocket-Accept: {accept}", head)

    def test_a_handshake_without_key_or_of_another_version_is_refused(self):
        for name, headers, status in (
            ("no key", ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"), 400),
            ("version 8", ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8",
                           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), 426),
            ("no version", ("Upgrade: websocket", "Connection: Upgrade",
                            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), 400),
            ("no upgrade", ("Connection: Upgrade", "Sec-WebSocket-Version: 13",
                            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), 426),
        ):
            with self.subTest(name), Bare(self.server) as bare:
                self.assertEqual(bare.request("GET", "/ws", headers)[0], status)

    def test_masks_and_every_form_of_length_are_read(self):
        bare = self.client()
        for number, padding in enumerate((0, 126, 65536)):
            text = request_text(number=number).encode()
            bare.send(masked(text[:-1] + b" " * padding + b"}"))
            self.assertEqual(bare.receive_message()["id"], number)

    def test_a_message_in_fragments_is_one_message_and_control_frames_may_stand_between(self):
        bare = self.client()
        text = request_with("parts")
        bare.send(masked(text[:10], TEXT, final=False) + masked(b"a", PING) +
                  frame(b"", 0, final=False) + masked(b"unasked", PONG) +
                  masked(text[10:20], 0, final=False) + masked(b"b", PING) + masked(text[20:], 0))
        pongs = [bare.receive_frame() for _ in range(2)]
        self.assertEqual(pongs, [(PONG, b"a"), (PONG, b"b")])
        self.assertEqual(bare.receive_message()["id"], "parts")

    def test_a_ping_is_answered_with_its_payload_up_to_125_bytes(self):
        bare = self.client()
        for payload in (b"", b"\x00\xff", b"x" * 125):
            bare.send(masked(payload, PING))
            self.assertEqual(bare.receive_frame(), (PONG, payload))
        self.assert_served(bare, 1)

    def test_an_unmasked_frame_ends_with_1002(self):
        for opcode in (TEXT, PING, CLOSE):
            with self.subTest(opcode=opcode):
                self.assert_ends_with(PROTOCOL_ERROR, frame(b"", opcode, masked=False))

    def test_reserved_bits_and_opcodes_end_with_1002(self):
        for reserved in (0x40, 0x20, 0x10):
            with self.subTest(reserved=reserved):
                self.assert_ends_with(PROTOCOL_ERROR, frame(b"x", reserved=reserved))
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            with self.subTest(opcode=opcode):
                self.assert_ends_with(PROTOCOL_ERROR, frame(b"", opcode))

    def test_fragments_out_of_place_end_with_1002(self):
        self.assert_ends_with(PROTOCOL_ERROR, frame(b"x", 0))
        self.assert_ends_with(PROTOCOL_ERROR, frame(b"x", TEXT, final=False), frame(b"y", TEXT))
        self.assert_ends_with(PROTOCOL_ERROR, frame(b"x", TEXT, final=False), frame(b"y", BINARY))

    def test_control_frames_that_are_long_or_in_fragments_end_with_1002(self):
        for opcode in (PING, PONG, CLOSE):
            with self.subTest(opcode=opcode):
                self.assert_ends_with(PROTOCOL_ERROR, frame(b"x" * 126, opcode))
                self.assert_ends_with(PROTOCOL_ERROR, frame(b"x", opcode, final=False))

    def test_a_length_in_more_bytes_than_it_needs_ends_with_1002(self):
        self.assert_ends_with(PROTOCOL_ERROR, b"\x81\xfe" + struct.pack(">H", 5) + b"\0" * 9)
        self.assert_ends_with(PROTOCOL_ERROR, b"\x81\xff" + struct.pack(">Q", 126) + b"\0" * 130)

    def test_a_length_past_all_limits_ends_with_1009(self):
        for length in (2**20, 2**62, 2**63, 2**64 - 1):
            with self.subTest(length=length):
                self.assert_ends_with(1009, b"\x81\xff" + struct.pack(">Q", length) + b"\0" * 4)

    def test_text_that_is_no_utf8_ends_with_1007_also_across_fragments(self):
        for name, bad in (("lone continuation", b"\x80"), ("overlong", b"\xc0\xaf"),
                          ("surrogate", b"\xed\xa0\x80"), ("past U+10FFFF", b"\xf4\x90\x80\x80"),
                          ("cut short", EURO[:2]), ("never a byte", b"\xff")):
            with self.subTest(name):
                self.assert_ends_with(BAD_PAYLOAD, frame(b'{"a":"' + bad + b'"}'))
        self.assert_ends_with(BAD_PAYLOAD, frame(EURO[:1], final=False), frame(b"a", 0))
        self.assert_ends_with(BAD_PAYLOAD, frame(EURO[:2], final=False), frame(b"", 0))

    def test_a_character_may_be_cut_between_fragments(self):
        bare = self.client()
        text = json.dumps({"jsonrpc": "2.0", "id": "€", "method": "system.state"},
                          ensure_ascii=False).encode()
        for cut in (1, 2):
            at = text.index(EURO) + cut
            bare.send(masked(text[:at], TEXT, final=False) + masked(b"", PING) +
                      masked(text[at:], 0))
            self.assertEqual(bare.receive_frame(), (PONG, b""))
            self.assertEqual(bare.receive_message()["id"], "€")

    def test_a_close_is_answered_with_its_code(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            with self.subTest(code=code):
                self.assert_ends_with(code, masked(struct.pack(">H", code) + b"bye", CLOSE))

    def test_a_close_without_code_is_answered_with_a_close(self):
        bare = self.client()
        bare.send(frame(b"", CLOSE))
        self.assertEqual(bare.receive_frame()[0], CLOSE)
        self.assertEqual(bare.receive_some(), b"")

    def test_a_close_code_that_nobody_may_send_ends_with_1002(self):
        # Those from 5000 on the RFC does not mention; Beast sends them back.
        for code in (0, 999, 1004, 1005, 1006, 1016, 2999):
            with self.subTest(code=code):
                self.assert_ends_with(PROTOCOL_ERROR, frame(struct.pack(">H", code), CLOSE))
        self.assert_ends_with(PROTOCOL_ERROR, frame(b"\x03", CLOSE))

    def test_a_reason_that_is_no_utf8_ends_the_connection_with_an_error_code(self):
        bare = self.client()
        bare.send(frame(struct.pack(">H", 1000) + b"\xff", CLOSE))
        self.assertIn(bare.receive_close_code(), (PROTOCOL_ERROR, BAD_PAYLOAD))
        self.assertEqual(bare.receive_some(), b"")

    def test_what_comes_after_a_close_is_not_obeyed(self):
        bare = self.client()
        bare.send(frame(struct.pack(">H", 1000), CLOSE) + frame(request_text().encode()))
        self.assertEqual(bare.receive_frame()[0], CLOSE)
        self.assertEqual(bare.receive_some(), b"")

    def test_a_binary_message_gets_an_error_and_the_connection_lives(self):
        bare = self.client()
        bare.send(masked(b"\xff\x00", BINARY))
        self.assertEqual(bare.receive_message()["error"]["code"], -32600)
        self.assert_served(bare, 7)


if __name__ == "__main__":
    unittest.main()
