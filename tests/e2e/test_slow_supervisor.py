"""A supervisor that does not come to read costs nobody's detect loop a frame: one is stopped for
ten seconds, and the counters of its worker say that inference went on as in the worker of another
one, which was not stopped.
"""

import asyncio
import contextlib
import os
import signal
import unittest

from stack import CLIPS, Camera, Client, Supervisor, running, workplace

STOPPED_S = 10
LEAST = 0.7  # of the frames that the other worker inferred; the two share a machine that is busy


class Watched:
    """A supervisor of its own with one live camera."""

    def __init__(self, supervisor, client):
        self.supervisor = supervisor
        self.client = client

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, folder, url):
        folder.mkdir()
        with running(Supervisor(folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open", filter={"kinds": ["session.state", "detection"]})
                # Nothing passes this threshold: all results are BULK, which expires after 2 s.
                await client.call("session.subscribe", subscriptionIdentifier="cam", rtspUrl=url)
                await client.until_state("cam", "LIVE")
                await client.call("session.reconfigure", subscriptionIdentifier="cam",
                                  minConfidence=1.0)
                await client.next("detection", lambda p: not p["objects"])
                yield cls(supervisor, client)

    async def worker(self):
        view = await self.client.call("session.get", subscriptionIdentifier="cam")
        return (view["worker"]["pid"], view["generation"]), view["counters"]


class SlowSupervisor(unittest.IsolatedAsyncioTestCase):
    async def test_a_stopped_supervisor_never_blocks_a_worker_and_what_expired_is_told(self):
        folder = self.enterContext(workplace())
        camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        url = camera.url + "/people"
        async with (Watched.started(folder / "stopped", url) as stopped,
                    Watched.started(folder / "other", url) as other):
            identity, before = await stopped.worker()
            other_before = (await other.worker())[1]
            os.kill(stopped.supervisor.pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(STOPPED_S)  # the claim is about this time
            finally:
                os.kill(stopped.supervisor.pid, signal.SIGCONT)
            (identity_after, after), (_, other_after) = await asyncio.gather(
                stopped.worker(), other.worker())
            inferred, expected = (late["framesInferredTotal"] - early["framesInferredTotal"]
                                  for late, early in ((after, before), (other_after, other_before)))
            self.assertEqual(identity, identity_after, "the worker is the same")
            self.assertGreater(inferred, LEAST * expected)
            gap = await stopped.client.next("stream.gap")
            self.assertEqual((gap["reason"], gap["class"]), ("ttl_expired", "BULK"))
            expired = (await stopped.worker())[1]["resultsExpiredTotal"]
            self.assertGreaterEqual(expired, gap["count"])
            print(f"\ninferred in {STOPPED_S} s of a stopped supervisor: {inferred} frames, beside "
                  f"one that reads: {expected}; expired: {expired}")


if __name__ == "__main__":
    unittest.main()
