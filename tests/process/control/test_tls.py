"""TLS on the control channel: by another TLS than ours would be best; it is Python's, with
certificates of the test's own. Renewal, client certificates, and who does not speak it."""

import asyncio
import contextlib
import json
import os
import pathlib
import socket
import ssl
import sys
import tempfile
import time
import unittest

from channel import HANG_LIMIT_S, Bare, Server, call, connect, receive

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "support"))
import certificates  # noqa: E402


def replace(file, by):
    """As a client of ACME does it: in one step, so that nobody reads a half."""
    os.replace(by, file)


class Tls(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.authority = certificates.Authority(self.folder)
        self.certificate, self.key = self.authority.vouch("server")

    def start(self, *settings, **limits):
        limits.setdefault("commands", 100_000)
        self.server = self.enterContext(Server(
            state_dir=self.folder,
            settings=(f"listen.tls.certificate={self.certificate}",
                      f"listen.tls.key={self.key}", *settings), **limits))
        self.server.url = f"wss://127.0.0.1:{self.server.port}/ws"

    def trusting(self, authority=None, certificate=None):
        context = ssl.create_default_context(cafile=(authority or self.authority).file)
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    @contextlib.contextmanager
    def secured(self, context=None, **options):
        """A Bare under TLS."""
        with Bare(self.server) as bare:
            bare._socket = (context or self.trusting()).wrap_socket(
                bare._socket, server_hostname="127.0.0.1", **options)
            yield bare

    def shown_subject(self):
        with self.secured() as bare:
            return dict(pair[0] for pair in bare._socket.getpeercert()["subject"])["commonName"]

    async def test_websocket_and_http_work_as_they_do_in_the_clear(self):
        self.start()
        async with connect(self.server, ssl=self.trusting()) as client:
            await call(client, "stream.open")
            self.server.tell("detections 3 1")
            for _ in range(3):
                self.assertEqual((await receive(client))["method"], "detection")
        with self.secured() as bare:
            for _ in range(2):
                status, _, body = bare.request("GET", "/api/v1/sessions")
                self.assertEqual((status, json.loads(body)["sessions"]), (200, []))

    async def test_a_long_answer_and_many_detections_arrive_whole(self):
        self.start()
        async with connect(self.server, ssl=self.trusting()) as client:
            discovered = await call(client, "rpc.discover")
            self.assertGreater(len(json.dumps(discovered)), 32768)
            await call(client, "stream.open")
            self.server.tell("detections 500 20")
            seen = [(await receive(client))["params"]["sequence"] for _ in range(500)]
            self.assertEqual(seen, list(range(seen[0], seen[0] + 500)))

    async def test_who_speaks_in_the_clear_is_told_what_is_spoken(self):
        self.start()
        with Bare(self.server) as bare:
            status, _, body = bare.request("GET", "/healthz")
            self.assertEqual(status, 400)
            self.assertIn("https://", json.loads(body)["error"]["message"])
            self.assertEqual(bare.receive_some(), b"")

    async def test_a_handshake_that_stalls_is_cut_and_nobody_waits_for_it(self):
        self.start(handshake_ms=300)
        for first in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"):
            with Bare(self.server) as stalled:
                stalled.send(first)
                async with connect(self.server, ssl=self.trusting()) as client:
                    self.assertIn("result", await call(client, "session.list"))
                self.assertEqual(stalled.receive_some(), b"")

    async def test_hundreds_of_handshakes_that_begin_at_once_keep_no_reply_from_others(self):
        self.start(handshake_ms=2000)
        sending = ssl.MemoryBIO()
        half = self.trusting().wrap_bio(ssl.MemoryBIO(), sending, server_hostname="127.0.0.1")
        with self.assertRaises(ssl.SSLWantReadError):
            half.do_handshake()
        hello = sending.read()
        async with connect(self.server, ssl=self.trusting()) as other:
            await call(other, "session.list")
            crowd = [self.enterContext(Bare(self.server)) for _ in range(500)]
            for bare in crowd:
                bare.send(hello)
            times_ms = []
            while (state := (await self.timed(times_ms, other)))["connections"] > 1:
                pass
            self.assertEqual(state["connections"], 1)
        times_ms.sort()
        print(f"\n{len(times_ms)} replies beside 500 handshakes: p99 "
              f"{times_ms[len(times_ms) * 99 // 100]:.1f} ms, max {times_ms[-1]:.1f} ms", flush=True)

    @staticmethod
    async def timed(times_ms, client):
        started = time.perf_counter()
        state = (await call(client, "system.state"))["result"]
        times_ms.append((time.perf_counter() - started) * 1000)
        return state

    async def test_what_is_no_tls_after_its_first_byte_is_cut(self):
        self.start()
        with Bare(self.server) as hostile:
            hostile.send(b"\x16\x03\x01" + b"\xff" * 4096)
            while hostile.receive_some():
                pass
        self.assertEqual(self.shown_subject(), "server")

    async def test_old_versions_are_not_spoken(self):
        self.start()
        context = self.trusting()
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(ssl.SSLError), self.secured(context):
            pass

    async def test_with_a_client_authority_only_its_clients_are_heard(self):
        strangers = certificates.Authority(self.folder, "strangers")
        self.start(f"listen.tls.client_ca={self.authority.file}")
        ours = self.trusting(certificate=self.authority.vouch("client"))
        for _ in range(2):  # the second resumes nothing that OpenSSL would refuse
            with self.secured(ours) as bare:
                self.assertEqual(bare.request("GET", "/healthz")[0], 200)
        for context in (self.trusting(), self.trusting(certificate=strangers.vouch("other"))):
            with self.assertRaises(OSError), self.secured(context) as bare:
                bare.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                if not bare._socket.recv(1):
                    raise ConnectionResetError

    async def test_a_session_of_tls_may_be_resumed_where_certificates_are_asked_for(self):
        self.start(f"listen.tls.client_ca={self.authority.file}")
        context = self.trusting(certificate=self.authority.vouch("client"))
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose session is there at once
        with self.secured(context) as bare:
            session = bare._socket.session
            self.assertEqual(bare.request("GET", "/healthz")[0], 200)
        with self.secured(context, session=session) as bare:
            self.assertTrue(bare._socket.session_reused)
            self.assertEqual(bare.request("GET", "/healthz")[0], 200)

    async def test_a_renewed_certificate_counts_for_the_next_who_connects(self):
        self.start(certificate_look_ms=0)
        async with connect(self.server, ssl=self.trusting()) as before:
            self.assertEqual(self.shown_subject(), "server")
            certificate, key = self.authority.vouch("renewed")
            replace(self.key, key)
            # Half renewed: the key is not the certificate's.
            self.assertEqual(self.shown_subject(), "server")
            replace(self.certificate, certificate)
            self.assertEqual(self.shown_subject(), "renewed")
            self.assertIn("result", await call(before, "session.list"))

    async def test_a_renewed_key_that_cannot_be_used_is_tried_again_until_it_can(self):
        self.start(certificate_look_ms=0)
        certificate, key = self.authority.vouch("renewed")
        key.chmod(0o644)  # everybody may read it
        replace(self.key, key)
        replace(self.certificate, certificate)
        self.assertEqual(self.shown_subject(), "server")
        self.key.chmod(0o600)  # changes nothing else
        self.assertEqual(self.shown_subject(), "renewed")

    async def test_a_renewed_key_of_another_kind_than_the_certificates_replaces_nothing(self):
        self.start(certificate_look_ms=0)
        replace(self.key, self.authority.rsa_key("other"))
        self.assertEqual(self.shown_subject(), "server")

    async def test_more_handshakes_than_allowed_are_closed(self):
        self.start(handshakes=1)
        refused = 0
        while refused == 0:
            with contextlib.suppress(OSError), self.secured():
                continue
            refused += 1
        while refused:  # one comes free each second
            with contextlib.suppress(OSError), self.secured() as bare:
                self.assertEqual(bare.request("GET", "/healthz")[0], 200)
                refused = 0

    async def test_a_log_is_followed_and_silence_is_right(self):
        log = self.folder / "logs/detector_worker_main.log"
        log.parent.mkdir()
        log.write_text("2026-01-05T12:00:00.000000Z info - 0 bulkhead-superv one\n")
        self.start(write_ms=200)
        with self.secured() as bare:
            bare.send(b"GET /api/v1/system/logs?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn("200 OK", bare.receive_head().decode())
            text = b""
            while b"one\n" not in text:
                text += bare.receive_some()
            await asyncio.to_thread(self.wait_idle, 3 * 0.2)
            with log.open("a") as more:
                more.write("2026-01-05T12:00:01.000000Z info - 0 bulkhead-superv two\n")
            while b"two\n" not in text:
                part = bare.receive_some()
                self.assertTrue(part, "the log ended")
                text += part

    def wait_idle(self, seconds):
        """The limit of a write passes thrice: seen by another client, not by this one's sleep."""
        with self.secured() as other:
            other._socket.settimeout(seconds)
            with self.assertRaises(socket.timeout):
                other._socket.recv(1)

    async def test_a_client_that_reads_nothing_is_cut_under_tls_as_well(self):
        self.start(write_ms=300, send_buffer=4096)
        async with connect(self.server, ssl=self.trusting()) as reader:
            await call(reader, "stream.open")
            with self.secured() as bare:
                self.assertEqual(bare.upgrade()[0], 101)
                text = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "stream.open",
                                   "params": {}}).encode()
                bare.send(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
                self.server.tell("every 1 64")
                while (await call(reader, "system.state"))["result"]["connections"] > 1:
                    await receive(reader)


if __name__ == "__main__":
    unittest.main()
