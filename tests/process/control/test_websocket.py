"""What a well-behaved client of another library gets from the control channel."""

import asyncio
import json
import pathlib
import unittest

import websockets
from channel import (HANG_LIMIT_S, Bare, Server, call, connect, exchange, frame, receive,
                     request_text)


class WebSocket(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.server = self.enterContext(Server())

    async def test_the_description_is_served_and_every_method_of_it_answers(self):
        async with connect(self.server) as client:
            document = (await call(client, "rpc.discover"))["result"]
            file = pathlib.Path(__file__).parents[3] / "config" / "openrpc.json"
            self.assertEqual(document, json.loads(file.read_text()))
            for method in document["methods"]:
                described = [document["components"]["errors"][error["$ref"].rpartition("/")[2]]
                             for error in method["errors"]]
                reply = await call(client, method["name"])
                if "error" in reply:
                    self.assertIn(reply["error"]["data"]["code"], [e["data"]["code"] for e in described])

    async def test_a_stream_carries_detections_and_states_until_it_is_closed(self):
        async with connect(self.server) as client:
            opened = await call(client, "stream.open")
            self.server.tell("detections 3 2")
            seen = [await receive(client) for _ in range(3)]
            self.server.tell("states 1 cam-7")
            state = await receive(client)
            closed = await call(client, "stream.close", streamId=opened["result"]["streamId"])
            self.server.tell("detections 5 2")
            after = await call(client, "system.state")
        self.assertEqual({m["method"] for m in seen}, {"detection"})
        self.assertEqual({m["params"]["streamId"] for m in seen}, {opened["result"]["streamId"]})
        sequences = [m["params"]["sequence"] for m in seen]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] + 3)))
        self.assertEqual(len(seen[0]["params"]["objects"]), 2)
        self.assertEqual(state["method"], "session.state")
        self.assertEqual((state["params"]["session"], state["params"]["to"]), ("cam-7", "OFFLINE"))
        self.assertIn("result", closed)
        self.assertEqual(after["result"]["streams"], 0)

    async def test_two_streams_of_one_connection_each_get_the_message_under_their_own_id(self):
        async with connect(self.server) as client:
            await call(client, "stream.open")
            await call(client, "stream.open", filter={"labels": ["bird"]})
            self.server.tell("detections 1 2")
            seen = [await receive(client) for _ in range(2)]
        objects = {m["params"]["streamId"]: len(m["params"]["objects"]) for m in seen}
        self.assertEqual(objects, {"s1": 2, "s2": 0})

    async def test_bad_messages_get_an_error_and_the_connection_lives(self):
        async with connect(self.server) as client:
            for text, code in (
                ("not json", -32700),
                ("[]", -32600),
                ('{"jsonrpc":"2.0","id":1}', -32600),
                ('{"jsonrpc":"2.0","id":1,"method":"no.such"}', -32601),
                ('{"jsonrpc":"2.0","id":1,"method":"session.get","params":[]}', -32602),
                ('{"jsonrpc":"2.0","id":1,"method":"session.get","params":{"x":1}}', -32602),
                ('{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}', -32700),
                ('{"jsonrpc":"2.0","id":1e999,"method":"m"}', -32700),
                ('{"jsonrpc":"2.0","id":1,"method":"m","params":' + "[" * 100_000, -32700),
            ):
                with self.subTest(text=text[:60]):
                    reply = await exchange(client, text)
                    self.assertEqual(reply["error"]["code"], code)
            await client.send(b"binary")
            self.assertEqual((await receive(client))["error"]["code"], -32600)
            self.assertIn("result", await call(client, "system.state"))

    async def test_a_notification_is_obeyed_and_never_answered(self):
        async with connect(self.server) as client:
            await client.send('{"jsonrpc":"2.0","method":"stream.open"}')
            await client.send('{"jsonrpc":"2.0","method":"no.such"}')
            reply = await exchange(client, request_text())
            self.assertEqual(reply["result"]["streams"], 1)

    async def test_ping_is_answered(self):
        async with connect(self.server) as client:
            await asyncio.wait_for(await client.ping(b"hello"), HANG_LIMIT_S)

    async def test_a_message_is_one_frame_however_large(self):
        with Bare(self.server) as bare:
            self.assertEqual(bare.upgrade()[0], 101)
            bare.send(frame(request_text("stream.open").encode()))
            self.assertEqual(bare.receive_message()["result"], {"streamId": "s1"})
            self.server.tell("detections 1 300")
            opcode, payload = bare.receive_frame()
            self.assertEqual(opcode, 1)
            self.assertGreater(len(payload), 40_000)
            self.assertEqual(len(json.loads(payload)["params"]["objects"]), 300)

    async def test_closing_the_server_says_goodbye_and_leaves_nothing_behind(self):
        async with connect(self.server) as client:
            await call(client, "stream.open")
            self.server.begin_close()
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), HANG_LIMIT_S)
            self.assertEqual(closed.exception.rcvd.code, 1001)
        self.assertEqual(self.server.wait(), 0)

    async def test_a_client_that_ignores_the_goodbye_does_not_hold_the_server(self):
        with Bare(self.server) as bare:
            self.assertEqual(bare.upgrade()[0], 101)
            self.server.begin_close()
            self.assertEqual(self.server.wait(), 0)

    async def test_a_session_of_a_connection_goes_some_time_after_it(self):
        async with connect(self.server) as watcher:
            await call(watcher, "stream.open", filter={"kinds": ["session.state"]})
            async with connect(self.server) as owner:
                reply = await call(owner, "session.subscribe", subscriptionIdentifier="brief",
                                   rtspUrl="rtsp://127.0.0.1:9/x", lifetime="connection")
                self.assertEqual(reply["result"]["change"], "added")
                again = await call(owner, "session.subscribe", subscriptionIdentifier="brief",
                                   rtspUrl="rtsp://127.0.0.1:9/x", lifetime="connection")
                self.assertEqual(again["result"]["change"], "unchanged")
            while not (await receive(watcher))["params"].get("removed"):
                pass
            listed = await call(watcher, "session.list")
            self.assertEqual(listed["result"]["sessions"], [])


if __name__ == "__main__":
    unittest.main()
