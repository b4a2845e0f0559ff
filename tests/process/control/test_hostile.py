"""Clients that mean harm, each against one server that also has a well-behaved client. Hostile ones
get their error or lose their connection; the other gets every reply in order all the while. How
long its replies took is printed, not judged: the machine of a test may be busy.
"""

import contextlib
import json
import resource
import socket
import struct
import threading
import time
import unittest

from channel import HANG_LIMIT_S, Bare, Server, frame, request_text

CROWD = 1000
PING = 9


class Neighbour:
    """A well-behaved client on a thread of its own: asks, awaits the reply, asks again."""

    def __init__(self, server):
        self._bare = Bare(server)
        assert self._bare.upgrade()[0] == 101
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._number = 0
        self._failure = None
        self.times_ms = []

    def _ask(self):
        self._number += 1
        started = time.perf_counter()
        self._bare.send(frame(request_text(number=self._number).encode()))
        received = self._bare.receive_frame()
        while received and received[0] == PING:
            self._bare.send(frame(received[1], opcode=10))
            received = self._bare.receive_frame()
        self.times_ms.append((time.perf_counter() - started) * 1000)
        reply = json.loads(received[1])
        assert reply["id"] == self._number and "result" in reply, reply

    def _run(self):
        try:
            while not self._ended.is_set():
                self._ask()
            self._ask()  # once more when all is over
        except Exception as failure:  # told by the test's own thread
            self._failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join(HANG_LIMIT_S)
        hung = self._thread.is_alive()
        self._bare.__exit__()
        self._thread.join()
        if self._failure:
            raise self._failure
        assert not hung, "a well-behaved client got no reply"


def reset(bare):
    """Ends a connection without a word, and without what it has yet to send."""
    bare._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    bare._socket.close()


class Hostile(unittest.TestCase):
    def attack(self, **limits):
        """A server and its neighbour, whose figures are printed afterwards."""
        server = self.enterContext(Server(commands=100_000, **limits))
        neighbour = self.enterContext(self.measured(Neighbour(server)))
        return server, neighbour

    @contextlib.contextmanager
    def measured(self, neighbour):
        with neighbour:
            yield neighbour
        times = sorted(neighbour.times_ms)
        print(f"\n{self._testMethodName}: {len(times)} replies to others, p50 "
              f"{times[len(times) // 2]:.2f} ms, p99 {times[int(len(times) * 0.99)]:.2f} ms, "
              f"max {times[-1]:.2f} ms", flush=True)

    def client(self, server):
        bare = self.enterContext(Bare(server))
        self.assertEqual(bare.upgrade()[0], 101)
        return bare

    def reply(self, bare, text):
        bare.send(frame(text))
        return bare.receive_message()

    def assert_alone_again(self, server):
        """No connection but the neighbour's and the asking one: asked until then."""
        asking = self.client(server)
        limit = time.monotonic() + HANG_LIMIT_S
        while (state := self.reply(asking, request_text().encode())["result"])["connections"] > 2:
            self.assertLess(time.monotonic(), limit, state)
        self.assertEqual(state["streams"], 0)

    def test_slow_headers_are_cut_after_the_handshake_time(self):
        server, _ = self.attack(handshake_ms=500)
        slow = [self.enterContext(Bare(server)) for _ in range(50)]
        request = b"GET /ws HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 10_000
        for at in range(len(request)):
            try:
                for bare in slow:
                    bare.send(request[at:at + 1])
            except OSError:  # cut
                break
        for bare in slow:
            self.assertEqual(bare.receive_some(), b"")
        self.assert_alone_again(server)

    def test_thirty_thousand_fragments_of_a_byte_are_one_message(self):
        server, _ = self.attack()
        bare = self.client(server)
        text = request_text(number="parts").encode()
        text = text[:-1] + b" " * (30_000 - len(text)) + b"}"
        parts = [frame(text[i:i + 1], 0 if i else 1, i == len(text) - 1) for i in range(len(text))]
        bare.send(b"".join(parts))
        self.assertEqual(bare.receive_message()["id"], "parts")

    def test_empty_fragments_without_end_hold_no_memory_and_may_still_become_a_message(self):
        server, _ = self.attack()
        bare = self.client(server)
        bare.send(frame(b"", 1, False) + frame(b"", 0, False) * 100_000 + frame(b"[]", 0))
        self.assertEqual(bare.receive_message()["error"]["code"], -32600)

    def test_a_flood_of_pings_is_answered_where_it_is_read(self):
        server, _ = self.attack()
        bare = self.client(server)
        sender = threading.Thread(target=bare.send, args=(frame(b"x", PING) * 50_000,))
        sender.start()
        answers = 0
        while answers < 50_000:
            opcode, payload = bare.receive_frame()
            if opcode == PING:
                continue  # the server's own, where it takes so long
            self.assertEqual((opcode, payload), (10, b"x"))
            answers += 1
        sender.join()

    def test_a_flood_of_pings_that_reads_nothing_is_not_read_and_cut_in_the_end(self):
        server, _ = self.attack(idle_ms=1000, send_buffer=4096)
        with Bare(server, receive_buffer=4096) as bare:
            self.assertEqual(bare.upgrade()[0], 101)
            with self.assertRaises(OSError):
                while True:
                    bare.send(frame(b"x" * 125, PING) * 100)
        self.assert_alone_again(server)

    def test_clients_that_go_in_the_middle_of_a_message_leave_nothing(self):
        server, _ = self.attack()
        for number in range(200):
            with Bare(server) as bare:
                self.assertEqual(bare.upgrade()[0], 101)
                self.assertIn("result", self.reply(bare, request_text("stream.open").encode()))
                bare.send(frame(b"x" * 1000, final=number % 2 == 0)[:500])
                if number % 3 == 0:
                    reset(bare)
        self.assert_alone_again(server)

    def test_bad_messages_get_their_error_and_the_connection_lives(self):
        server, _ = self.attack()
        bare = self.client(server)
        head = b'{"jsonrpc":"2.0","id":1,"method":"session.get","params":'
        for name, text, code in (
            ("deep arrays", head + b"[" * 100_000, -32700),
            ("deep objects", head + b'{"a":' * 40_000, -32700),
            ("deep and closed", head + b"[" * 1000 + b"]" * 1000 + b"}", -32700),
            ("duplicate key", b'{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', -32700),
            ("duplicate key inside", head + b'{"x":{"a":1,"a":2}}}', -32700),
            ("duplicate key, escaped", head + b'{"x":1,"\\u0078":2}}', -32700),
            ("number past double", head + b'{"x":1e999}}', -32700),
            ("number of 100000 digits", head + b'{"x":' + b"9" * 100_000 + b"}}", -32700),
            ("long fraction", head + b'{"x":0.' + b"3" * 100_000 + b"}}", -32602),
            ("integer past 64 bits", head + b'{"x":18446744073709551616}}', -32602),
            ("huge id", b'{"jsonrpc":"2.0","id":"' + b"x" * 1000 + b'","method":"a"}', -32600),
            ("raw NUL", head + b'{"subscriptionIdentifier":"a\0b"}}', -32700),
            ("NUL after the message", request_text().encode() + b"\0", -32700),
            ("escaped NUL", head + b'{"subscriptionIdentifier":"a\\u0000b"}}', -32602),
            ("lone surrogate", head + b'{"subscriptionIdentifier":"\\ud800"}}', -32700),
            ("NaN", head + b'{"x":NaN}}', -32700),
            ("a comment", b"/* */" + request_text().encode(), -32700),
            ("a byte order mark", b"\xef\xbb\xbf" + request_text().encode(), None),
            ("two messages", request_text().encode() * 2, -32700),
            ("nothing", b"", -32700),
            ("a wide list", head + b"[" + b"0," * 100_000 + b"0]}", -32602),
            ("many keys", head + b"{" + b",".join(b'"%d":0' % i for i in range(20_000)) + b"}}", -32602),
            ("a prototype", head + b'{"__proto__":{"admin":true}}}', -32602),
        ):
            with self.subTest(name):
                reply = self.reply(bare, text)
                self.assertEqual(reply.get("error", {}).get("code"), code, reply)
                self.assertLess(len(json.dumps(reply)), 2000, "what was sent is not sent back")

    def test_bytes_that_are_no_protocol_end_with_an_error_or_without(self):
        server, _ = self.attack()
        for name, data in (
            ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500),
            ("SSH", b"SSH-2.0-OpenSSH_9\r\n\r\n"),
            ("zeros", b"\0" * 4096),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("two lengths", b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                            b"Content-Length: 20\r\n\r\n{}"),
            ("length and chunks", b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 2"
                                  b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("a negative length", b"POST /api/v1/sessions HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
            ("a chunk of 2^64", b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
        ):
            with self.subTest(name), Bare(server) as bare:
                bare.send(data)
                answer = bare.receive_all()
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:100])
        self.assert_alone_again(server)

    def test_a_thousand_that_come_and_go_at_once(self):
        server, _ = self.attack()
        for number in range(CROWD):
            bare = Bare(server)
            if number % 3 == 0:
                self.assertEqual(bare.upgrade()[0], 101)
            elif number % 3 == 1:
                bare.send(b"GET /ws HTTP/1.1\r\n")
            reset(bare)
        self.assert_alone_again(server)

    def test_a_thousand_that_are_connected_and_idle(self):
        server, neighbour = self.attack()
        before = memory_bytes(server.pid)
        crowd = [self.client(server) for _ in range(CROWD)]
        grown = memory_bytes(server.pid) - before
        answered = len(neighbour.times_ms)
        limit = time.monotonic() + HANG_LIMIT_S
        while len(neighbour.times_ms) < answered + 100:
            self.assertLess(time.monotonic(), limit)
        self.assertEqual(self.reply(crowd[-1], request_text().encode())["result"]["connections"],
                         CROWD + 1)
        print(f"\n{CROWD} idle clients: {grown / CROWD / 1024:.1f} KiB each")
        for bare in crowd:
            reset(bare)
        self.assert_alone_again(server)


def memory_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    wanted = 3 * CROWD
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    unittest.main()
