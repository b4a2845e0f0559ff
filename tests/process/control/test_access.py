"""Who a client is and what it may do, over real sockets: tokens, tickets, roles, scopes, the audit
log, and that no secret is anywhere but where it must be."""

import asyncio
import json
import pathlib
import tempfile
import time
import unittest

import websockets
from channel import HANG_LIMIT_S, Bare, Server, call, connect, receive


def bearer(token):
    return (f"Authorization: Bearer {token}",)


class Access(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start(self, *settings, **limits):
        self.server = self.enterContext(
            Server(state_dir=self.folder, settings=settings, **limits))
        return self.server

    def make(self, name, **params):
        """A token, made from this machine."""
        with Bare(self.server) as bare:
            body = json.dumps({"name": name, **params}).encode()
            status, _, answer = bare.request("POST", "/api/v1/tokens", body=body)
            self.assertEqual(status, 200, answer)
            return json.loads(answer)["token"]

    def ask(self, method, target, headers=(), body=b""):
        with Bare(self.server) as bare:
            return bare.request(method, target, headers, body)

    def open(self, token, **options):
        return connect(self.server, extra_headers={"Authorization": f"Bearer {token}"}, **options)

    async def test_roles_hold_over_websocket_and_rest(self):
        self.start()
        viewer, worker, admin = (self.make(r, role=r) for r in ("viewer", "operator", "admin"))
        camera = {"subscriptionIdentifier": "cam", "rtspUrl": "rtsp://127.0.0.1:9/x"}
        for token, may_command, may_rule in ((viewer, False, False), (worker, True, False),
                                             (admin, True, True)):
            async with self.open(token) as client:
                self.assertIn("result", await call(client, "session.list"))
                added = await call(client, "session.subscribe", **camera)
                listed = await call(client, "token.list")
            codes = [reply.get("error", {}).get("data", {}).get("code") for reply in (added, listed)]
            self.assertEqual(codes, [None if may_command else "PERMISSION_DENIED",
                                     None if may_rule else "PERMISSION_DENIED"])
            body = json.dumps(camera).encode()
            self.assertEqual(self.ask("POST", "/api/v1/sessions", bearer(token), body)[0],
                             200 if may_command else 403)
            self.assertEqual(self.ask("GET", "/api/v1/tokens", bearer(token))[0],
                             200 if may_rule else 403)
            self.assertEqual(self.ask("GET", "/metrics", bearer(token))[0], 200)

    async def test_a_stream_carries_no_session_outside_the_scope(self):
        self.start()
        token = self.make("hall", scope=["hall-*"])
        async with self.open(token) as client:
            await call(client, "stream.open")
            self.server.tell("states 1 gate")
            self.server.tell("states 1 hall-1")
            message = await receive(client)
        self.assertEqual(message["params"]["session"], "hall-1")

    async def test_pictures_of_events_are_given_within_the_scope_alone(self):
        for session in ("hall-1", "gate"):
            folder = self.folder / "history" / session / "snapshots"
            folder.mkdir(parents=True)
            (folder / "7.jpg").write_bytes(b"\xff\xd8\xff " + session.encode())
        self.start()
        token = self.make("hall", scope=["hall-*"])
        path = "/api/v1/history/{}/snapshots/7"
        status, head, body = self.ask("GET", path.format("hall-1"), bearer(token))
        self.assertEqual((status, body), (200, b"\xff\xd8\xff hall-1"))
        self.assertIn("X-Content-Type-Options: nosniff", head)
        outside = self.ask("GET", path.format("gate"), bearer(token))
        self.assertEqual((outside[0], json.loads(outside[2])["error"]["code"]), (404, "NOT_FOUND"))
        self.assertEqual(self.ask("GET", path.format("gate"), bearer("bulkhead_wrong"))[0], 401)
        async with self.open(token) as client:
            inside = await call(client, "history.snapshot", subscriptionIdentifier="hall-1",
                                snapshot="7")
            self.assertIn("data", inside["result"])
            outside = await call(client, "history.snapshot", subscriptionIdentifier="gate",
                                 snapshot="7")
            self.assertEqual(outside["error"]["data"]["code"], "NOT_FOUND")

    async def test_wrong_credentials_are_refused_also_from_this_machine(self):
        self.start()
        for headers in (bearer("bulkhead_wrong"), bearer(""), ("Authorization: Basic YTpi",)):
            status, head, body = self.ask("GET", "/api/v1/sessions", headers)
            self.assertEqual(status, 401)
            self.assertIn("WWW-Authenticate: Bearer", head)
            self.assertEqual(json.loads(body)["error"]["code"], "UNAUTHENTICATED")
            with Bare(self.server) as bare:
                self.assertEqual(bare.upgrade(headers=headers)[0], 401)
        self.assertEqual(self.ask("GET", "/healthz", bearer("wrong"))[0], 401)
        self.assertEqual(self.ask("GET", "/api/v1/sessions")[0], 200)

    async def test_where_this_machine_needs_a_token_only_health_and_the_page_need_none(self):
        with Server(state_dir=self.folder) as self.server:
            token = self.make("ci")
        self.start("access.loopback=token")
        for target, status in (("/healthz", 200), ("/", 200), ("/metrics", 401), ("/readyz", 401),
                               ("/api/v1/sessions", 401), ("/api/v1/openrpc.json", 401)):
            self.assertEqual(self.ask("GET", target)[0], status, target)
        with Bare(self.server) as bare:
            self.assertEqual(bare.upgrade()[0], 401)
        self.assertEqual(self.ask("GET", "/readyz", bearer(token))[0], 200)

    async def test_too_many_refused_logins_are_told_to_wait(self):
        self.start()
        token = self.make("ci")
        for _ in range(10):
            self.assertEqual(self.ask("GET", "/readyz", bearer("wrong"))[0], 401)
        status, head, _ = self.ask("GET", "/readyz", bearer(token))
        self.assertEqual(status, 429)
        self.assertIn("Retry-After: ", head)
        self.assertEqual(self.ask("GET", "/readyz")[0], 200, "who shows none is not asked")

    async def test_credentials_in_the_query_are_refused_and_not_repeated(self):
        self.start()
        token = self.make("ci")
        for target in (f"/ws?token={token}", f"/ws?ticket={token}", f"/readyz?access_token={token}"):
            with Bare(self.server) as bare:
                status, head, body = bare.upgrade(target)
            self.assertEqual(status, 400)
            self.assertNotIn(token, head + body.decode())

    async def test_a_ticket_opens_one_websocket_and_only_the_real_protocol_is_echoed(self):
        self.start("access.loopback=open")
        token = self.make("page", role="operator")
        ticket = json.loads(self.ask("POST", "/api/v1/auth/ticket", bearer(token))[2])
        async with connect(self.server, subprotocols=ticket["protocols"]) as client:
            self.assertEqual(client.subprotocol, "bulkhead.v1")
            denied = await call(client, "token.list")
            self.assertEqual(denied["error"]["data"]["code"], "PERMISSION_DENIED")
        with self.assertRaises(websockets.InvalidStatusCode) as again:
            async with connect(self.server, subprotocols=ticket["protocols"]):
                pass
        self.assertEqual(again.exception.status_code, 401)

    async def test_a_revoked_token_ends_its_connections_within_a_second_and_no_other(self):
        self.start()
        mine, other = self.make("mine"), self.make("other")
        async with self.open(mine) as client, self.open(other) as bystander:
            await call(client, "stream.open")
            status, _, _ = self.ask("DELETE", "/api/v1/tokens/mine")
            self.assertEqual(status, 200)
            await asyncio.wait_for(client.wait_closed(), 1)
            self.assertEqual((client.close_code, client.close_reason),
                             (4001, "the token was revoked"))
            self.assertIn("result", await call(bystander, "system.state"))
        self.assertEqual(self.ask("GET", "/readyz", bearer(mine))[0], 401)

    async def test_a_token_that_expires_ends_its_connections(self):
        self.start()
        token = self.make("short", expiresInS=2)
        async with self.open(token) as client:
            await asyncio.wait_for(client.wait_closed(), HANG_LIMIT_S)
            self.assertEqual((client.close_code, client.close_reason),
                             (4001, "the token has expired"))

    async def test_requests_of_one_connection_are_limited_in_rate(self):
        self.start(commands=1)  # and ten at once
        async with connect(self.server) as client:
            started, served = time.monotonic(), 0
            while "result" in (reply := await call(client, "session.list")):
                served += 1
            self.assertEqual(reply["error"]["data"]["code"], "LIMIT_REACHED")
            self.assert_served(served, started)
        with Bare(self.server) as bare:
            started, served = time.monotonic(), 0
            while (status := bare.request("GET", "/healthz")[0]) == 200:
                served += 1
            self.assertEqual(status, 429)
            self.assert_served(served, started)

    def assert_served(self, served, started):
        """Ten, and one more for each second that it took."""
        self.assertGreaterEqual(served, 10)
        self.assertLessEqual(served, 11 + time.monotonic() - started)

    async def test_a_page_of_the_list_may_use_the_channel(self):
        self.start('access.origins=["https://nvr.example.org"]')
        for origin, status in (("https://nvr.example.org", 101), ("https://example.org", 403),
                               ("http://nvr.example.org", 403)):
            with Bare(self.server) as bare:
                self.assertEqual(bare.upgrade(headers=(f"Origin: {origin}",))[0], status, origin)

    async def test_changes_and_refusals_are_in_the_audit_log_and_no_secret_is_anywhere(self):
        self.start()
        token = self.make("ci", role="operator")
        ticket = json.loads(self.ask("POST", "/api/v1/auth/ticket", bearer(token))[2])["ticket"]
        canary = "S3cretCanary"
        self.ask("GET", "/readyz", bearer(canary))
        shown = b""
        camera = {"subscriptionIdentifier": "cam", "rtspUrl": f"rtsp://u:{canary}@127.0.0.1:9/x"}
        async with self.open(token) as client:
            shown += json.dumps(await call(client, "session.subscribe", **camera)).encode()
            shown += json.dumps(await call(client, "session.setSubscriptionList", removeOthers=False,
                                           sessions=[camera | {"subscriptionIdentifier": f"of-{n}"}
                                                     for n in range(10)])).encode()
            shown += json.dumps(await call(client, "system.upgrade")).encode()
            shown += json.dumps(await call(client, "session.get",
                                           subscriptionIdentifier="cam")).encode()
        for target in ("/metrics", "/readyz", "/api/v1/tokens", "/api/v1/system", "/api/v1/sessions"):
            shown += self.ask("GET", target)[2]
        self.assertEqual(self.ask("DELETE", "/api/v1/tokens/ci")[0], 200)
        lines = (self.folder / "audit.log").read_text()
        for part in ("change who=loopback role=admin from=127.0.0.1 method=token.add target=ci outcome=OK",
                     "change who=ci role=operator from=127.0.0.1 method=session.subscribe target=cam outcome=OK",
                     "method=session.setSubscriptionList target=of-0,of-1,of-2,of-3,of-4,of-5,of-6,of-7+2 outcome=OK",
                     "who=ci role=operator from=127.0.0.1 method=system.upgrade target=- outcome=PERMISSION_DENIED",
                     "refused from=127.0.0.1 status=401", "method=token.revoke target=ci outcome=OK"):
            self.assertIn(part, lines)
        shown += b"".join(file.read_bytes() for file in self.folder.rglob("*") if file.is_file())
        for secret in (token, token.removeprefix("bulkhead_"), ticket, canary):
            self.assertNotIn(secret.encode(), shown)


if __name__ == "__main__":
    unittest.main()
