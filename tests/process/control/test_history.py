"""What cameras have seen before, asked for over WebSocket, HTTP and the command line, while it is
written and after: by the real server, of files that the worker's own sink writes.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from channel import HANG_LIMIT_S, Bare, Server, call, connect

WRITER = os.environ["BULKHEAD_HISTORY_WRITER"]
CLI = os.environ["BULKHEAD_CLI"]
SECOND = 10**9
KINDS = {"detection": 1, "event": 2, "gap": 3}


def iso(moment_ns):
    return (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment_ns // SECOND)) +
            ".%06dZ" % (moment_ns % SECOND // 1000))


def bearer(token):
    return (f"Authorization: Bearer {token}",)


class Writer:
    """The sink of one session's worker, in a process of its own."""

    def __init__(self, state, session):
        self.session = session
        self.folder = state / "history" / session.replace(";", "_").replace(":", "_")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sequence = 0
        self._process = subprocess.Popen([WRITER, session, str(self.folder)], text=True, bufsize=1,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @property
    def file(self):
        return self.folder / "results.db"

    def write(self, moment_ns, record="detection", /, **members):
        self._sequence += 1
        message = {"v": 1, "session": self.session, "generation": 1, "sequence": self._sequence,
                   "tsCapture": iso(moment_ns), **members}
        self._process.stdin.write(
            f"{KINDS[record]} 1 {self._sequence} {moment_ns} {json.dumps(message)}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "ok\n"

    def saw(self, moment_ns, *things):
        self.write(moment_ns, objects=list(things))

    def kill(self):
        self._process.kill()
        self.close()

    def close(self):
        self._process.stdin.close()
        self._process.wait(HANG_LIMIT_S)
        self._process.stdout.close()


def thing(label="car", track=0, confidence=0.9, zones=(), **attributes):
    made = {"label": label, "confidence": confidence, "zones": list(zones),
            "attributes": {name: {"label": value, "confidence": 0.8}
                           for name, value in attributes.items()}}
    return made | ({"trackId": track} if track else {})


class History(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.state = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.now = time.time_ns() // 1000 * 1000 - 3600 * SECOND  # as times are told
        self.server = self.enterContext(Server(state_dir=self.state))

    def writer(self, session):
        writer = Writer(self.state, session)
        self.addCleanup(lambda: writer.close() if writer._process.poll() is None else None)
        return writer

    def get(self, query="", headers=()):
        with Bare(self.server) as bare:
            status, _, body = bare.request("GET", f"/api/v1/history?{query}", headers)
        return status, json.loads(body)

    def sequences(self, query="", headers=()):
        status, answer = self.get(query, headers)
        self.assertEqual(status, 200, answer)
        return [result["sequence"] for result in answer["results"]]

    def token(self, *scope):
        with Bare(self.server) as bare:
            body = json.dumps({"name": "reader", "role": "viewer", "scope": scope}).encode()
            return json.loads(bare.request("POST", "/api/v1/tokens", body=body)[2])["token"]

    def cli(self, *arguments):
        return subprocess.run([CLI, "--url", self.server.url, "history", *arguments], text=True,
                              capture_output=True, timeout=HANG_LIMIT_S)

    async def test_what_was_seen_is_told_by_both_doors_while_its_worker_writes_and_after(self):
        writer = self.writer("hall;1")
        writer.saw(self.now, thing("car", 12, plate="B 1", zones=["gate"]), thing("dog"))
        writer.write(self.now + SECOND, "event", kind="zone.enter", zone="gate", trackId=12,
                     label="car", attributes={"plate": {"label": "B 2", "confidence": 0.8}})
        async with connect(self.server) as client:
            result = (await call(client, "history.query", sessions=["hall;1"]))["result"]
            self.assertEqual([r["sequence"] for r in result["results"]], [2, 1])
            self.assertEqual((result["next"], result["unread"], result["skipped"]), (None, [], 0))
            result = (await call(client, "history.query", sessions=["hall;1"], labels=["dog"],
                                 order="oldest"))["result"]
            self.assertEqual([o["label"] for o in result["results"][0]["objects"]], ["dog"])
        session = urllib.parse.quote("hall;1")
        self.assertEqual(self.sequences(f"session={session}"), [2, 1])
        writer.saw(self.now + 2 * SECOND, thing("car", 13))
        self.assertEqual(self.sequences(f"session={session}"), [3, 2, 1])
        for query, expected in (("label=car", [3, 2, 1]), ("label=dog&label=bus", [1]),
                                ("trackId=12", [2, 1]), ("zone=gate&kind=detection", [1]),
                                ("kind=event&kind=gap", [2]), ("attribute=plate", [2, 1]),
                                ("attribute=plate&attributeValue=B%201", [1]),
                                ("attribute=plate&attributeValue=B%202", [2]),
                                ("attribute=plate&attributeValue=B", []),
                                ("since=2h", [3, 2, 1]), ("since=10m", []),
                                (f"until={iso(self.now)}", [1]),
                                (f"since={iso(self.now + SECOND)}", [3, 2]), ("order=oldest&limit=2", [1, 2])):
            with self.subTest(query):
                self.assertEqual(self.sequences(query), expected)
        writer.kill()
        self.assertEqual(self.sequences(f"session={session}"), [3, 2, 1])

    async def test_pages_are_gone_through_with_the_cursor_while_results_are_added(self):
        one, other = self.writer("a"), self.writer("b")
        for i in range(10):
            one.saw(self.now + i * SECOND, thing())
            other.saw(self.now + i * SECOND, thing())
        seen = []
        async with connect(self.server) as client:
            cursor = {}
            while True:
                page = (await call(client, "history.query", limit=3, **cursor))["result"]
                seen += [(r["session"], r["sequence"]) for r in page["results"]]
                one.saw(self.now + 1000 * SECOND, thing())
                if page["next"] is None:
                    break
                cursor = {"cursor": page["next"]}
        self.assertEqual(seen, [(s, n) for n in range(10, 0, -1) for s in ("a", "b")])

    async def test_a_session_that_was_removed_or_has_seen_nothing_is_asked_for_too(self):
        self.assertEqual(self.get("session=cam")[0], 404)
        with Bare(self.server) as bare:
            body = json.dumps({"subscriptionIdentifier": "cam",
                               "rtspUrl": "rtsp://127.0.0.1:9/x"}).encode()
            self.assertEqual(bare.request("POST", "/api/v1/sessions", body=body)[0], 200)
        self.assertEqual(self.sequences("session=cam"), [])
        writer = self.writer("cam")
        writer.saw(self.now, thing())
        writer.close()
        with Bare(self.server) as bare:
            self.assertEqual(bare.request("DELETE", "/api/v1/sessions/cam")[0], 200)
        self.assertEqual(self.sequences("session=cam"), [1])
        self.assertEqual(self.sequences(), [1])

    async def test_a_client_is_told_nothing_of_sessions_outside_its_scope(self):
        for session in ("hall-1", "yard-1", "hall-2;x"):
            self.writer(session).saw(self.now, thing())
        token = self.token("hall-1")
        told = self.get("", bearer(token))[1]
        self.assertEqual([r["session"] for r in told["results"]], ["hall-1"])
        self.assertEqual(told["unread"], [])
        outside = self.get("session=yard-1", bearer(token))
        nowhere = self.get("session=yard-9", bearer(token))
        within = self.get("session=yard-9")
        self.assertEqual(outside[0], 404)
        for answer in (nowhere, within):
            self.assertEqual(answer[0], 404)
            self.assertEqual(json.dumps(answer[1]).replace("yard-9", "yard-1"),
                             json.dumps(outside[1]), "nothing tells whether there is one")
        # Nor does the place of another session give more.
        cursor = urllib.parse.quote(f"{self.now + SECOND}@yard-1")
        told = self.get(f"cursor={cursor}", bearer(token))[1]
        self.assertEqual([r["session"] for r in told["results"]], ["hall-1"])
        self.assertEqual(self.get("session=hall-1&session=yard-1", bearer(token))[0], 404)

    async def test_a_file_that_is_no_history_is_an_error_of_its_session_alone(self):
        self.writer("good").saw(self.now, thing())
        for name in ("garbage", "empty"):
            (self.state / "history" / name).mkdir(parents=True)
        (self.state / "history/garbage/results.db").write_bytes(os.urandom(65536))
        (self.state / "history/empty/results.db").write_bytes(b"")
        (self.state / "history/file").write_bytes(b"x")
        self.assertEqual(self.get("session=garbage")[1]["error"]["code"], "CORRUPT")
        self.assertEqual(self.get("session=empty")[1]["error"]["code"], "CORRUPT")
        told = self.get()[1]
        self.assertEqual([r["session"] for r in told["results"]], ["good"])
        self.assertEqual([u["session"] for u in told["unread"]], ["empty", "garbage"])
        told = self.get("session=good&session=garbage")[1]
        self.assertEqual([r["session"] for r in told["results"]], ["good"])
        self.assertEqual([(u["session"], u["code"]) for u in told["unread"]],
                         [("garbage", "CORRUPT")])

    async def test_what_is_asked_wrongly_is_named(self):
        async with connect(self.server) as client:
            for params, field in (
                ({"sessions": ["no name"]}, "sessions"), ({"sessions": ["a"] * 257}, "sessions"),
                ({"since": "yesterday"}, "since"), ({"until": "x"}, "until"),
                ({"kinds": ["alert"]}, "kinds"), ({"labels": ["x"] * 33}, "labels"),
                ({"labels": ["x" * 65]}, "labels[0]"), ({"minConfidence": 1.1}, "minConfidence"),
                ({"trackId": 0}, "trackId"), ({"trackId": 2**32}, "trackId"),
                ({"zone": "x" * 65}, "zone"), ({"attribute": "x" * 65}, "attribute"),
                ({"attributeValue": "red"}, "attributeValue"), ({"order": "up"}, "order"),
                ({"limit": 0}, "limit"), ({"limit": 1001}, "limit"),
                ({"cursor": "x"}, "cursor"), ({"cursor": "1@a" + "x" * 254}, "cursor"),
            ):
                with self.subTest(params):
                    error = (await call(client, "history.query", **params))["error"]["data"]
                    self.assertEqual((error["code"], error["field"]),
                                     ("INVALID_PARAMS", f"params.{field}"))
            at_limits = await call(client, "history.query", labels=["x" * 64] * 32, trackId=2**32 - 1,
                                   zone="x" * 64, attribute="x" * 64, attributeValue="x" * 64,
                                   limit=1000, minConfidence=1, cursor="1@" + "x" * 128)
            self.assertEqual(at_limits["result"]["results"], [])
        for query, status in (("limit=x", 400), ("limit=1&limit=2", 400), ("zone=%zz", 400),
                              ("colour=red", 400), ("trackId=1.5", 400), ("&&", 200)):
            with self.subTest(query):
                self.assertEqual(self.get(query)[0], status)
        with Bare(self.server) as bare:
            self.assertEqual(bare.request("POST", "/api/v1/history")[0], 405)

    async def test_the_command_line_prints_a_line_an_object_and_goes_through_pages(self):
        writer = self.writer("hall;1")
        writer.saw(self.now, thing("car", 12, plate="B 1", zones=["gate", "road"]),
                   thing("dog", confidence=0.456))
        writer.write(self.now + SECOND, "event", kind="zone.enter", zone="gate", trackId=12,
                     label="car", attributes={"plate": {"label": "B 2", "confidence": 0.8}})
        writer.write(self.now + 2 * SECOND, "gap", count=3, reason="worker_queue_full")
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.now // SECOND))
        run = self.cli("hall;1", "--oldest-first")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        lines = run.stdout.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(all(line.startswith(moment[:11]) for line in lines), lines)
        self.assertIn("hall;1  #12  car 0.90  plate=B 1  in gate,road", lines[0])
        self.assertIn("hall;1  -  dog 0.46", lines[1])
        self.assertIn("#12  car  plate=B 2  in gate  zone.enter", lines[2])
        self.assertIn("gap  3 results missing  worker_queue_full", lines[3])
        run = self.cli("--attribute", "plate=B 1", "--json", "--since", "2h")
        self.assertEqual([json.loads(line)["sequence"] for line in run.stdout.splitlines()], [1])
        run = self.cli("--attribute", "plate=B 2")
        self.assertIn("#12  car  plate=B 2  in gate  zone.enter", run.stdout)
        self.assertEqual(len(run.stdout.splitlines()), 1)
        run = self.cli("--limit", "1")
        self.assertIn("gap", run.stdout)
        self.assertIn("there may be more", run.stderr)
        for i in range(1200):
            writer.saw(self.now + i, thing("bus"))
        run = self.cli("--label", "bus", "--limit", "1150", "--json")
        self.assertEqual(len(run.stdout.splitlines()), 1150)
        self.assertEqual(self.cli("nobody").returncode, 1)
        self.assertIn("NOT_FOUND", self.cli("nobody").stderr)
        self.assertEqual(self.cli("--kind", "alert").returncode, 2)
        self.assertEqual(self.cli("--limit", "0").returncode, 2)


if __name__ == "__main__":
    unittest.main()
