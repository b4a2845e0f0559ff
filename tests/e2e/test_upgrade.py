"""The supervisor becomes the program installed in its place: no worker and no client notices."""

import asyncio
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest
import zipfile

import websockets
from stack import (
    BIN, CLIPS, HANG_LIMIT_S, Camera, Client, RpcError, Supervisor, children_of, running, workplace)

SESSIONS = ("gate", "yard")
# Without empty frames, which are of a lower class and so may come after others.
OBJECTS = {"emptyFrames": False}
LOST = 5  # results of each session


def installed(folder):
    """The programs as an operator has them, to be replaced without touching the built ones."""
    for name in ("bulkhead-supervisor", "bulkhead-worker", "bulkhead-model-fetch"):
        shutil.copy2(BIN / name, folder / name)
    return folder / "bulkhead-supervisor"


def install(program, source=BIN / "bulkhead-supervisor"):
    """Another file under the same name, as packages do it: the running one keeps its own."""
    fresh = program.with_suffix(".new")
    if isinstance(source, str):
        fresh.write_text(source)
        fresh.chmod(0o755)
    else:
        shutil.copy2(source, fresh)
    fresh.rename(program)


def slow_bundle(folder):
    """A bundle whose model takes its time to be loaded: as large pictures as it is given nowhere else."""
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pipeline.json", json.dumps({"name": "yard", "stages": [
            {"type": "detect", "model": "models/m.onnx", "input": {"width": 960, "height": 960}}]}))
        archive.write(CLIPS.parent / "models/yolo11n.onnx", "models/m.onnx")
    return path


def on_trial(pid):
    """Whether this worker is one that tries a bundle: nothing but its log says so."""
    try:
        opened = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False  # it has just ended
    return any(name.endswith("bundle_trial.log") for name in opened)


async def cli(url, *arguments):
    """Beside the test's own clients, which have to answer their goodbye."""
    return await asyncio.to_thread(
        subprocess.run, [BIN / "bulkhead", "--url", url, *arguments], capture_output=True,
        text=True, timeout=HANG_LIMIT_S, check=False)


class Upgrade(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        camera = self.enterContext(
            running(Camera(folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.url = camera.url + "/people"
        self.program = installed(folder)
        self.supervisor = self.enterContext(running(Supervisor(folder, program=self.program)))

    async def workers(self, client):
        return {name: (await client.call("session.get", subscriptionIdentifier=name))["worker"]["pid"]
                for name in SESSIONS}

    async def watch(self, client):
        await client.call("stream.open", filter=OBJECTS)
        for name in SESSIONS:
            await client.call("session.subscribe", subscriptionIdentifier=name, rtspUrl=self.url)
        seen = set()
        while seen != set(SESSIONS):
            seen.add((await client.next("detection"))["session"])

    async def upgrade(self, client):
        """As an operator does it; the client is sent away."""
        done = await cli(self.supervisor.ws_url, "--json", "upgrade")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(await client.closed(), 1012)
        return json.loads(done.stdout)

    async def test_every_worker_goes_on_and_every_result_is_told_once_and_in_order(self):
        had = {name: [] for name in SESSIONS}

        def take(told):
            had[told["session"]].append((told["generation"], told["sequence"]))

        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            workers = await self.workers(client)
            await client.call("session.setContext", subscriptionIdentifier="gate", context="shop-17")
            while min(map(len, had.values())) < 2 * LOST:
                take(await client.next("detection"))
            install(self.program)
            inode = os.stat(self.program).st_ino
            before = os.stat(f"/proc/{self.supervisor.pid}/exe").st_ino
            answer = await self.upgrade(client)
            while not client.notifications.empty():
                message = client.notifications.get_nowait()
                if message["method"] == "detection":
                    take(message["params"])
        self.assertEqual(answer["workers"], len(SESSIONS))
        # As if the last ones had been lost on their way: the next program has to have them.
        had = {name: told[:-LOST] for name, told in had.items()}
        self.assertNotEqual(inode, before)
        self.assertEqual(os.stat(f"/proc/{self.supervisor.pid}/exe").st_ino, inode)

        async with Client.connect(self.supervisor.ws_url) as client:
            self.assertEqual(await self.workers(client), workers)
            positions = [{"session": name, "generation": had[name][-1][0], "sequence": had[name][-1][1]}
                         for name in SESSIONS]
            opened = await client.call("stream.open", filter={**OBJECTS, "kinds": ["detection"]},
                                       resumeFrom=positions)
            self.assertGreaterEqual(opened["replayed"], LOST * len(SESSIONS))
            for _ in range(opened["replayed"] + 40):
                take(await client.next("detection"))
            self.assertEqual((await client.call("session.get", subscriptionIdentifier="gate"))
                             ["context"], "shop-17")
            told = await client.next("detection", lambda d: d["session"] == "gate")
            self.assertEqual(told["context"], "shop-17")
            state = await client.call("system.state")
            self.assertEqual(state["upgrades"], 1)
            view = await client.call("session.get", subscriptionIdentifier="gate")
            self.assertEqual((view["state"], view["generation"], view["restarts"]["total"]), ("LIVE", 1, 0))
            # All that was published, whoever had it: what is kept came over as well.
            witness = await client.call("stream.open", filter=OBJECTS, resumeFrom=[
                {"session": name, "generation": 1, "sequence": 0} for name in SESSIONS])
            kept = {name: [] for name in SESSIONS}
            for _ in range(witness["replayed"]):
                told = await client.next("detection", lambda p: p["streamId"] == witness["streamId"])
                kept[told["session"]].append((told["generation"], told["sequence"]))
        for name in SESSIONS:
            self.assertEqual(had[name], sorted(set(had[name])), "once and in order")
            shared = [at for at in kept[name] if had[name][0] <= at <= had[name][-1]]
            self.assertEqual(had[name], shared, "all that was published in the meantime")
        self.assertLessEqual(set(workers.values()), set(children_of(self.supervisor.pid)))

    async def test_a_program_that_cannot_go_on_is_refused_before_anybody_notices(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            workers = await self.workers(client)
            for source, said in (
                    ("#!/bin/sh\necho no such thing >&2\nexit 3\n", "no such thing"),
                    ("#!/bin/sh\nkill -9 $$\n", "it says nothing"),
                    ("this is no program\n", "cannot start")):
                install(self.program, source)
                done = await cli(self.supervisor.ws_url, "upgrade")
                self.assertEqual(done.returncode, 1)
                self.assertIn(said, done.stderr)
            install(self.program)
            (self.program.parent / "bulkhead-worker").rename(self.program.parent / "away")
            with self.assertRaises(RpcError) as refused:
                await client.call("system.upgrade")
            self.assertIn("bulkhead-worker", str(refused.exception))
            await client.next("detection")
            self.assertEqual(await self.workers(client), workers)
            self.assertEqual((await client.call("system.state"))["upgrades"], 0)

    async def test_what_cannot_be_handed_over_is_ended_and_started_anew(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            workers = await self.workers(client)
            # One that does not stop when it is asked to, and so is neither carried nor known later.
            os.kill(workers["yard"], signal.SIGSTOP)
            await client.call("session.unsubscribe", subscriptionIdentifier="yard")
            answer = await self.upgrade(client)
        self.assertEqual(answer["workers"], 1)
        self.assertFalse(pathlib.Path(f"/proc/{workers['yard']}").exists())
        async with Client.connect(self.supervisor.ws_url) as client:
            views = (await client.call("session.list"))["sessions"]
            self.assertEqual([v["worker"]["pid"] for v in views], [workers["gate"]])
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="yard", rtspUrl=self.url)
            await client.until_state("yard", "LIVE")
            # A worker of the program before ends as any other does.
            os.kill(workers["gate"], signal.SIGKILL)
            view = await client.next("detection", lambda p: p["session"] == "gate" and p["generation"] > 1)
            exits = (await client.call("session.get", subscriptionIdentifier="gate"))["lastExits"]
            self.assertEqual(exits[0]["signal"], signal.SIGKILL)
            self.assertGreater(view["generation"], 1)

    async def test_a_worker_that_tries_a_bundle_is_ended_and_reaped(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            workers = await self.workers(client)
            installation = asyncio.ensure_future(client.call(
                "bundle.install", source=str(slow_bundle(self.program.parent))))
            self.addCleanup(installation.cancel)
            trial = None
            while trial is None:
                await client.next("detection")
                self.assertFalse(installation.done(), "it is still tried")
                trial = next(filter(on_trial, children_of(self.supervisor.pid)), None)
            os.kill(trial, signal.SIGSTOP)  # it shall not be through with it before
            await self.upgrade(client)
        self.assertFalse(pathlib.Path(f"/proc/{trial}").exists(), "not even as a zombie")
        async with Client.connect(self.supervisor.ws_url) as client:
            self.assertEqual(await self.workers(client), workers)
            self.assertEqual((await client.call("bundle.list"))["bundles"], [])

    async def test_other_parameters_that_were_on_their_way_arrive(self):
        smaller = {"name": "smaller", "stages": [
            {"type": "detect", "model": "yolo11n", "input": {"width": 320, "height": 320}}]}
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            workers = await self.workers(client)
            change = await client.call("session.reconfigure", subscriptionIdentifier="gate", pipeline=smaller)
            self.assertEqual(change["how"], "overlap")
            await self.upgrade(client)
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"sessions": ["gate"]})
            await client.next("detection", lambda p: p["generation"] > 1)
            view = await client.call("session.get", subscriptionIdentifier="gate")
            self.assertEqual((view["model"]["inputWidth"], view["model"]["inputHeight"]), (320, 320))
            self.assertEqual((await self.workers(client))["yard"], workers["yard"])

    async def test_a_camera_that_rests_goes_on_resting_and_one_on_demand_keeps_its_worker(self):
        async def view(client, name):
            return await client.call("session.get", subscriptionIdentifier=name)

        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"sessions": ["gate"]})
            for name in SESSIONS:
                await client.call("session.subscribe", subscriptionIdentifier=name, rtspUrl=self.url,
                                  availability="on_demand")
            await client.next("detection")
            before = [await view(client, name) for name in SESSIONS]
            await self.upgrade(client)
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"sessions": ["gate"]})
            await client.next("detection")
            after = [await view(client, name) for name in SESSIONS]
        self.assertEqual([v["worker"] for v in after], [v["worker"] for v in before])
        self.assertEqual([v["state"] for v in after], ["LIVE", "STOPPED"])
        self.assertEqual(after[1]["reasonText"], before[1]["reasonText"])

    async def test_it_can_be_done_again_and_again_and_then_be_stopped(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            workers = await self.workers(client)
        watching = subprocess.Popen(
            [BIN / "bulkhead", "--url", self.supervisor.ws_url, "--json", "watch", "gate"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        told = [json.loads(watching.stdout.readline())]
        descriptors = None
        for round_ in range(1, 4):
            done = await cli(self.supervisor.ws_url, "upgrade")
            self.assertEqual(done.returncode, 0, done.stderr)
            async with Client.connect(self.supervisor.ws_url) as client:
                self.assertEqual((await client.call("system.state"))["upgrades"], round_)
                self.assertEqual(await self.workers(client), workers)
                await client.call("stream.open", filter=OBJECTS)
                await client.next("detection")
                # Until the warm spare is there: the descriptors of one worker more.
                while (await client.call("system.state"))["warmSpares"] < 1:
                    await client.next("detection")
                count = len(os.listdir(f"/proc/{self.supervisor.pid}/fd"))
            descriptors = descriptors or count
            self.assertLessEqual(count, descriptors + 1)
            self.assertEqual(len(children_of(self.supervisor.pid)), len(SESSIONS) + 1)
        # A client of the command line went along and missed nothing that was for it.
        while len(told) < 100:
            told.append(json.loads(watching.stdout.readline()))
        at = [(t["params"]["generation"], t["params"]["sequence"])
              for t in told if t["method"] == "detection"]
        self.assertEqual(at, sorted(set(at)))
        self.supervisor.stop()
        for pid in workers.values():
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())

    async def test_a_stop_that_is_asked_for_meanwhile_is_obeyed(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            workers = await self.workers(client)
            await client.call("system.upgrade")
            os.kill(self.supervisor.pid, signal.SIGTERM)
            await client.closed()
        self.assertEqual(await asyncio.to_thread(self.supervisor.process.wait, HANG_LIMIT_S), 0)
        for pid in workers.values():
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())

    async def test_no_password_is_left_where_others_could_read_it(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("session.subscribe", subscriptionIdentifier="gate", rtspUrl=self.url,
                              credentials={"username": "viewer", "password": "canary-7f3a"})
            done = await cli(self.supervisor.ws_url, "upgrade")
            self.assertEqual(done.returncode, 0, done.stderr)
        pid = self.supervisor.pid
        for name in ("cmdline", "environ"):
            self.assertNotIn(b"canary-7f3a", pathlib.Path(f"/proc/{pid}/{name}").read_bytes())
        self.assertNotIn("bulkhead-upgrade", pathlib.Path(f"/proc/{pid}/maps").read_text())
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        self.assertEqual([link for link in links if "bulkhead-upgrade" in link], [])
        for text in self.supervisor.log_texts().values():
            self.assertNotIn("canary-7f3a", text)


if __name__ == "__main__":
    unittest.main()
