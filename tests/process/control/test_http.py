"""The HTTP half of the control channel: routes, statuses, limits, origins."""

import json
import unittest

from channel import Bare, Server


class Http(unittest.TestCase):
    def start(self, **limits):
        return self.enterContext(Server(**limits))

    def test_requests_of_one_connection_are_answered_in_turn(self):
        with Bare(self.start()) as bare:
            for target, status, kind in (
                ("/healthz", 200, "application/json"),
                ("/readyz", 200, "application/json"),
                ("/metrics", 200, "text/plain; version=0.0.4"),
                ("/", 200, "text/html"),
                ("/api/v1/sessions", 200, "application/json"),
                ("/api/v1/system", 200, "application/json"),
                ("/nothing", 404, "application/json"),
            ):
                with self.subTest(target):
                    found, head, body = bare.request("GET", target)
                    self.assertEqual(found, status)
                    self.assertIn(f"Content-Type: {kind}", head)
                    self.assertTrue(body)

    def test_pipelined_requests_are_answered_in_order(self):
        with Bare(self.start()) as bare:
            ask = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
            bare.send(ask % b"/healthz" + ask % b"/nothing" + ask % b"/readyz")
            self.assertEqual([bare.reply()[0] for _ in range(3)], [200, 404, 200])

    def test_head_has_the_length_and_no_body(self):
        with Bare(self.start()) as bare:
            bare.send(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            status, head, _ = bare.reply(has_body=False)
            self.assertEqual(status, 200)
            self.assertIn("Content-Length: 15", head)
            self.assertEqual(bare.receive_all(), b"")

    def test_a_session_lives_through_rest(self):
        with Bare(self.start()) as bare:
            body = json.dumps({"subscriptionIdentifier": "display;cam:1",
                               "rtspUrl": "rtsp://operator:S3cret@127.0.0.1:9/x"}).encode()
            status, _, created = bare.request("POST", "/api/v1/sessions", body=body)
            self.assertEqual((status, json.loads(created)["change"]), (200, "added"))
            status, _, view = bare.request("GET", "/api/v1/sessions/display%3Bcam%3A1")
            self.assertEqual((status, json.loads(view)["desired"]), (200, "RUNNING"))
            self.assertNotIn(b"S3cret", view)
            status, _, ready = bare.request("GET", "/readyz")
            self.assertEqual(status, 503)
            self.assertEqual(json.loads(ready)["notLive"][0]["session"], "display;cam:1")
            self.assertEqual(
                bare.request("GET", "/api/v1/sessions/display%3Bcam%3A1/snapshot.jpg")[0], 503)
            metrics = bare.request("GET", "/metrics")[2].decode()
            self.assertIn('bulkhead_session_info{camera="display;cam:1"', metrics)
            self.assertEqual(bare.request("DELETE", "/api/v1/sessions/display%3Bcam%3A1")[0], 200)
            self.assertEqual(bare.request("DELETE", "/api/v1/sessions/unknown")[0], 404)

    def test_errors_name_code_message_and_field(self):
        with Bare(self.start()) as bare:
            status, _, body = bare.request("POST", "/api/v1/sessions", body=b'{"x":1}')
            self.assertEqual(status, 400)
            self.assertEqual(set(json.loads(body)["error"]), {"code", "message", "field"})
            status, head, _ = bare.request("PATCH", "/healthz")
            self.assertEqual(status, 405)
            self.assertIn("Allow: GET", head)

    def test_the_path_limit_holds_at_it_and_past_it(self):
        server = self.start(target_bytes=100)
        with Bare(server) as bare:
            self.assertEqual(bare.request("GET", "/healthz?" + "x" * 91)[0], 200)
        with Bare(server) as bare:
            self.assertEqual(bare.request("GET", "/healthz?" + "x" * 92)[0], 414)
            self.assertEqual(bare.receive_all(), b"")

    def test_the_header_limit_holds_at_it_and_past_it(self):
        limit = 2000
        server = self.start(header_bytes=limit)
        start = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "
        # The parser counts the fields; the request line has the limit on the path.
        for size, status in ((limit, 200), (limit + len(start), 431)):
            with self.subTest(size), Bare(server) as bare:
                bare.send(start + b"x" * (size - len(start) - 4) + b"\r\n\r\n")
                self.assertEqual(bare.reply()[0], status)

    def test_the_body_limit_holds_at_it_and_past_it(self):
        server = self.start(body_bytes=1000)
        with Bare(server) as bare:
            self.assertEqual(bare.request("POST", "/api/v1/sessions", body=b" " * 1000)[0], 400)
        with Bare(server) as bare:
            self.assertEqual(bare.request("POST", "/api/v1/sessions", body=b" " * 1001)[0], 413)
        with Bare(server) as bare:
            chunked = b"3e9\r\n" + b" " * 1001 + b"\r\n0\r\n\r\n"
            bare.send(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n" + chunked)
            self.assertEqual(bare.reply()[0], 413)

    def test_what_is_no_http_is_a_bad_request(self):
        server = self.start()
        for text in (b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00\r\n\r\n",
                     b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"):
            with self.subTest(text), Bare(server) as bare:
                bare.send(text)
                self.assertEqual(bare.reply()[0], 400)

    def test_only_ws_is_upgraded_and_only_by_a_websocket(self):
        server = self.start()
        with Bare(server) as bare:
            self.assertEqual(bare.upgrade("/ws?x=1")[0], 101)
        with Bare(server) as bare:
            self.assertEqual(bare.upgrade("/other")[0], 404)
        with Bare(server) as bare:
            self.assertEqual(bare.request("GET", "/ws")[0], 426)

    def test_pages_of_other_sites_may_neither_upgrade_nor_change_anything(self):
        server = self.start()
        foreign = ("Origin: http://example.com",)
        own = ("Origin: http://127.0.0.1:8001",)
        with Bare(server) as bare:
            self.assertEqual(bare.upgrade(headers=foreign)[0], 403)
        with Bare(server) as bare:
            self.assertEqual(bare.upgrade(headers=own)[0], 101)
        with Bare(server) as bare:
            self.assertEqual(bare.request("POST", "/api/v1/sessions", foreign, b"{}")[0], 403)
        with Bare(server) as bare:
            self.assertEqual(bare.request("POST", "/api/v1/sessions", own, b"{}")[0], 400)
            self.assertEqual(bare.request("GET", "/healthz", foreign)[0], 200)


if __name__ == "__main__":
    unittest.main()
