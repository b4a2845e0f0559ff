"""What a worker gives up before it meets its camera: told by itself, held against the kernel."""

import os
import pwd
import unittest
import urllib.request

from stack import CLIPS, Camera, Client, Supervisor, gone, running, workplace


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


class Confinement(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        self.camera = self.enterContext(
            running(Camera(folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(folder)))

    async def test_a_camera_is_live_with_a_worker_that_gave_up_all_the_kernel_lets_it(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=self.camera.url + "/people")
            view = await client.until_state("cam", "LIVE")
            level = view["confinement"]
            self.assertTrue(level["systemCallFilter"])
            if level["landlock"] >= 4:
                self.assertEqual(level["tcpPorts"], [self.camera.port])
            if level["landlock"] >= 6:
                self.assertEqual(level["missing"], [])
            with urllib.request.urlopen(self.supervisor.http_url + "/metrics", timeout=20) as reply:
                self.assertIn(f'bulkhead_worker_confinement_gaps{{camera="cam"}} {len(level["missing"])}',
                              reply.read().decode())
            kernel = status_of(view["worker"]["pid"])
        self.assertEqual(kernel["Seccomp"], "2", "filtered")
        self.assertEqual(kernel["NoNewPrivs"], "1")
        self.assertEqual(int(kernel["CapPrm"], 16) | int(kernel["CapEff"], 16), 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can start workers as another user")
    async def test_workers_of_a_root_supervisor_run_as_the_user_that_the_operator_names(self):
        nobody = pwd.getpwnam("nobody").pw_uid
        folder = self.enterContext(workplace())
        folder.chmod(0o711)
        arguments = ("--set", "session_processes.worker_user=nobody")
        with running(Supervisor(folder, *arguments)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open")
                await client.call("session.subscribe", subscriptionIdentifier="cam",
                                  rtspUrl=self.camera.url + "/people")
                view = await client.until_state("cam", "LIVE")
                self.assertEqual(view["confinement"]["uid"], nobody)
                kernel = status_of(view["worker"]["pid"])
                self.assertEqual(set(kernel["Uid"].split()), {str(nobody)})
                self.assertEqual(set(kernel["Gid"].split()), {str(pwd.getpwnam("nobody").pw_gid)})
                self.assertEqual(kernel["Groups"].strip(), "")
                worker = view["worker"]["pid"]
            # The kernel forgets who a process dies with when it changes its user.
            supervisor.process.kill()
            self.assertTrue(await gone([worker], 5))

    async def test_a_camera_with_a_name_is_found(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=f"rtsp://localhost:{self.camera.port}/people")
            view = await client.until_state("cam", "LIVE")
            if view["confinement"]["landlock"] >= 4:
                self.assertEqual(view["confinement"]["tcpPorts"], [self.camera.port, 53])


if __name__ == "__main__":
    unittest.main()
