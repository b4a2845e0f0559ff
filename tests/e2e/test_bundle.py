"""What an operator hands on when a camera is in trouble."""

import asyncio
import json
import os
import signal
import stat
import unittest

from stack import BIN, CLIPS, Camera, Client, Supervisor, running, workplace


class Bundle(unittest.IsolatedAsyncioTestCase):
    async def test_a_bundle_tells_of_the_crash_and_holds_no_secret(self):
        folder = self.enterContext(workplace())
        (folder / "password").write_text("c4nary\n")
        camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}", "--user", "op",
            "--password-file", folder / "password")))
        supervisor = self.enterContext(running(Supervisor(folder)))
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call(
                "session.subscribe", subscriptionIdentifier="gate",
                rtspUrl=camera.url + "/people?token=t0ken-canary",
                credentials={"username": "op", "password": "c4nary"})
            view = await client.until_state("gate", "LIVE")
            os.kill(view["worker"]["pid"], signal.SIGSEGV)
            await client.next("session.state", lambda s: s["to"] == "LIVE")

        async def bundle():
            process = await asyncio.create_subprocess_exec(
                BIN / "bulkhead", "--url", supervisor.ws_url, "bundle", "gate", "-o",
                folder / "gate.json", stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE)
            out, err = await asyncio.wait_for(process.communicate(), 60)
            return process.returncode, out.decode(), err.decode()

        self.assertEqual(await bundle(), (0, f"{folder / 'gate.json'}\n", ""))
        self.assertEqual(stat.S_IMODE((folder / "gate.json").stat().st_mode), 0o600)
        text = (folder / "gate.json").read_text()
        for secret in ("c4nary", "t0ken-canary"):
            self.assertNotIn(secret, text)
        told = json.loads(text)
        self.assertEqual(told["session"]["lastExits"][0]["signal"], signal.SIGSEGV)
        self.assertTrue(any("SIGSEGV" in line for line in told["log"]["lines"]), "with the stacks")
        self.assertIn("version", told["system"])
        code, _, err = await bundle()
        self.assertEqual(code, 1, "a bundle is never written over another")
        self.assertIn("gate.json", err)


if __name__ == "__main__":
    unittest.main()
