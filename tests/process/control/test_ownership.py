"""Who a session of `lifetime: connection` belongs to, and when it goes.

The fixture's process_cleanup_timeout is 1 s. That it is over is seen by another session of the same
connection, `marker`, which nobody saves.
"""

import unittest

from channel import Server, call, connect, receive


async def subscribe(client, name, lifetime="connection"):
    reply = await call(client, "session.subscribe", subscriptionIdentifier=name,
                       rtspUrl=f"rtsp://127.0.0.1:9/{name}", lifetime=lifetime)
    return reply["result"]


async def names(client):
    sessions = (await call(client, "session.list"))["result"]["sessions"]
    return {s["subscriptionIdentifier"] for s in sessions}


async def removed(watcher, name):
    while True:
        params = (await receive(watcher))["params"]
        if params.get("removed") and params["session"] == name:
            return


class Ownership(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = self.enterContext(Server())
        self.watcher = await self.enterAsyncContext(connect(self.server))
        await call(self.watcher, "stream.open", filter={"kinds": ["session.state"]})

    async def test_who_reconnects_and_subscribes_again_in_time_keeps_its_session(self):
        async with connect(self.server) as first:
            before = await subscribe(first, "cam")
            await subscribe(first, "marker")
        async with connect(self.server) as second:
            after = await subscribe(second, "cam")
            self.assertEqual(after["change"], "unchanged")
            self.assertEqual(after["generation"], before["generation"])
            await removed(self.watcher, "marker")
            self.assertEqual(await names(second), {"cam"})
        await removed(self.watcher, "cam")

    async def test_a_second_connection_takes_over_from_one_that_lives_and_whose_end_removes_nothing(
            self):
        async with connect(self.server) as second:
            async with connect(self.server) as first:
                await subscribe(first, "cam")
                await subscribe(first, "marker")
                self.assertEqual((await subscribe(second, "cam"))["change"], "unchanged")
            await removed(self.watcher, "marker")
            self.assertEqual(await names(second), {"cam"})
        await removed(self.watcher, "cam")

    async def test_who_takes_back_what_was_taken_over_owns_it_again(self):
        async with connect(self.server) as first:
            await subscribe(first, "cam")
            async with connect(self.server) as second:
                await subscribe(second, "cam")
                await subscribe(second, "marker")
                await subscribe(first, "cam")
            await removed(self.watcher, "marker")
            self.assertEqual(await names(first), {"cam"})

    async def test_a_session_that_somebody_made_persistent_outlives_its_connection(self):
        async with connect(self.server) as first:
            await subscribe(first, "cam")
            await subscribe(first, "marker")
            kept = await subscribe(self.watcher, "cam", "persistent")
            self.assertEqual((kept["change"], kept.get("how")), ("reconfigured", "replace"))
        await removed(self.watcher, "marker")
        self.assertEqual(await names(self.watcher), {"cam"})

    async def test_a_declared_list_gives_its_sessions_to_the_connection_that_declared_it(self):
        async with connect(self.server) as first:
            await subscribe(first, "cam")
            await subscribe(first, "marker")
            entry = {"subscriptionIdentifier": "cam", "rtspUrl": "rtsp://127.0.0.1:9/cam",
                     "lifetime": "connection"}
            async with connect(self.server) as second:
                told = await call(second, "session.setSubscriptionList", sessions=[entry],
                                  removeOthers=False)
                self.assertEqual(told["result"]["sessions"][0]["change"], "unchanged")
                await first.close()
                await removed(self.watcher, "marker")
                self.assertEqual(await names(second), {"cam"})
            await removed(self.watcher, "cam")


if __name__ == "__main__":
    unittest.main()
