"""config/openrpc.json against a running supervisor: each method's example is called and its result
is what the description says, and each error that a method lists is provoked, or it is said here why
it is not.
"""

import asyncio
import json
import pathlib
import re
import sys
import unittest
import zipfile

import jsonschema
from stack import (CLIPS, CONFIG, ROOT, Camera, Client, RpcError, Supervisor, running, workplace)

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from model_server import ModelServer, onnx_outside  # noqa: E402

DESCRIPTION = json.loads((CONFIG / "openrpc.json").read_text())
METHODS = {method["name"]: method for method in DESCRIPTION["methods"]}
CAMERA = "display-001;cam-001"
# In an order in which each finds what it needs.
ORDER = ("session.subscribe", "session.setSubscriptionList", "session.list", "session.get",
         "session.reconfigure", "session.setContext", "session.progress", "session.canary.start",
         "session.canary.promote", "session.canary.rollback", "session.snapshot", "stream.open",
         "stream.stats", "stream.close",
         "session.restart", "log.tail", "log.untail", "log.gstDebug", "model.fetch", "model.list",
         "bundle.install", "bundle.list", "bundle.remove", "system.state",
         "rpc.discover", "session.unsubscribe", "history.query", "history.snapshot", "token.add",
         "token.list", "token.revoke", "auth.ticket", "system.upgrade")
STOPS = "only in the moments in which the supervisor stops"
DISK = "a disk that fails"
WORKER = "workers with one misbehaviour each: tests/process/session/"
TIME = "a worker that is silent, without being seen as hung: tests/unit/supervisor/pending_commands"
NOT_PROVOKED = {
    ("session.subscribe", "UNAVAILABLE"): STOPS,
    ("session.reconfigure", "UNAVAILABLE"): STOPS,
    ("session.unsubscribe", "IO"): DISK,
    ("session.snapshot", "TIMEOUT"): TIME,
    ("session.snapshot", "LIMIT_REACHED"): TIME,
    ("session.canary.start", "LIMIT_REACHED"): TIME,
    ("log.gstDebug", "TIMEOUT"): TIME,
    ("log.gstDebug", "LIMIT_REACHED"): TIME,
    ("system.upgrade", "TIMEOUT"): "tests/process/supervisor/dry_run_test.cpp",
    ("system.upgrade", "SPAWN_FAILED"): "tests/process/supervisor/dry_run_test.cpp",
    ("system.upgrade", "UNAVAILABLE"): "tests/process/supervisor/dry_run_test.cpp",
    ("system.upgrade", "LIMIT_REACHED"): "no memory left to hand over in",
    ("system.upgrade", "IO"): "no memory left to hand over in",
    ("bundle.list", "UNAVAILABLE"): "a program without a state directory: none but tests",
    ("bundle.remove", "UNAVAILABLE"): "one that is used: test_models.py",
    ("bundle.remove", "IO"): DISK,
    **{("bundle.install", code): "tests/process/fetch, tests/process/model, test_models.py"
       for code in ("LIMIT_REACHED", "UNAVAILABLE", "TIMEOUT", "SPAWN_FAILED", "PROTOCOL_ERROR",
                    "WORKER_DIED", "OUT_OF_MEMORY", "IO")},
    ("model.list", "UNAVAILABLE"): "a program without a state directory: none but tests",
    **{("model.fetch", code): "tests/process/fetch, tests/process/model" for code in (
        "LIMIT_REACHED", "UNAVAILABLE", "TIMEOUT", "SPAWN_FAILED", "PROTOCOL_ERROR",
        "WORKER_DIED", "OUT_OF_MEMORY", "IO")},
    ("session.restart", "ADDRESS_DENIED"): "a name that leads elsewhere now: test_addresses.py",
    **{("history.query", code): "tests/unit/history, tests/process/control/test_history.py"
       for code in ("LIMIT_REACHED", "UNAVAILABLE", "TIMEOUT", "VERSION_MISMATCH", "CORRUPT",
                    "IO")},
    **{("history.snapshot", code): "tests/unit/history/snapshot_file_test.cpp"
       for code in ("LIMIT_REACHED", "CORRUPT", "IO")},
    **{("session.restart", code): WORKER for code in (
        "TIMEOUT", "LIMIT_REACHED", "MODEL_INVALID", "SPAWN_FAILED", "PROTOCOL_ERROR",
        "VERSION_MISMATCH", "CORRUPT", "WORKER_DIED", "WORKER_HUNG", "CRASH_LOOP",
        "OUT_OF_MEMORY")},
    **{(name, "PERMISSION_DENIED"): "tests/process/control/test_access.py"
       for name, method in METHODS.items() if any("Denied" in e["$ref"] for e in method["errors"])},
    **{(name, "LIMIT_REACHED"): "tests/unit/supervisor/token_store_test.cpp, authenticator_test.cpp"
       for name in ("token.add", "token.revoke", "auth.ticket")},
    **{(name, "UNAVAILABLE"): "a program without a state directory: none but tests"
       for name in ("token.add", "token.list", "token.revoke")},
}


def resolved(reference):
    part = DESCRIPTION
    for key in reference.removeprefix("#/").split("/"):
        part = part[key]
    return part


def assert_fits(value, schema, where):
    """As JSON Schema has it, and no object has a member that is not described."""
    jsonschema.Draft7Validator(
        schema, resolver=jsonschema.RefResolver.from_schema(DESCRIPTION)).validate(value)
    assert_described(value, schema, where)


def assert_described(value, schema, where):
    while "$ref" in schema:
        schema = resolved(schema["$ref"])
    if "oneOf" in schema:
        wanted = "null" if value is None else "object"
        fitting = [s for s in schema["oneOf"] if s.get("type") == wanted or "$ref" in s]
        schema = fitting[0] if fitting else {}
    if isinstance(value, dict) and "properties" in schema:
        for key, member in value.items():
            assert key in schema["properties"], f"{where}.{key} is not described"
            assert_described(member, schema["properties"][key], f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for member in value:
            assert_described(member, schema["items"], where + "[]")


def example_of(name):
    example = METHODS[name]["examples"][0]
    return {p["name"]: p["value"] for p in example["params"]}, example["result"]["value"]


def errors_of(name):
    return [resolved(error["$ref"]) for error in METHODS[name]["errors"]]


class Description(unittest.TestCase):
    """What needs no supervisor."""

    def test_each_example_is_by_the_schemas_of_its_method(self):
        for name, method in METHODS.items():
            with self.subTest(name):
                params, result = example_of(name)
                known = {p["name"]: p for p in method["params"]}
                self.assertLessEqual(params.keys(), known.keys())
                self.assertLessEqual({n for n, p in known.items() if p["required"]}, params.keys())
                for key, value in params.items():
                    assert_fits(value, known[key]["schema"], key)
                assert_fits(result, method["result"]["schema"], "result")

    def test_each_error_has_the_number_and_the_name_of_the_code(self):
        names = dict(re.findall(r"Entry\{ErrorCode::(\w+), \"(\w+)\"",
                                (ROOT / "common/error.cpp").read_text()))
        numbers = dict(re.findall(r"^  (\w+) = (\d+),",
                                  (ROOT / "common/error.hpp").read_text(), re.M))
        of_rpc = {"INVALID_PARAMS": -32602, "INTERNAL": -32603}
        self.assertIn("TIMEOUT", names.values())
        for name, error in DESCRIPTION["components"]["errors"].items():
            number = next(n for n, text in names.items() if text == error["data"]["code"])
            self.assertEqual(error["code"], of_rpc.get(names[number], -32000 - int(numbers[number])),
                             name)

    def test_each_text_and_list_that_a_client_sends_has_a_limit(self):
        def look(schema, where):
            while "$ref" in schema:
                schema = resolved(schema["$ref"])
            for choice in schema.get("oneOf", []):
                look(choice, where)
            if schema.get("type") == "string" and "enum" not in schema:
                self.assertTrue("maxLength" in schema or "pattern" in schema, where)
            if schema.get("type") == "array":
                self.assertTrue("maxItems" in schema or "enum" in schema["items"], where)
                look(schema["items"], where + "[]")
            if schema.get("type") in ("integer", "number"):
                self.assertIn("minimum", schema, where)
            for key, member in schema.get("properties", {}).items():
                look(member, f"{where}.{key}")

        for name, method in METHODS.items():
            for param in method["params"]:
                look(param["schema"], f"{name} {param['name']}")

    def test_the_order_names_each_method_once(self):
        self.assertEqual(sorted(ORDER), sorted(METHODS))


class Running(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        (self.folder / "password").write_text("as the camera has it\n")

    def camera(self):
        return self.enterContext(running(Camera(
            self.folder, "--mount", f"/stream1={CLIPS / 'people.mp4'}", "--user", "operator",
            "--password-file", self.folder / "password")))

    def keep_picture(self, supervisor, name):
        """As a worker of the camera would have left it."""
        folder = supervisor.state_dir / "history" / CAMERA.replace(";", "_") / "snapshots"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.boxes.jpg").write_bytes(b"\xff\xd8\xff\xe0 and so on")

    def supervisor(self, *arguments):
        self.models = ModelServer(self.folder)
        self.addCleanup(self.models.close)
        self.models.files["/yolo.onnx"] = onnx_outside()
        with zipfile.ZipFile(self.folder / "yard.zip", "w") as bundle:
            bundle.writestr("pipeline.json", json.dumps(
                {"name": "yard", "stages": [{"type": "detect", "model": "yolo11n.onnx"}]}))
            bundle.write(CLIPS.parent / "models/yolo11n.onnx", "yolo11n.onnx")
        return self.enterContext(running(Supervisor(
            self.folder, "--set", f"models.ca_file={self.models.authority.file}", *arguments)))

    async def test_each_example_does_what_it_says(self):
        camera = self.camera()
        supervisor = self.supervisor()
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["session.state"]})

            async def call(name):
                params, expected = example_of(name)
                params = json.loads(json.dumps(params).replace("rtsp://192.0.2.10", camera.url)
                                    .replace("https://models.example", self.models.url)
                                    .replace("/srv/bundles", str(self.folder)))
                if name in ("stream.stats", "stream.close"):
                    params["streamId"] = "s2"
                if name == "log.untail":
                    params["tailId"] = tail
                if name == "history.snapshot":
                    self.keep_picture(supervisor, params["snapshot"])
                result = await client.call(name, **params)
                assert_fits(result, METHODS[name]["result"]["schema"], name)
                self.assertLessEqual(expected.keys(), result.keys(), name)
                return expected, result

            tail = ""
            for name in ORDER:
                with self.subTest(name):
                    expected, result = await call(name)
                    tail = result.get("tailId", tail)
                    if name == "session.subscribe":
                        self.assertEqual(result, expected)
                        await client.until_state(CAMERA, "LIVE")
                    if name in ("session.canary.start", "session.canary.promote"):
                        state = {"LOADING": "RUNNING", "PROMOTING": "PROMOTED"}[
                            expected["canary"]["state"]]
                        await client.next("session.state", lambda p, s=state: p.get("canary") == s)
                    if name in ("session.reconfigure", "session.setContext", "session.progress",
                                "session.unsubscribe"):
                        self.assertEqual(result, expected)
                    if name == "session.setSubscriptionList":
                        self.assertEqual(result["sessions"][0]["change"],
                                         expected["sessions"][0]["change"])
                    if name == "session.restart":
                        self.assertEqual(result["mode"], expected["mode"])
        # Also in the middle of the upgrade that came last.
        self.assertEqual(supervisor.stop(), 0)

    async def test_each_error_that_a_method_lists_is_met(self):
        camera = self.camera()
        supervisor = self.supervisor("--set", "session_processes.max_concurrent_sessions=2")
        provoked = set()
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["session.state"]})

            async def provoke(code, name, /, **params):
                with self.subTest(code=code, method=name):
                    with self.assertRaises(RpcError) as refused:
                        await client.call(name, **params)
                    self.assertEqual(refused.exception.code, code)
                    provoked.add((name, code))

            for name in METHODS:
                await provoke("INVALID_PARAMS", name, noSuchParameter=1)
            for name in ("session.reconfigure", "session.unsubscribe", "session.get",
                         "session.restart", "session.snapshot", "log.tail",
                         "session.canary.promote", "session.canary.rollback"):
                await provoke("NOT_FOUND", name, subscriptionIdentifier="nobody")
            await provoke("NOT_FOUND", "session.canary.start", subscriptionIdentifier="nobody",
                          model="yolo11n.onnx")
            await provoke("NOT_FOUND", "session.setContext", subscriptionIdentifier="nobody",
                          context="shop-17")
            await provoke("NOT_FOUND", "session.progress", subscriptionIdentifier="nobody",
                          stage="paid")
            await provoke("NOT_FOUND", "history.query", sessions=["nobody"])
            await provoke("NOT_FOUND", "history.snapshot", subscriptionIdentifier="nobody",
                          snapshot="1")
            await client.call("token.add", name="taken")
            await provoke("ALREADY_EXISTS", "token.add", name="taken")
            await provoke("NOT_FOUND", "token.revoke", name="nobody")
            await provoke("NOT_FOUND", "log.gstDebug", subscriptionIdentifier="nobody",
                          categories="rtspsrc:5")
            await provoke("NOT_FOUND", "log.untail", tailId="t99")
            pin = "#sha256=" + "0" * 64
            for code, url in (("NOT_FOUND", self.models.url + "/none"),
                              ("MODEL_INVALID", self.models.url + "/yolo.onnx"),
                              ("CONNECT_FAILED", "https://127.0.0.1:1/"),
                              ("ADDRESS_DENIED", "https://169.254.169.254/")):
                await provoke(code, "model.fetch", url=url + pin)
                await provoke(code, "bundle.install", source=url + pin)
            await provoke("NOT_FOUND", "bundle.remove", name="nothing")
            for name in ("stream.close", "stream.stats"):
                await provoke("NOT_FOUND", name, streamId="s99")
            for _ in range(15):
                await client.call("stream.open", filter={"kinds": ["session.state"]})
            await provoke("LIMIT_REACHED", "stream.open")

            await provoke("ADDRESS_DENIED", "session.subscribe", subscriptionIdentifier="denied",
                          rtspUrl="rtsp://169.254.169.254/")
            there = {**example_of("session.subscribe")[0], "rtspUrl": camera.url + "/stream1"}
            subscribed = await client.call("session.subscribe", **there)
            self.assertEqual(subscribed["change"], "added")
            await client.until_state(CAMERA, "LIVE")
            other = {**there, "subscriptionIdentifier": "other"}
            await provoke("NOT_FOUND", "session.subscribe", **{**other, "pipeline": "nope"})
            await provoke("ALREADY_EXISTS", "session.subscribe",
                          **{**there, "subscriptionIdentifier": CAMERA.replace(";", ":")})
            await client.call("session.subscribe", **{**other, "availability": "on_demand"})
            await provoke("LIMIT_REACHED", "session.subscribe",
                          **{**there, "subscriptionIdentifier": "third"})
            for name in ("session.restart", "session.snapshot", "session.canary.promote",
                         "session.canary.rollback"):
                await provoke("UNAVAILABLE", name, subscriptionIdentifier="other")
            canary = {"model": "yolo11n.onnx", "subscriptionIdentifier": CAMERA}
            await provoke("UNAVAILABLE", "session.canary.start",
                          **{**canary, "subscriptionIdentifier": "other"})
            await provoke("ADDRESS_DENIED", "session.canary.start",
                          **{**canary, "model": "https://169.254.169.254/m.onnx" + pin})
            await client.call("session.canary.start", **canary)
            await provoke("ALREADY_EXISTS", "session.canary.start", **canary)
            await provoke("UNAVAILABLE", "log.gstDebug", subscriptionIdentifier="other",
                          categories="rtspsrc:5")
            tails = [client.call("log.tail", supervisor=True, follow=True) for _ in range(64)]
            told = await asyncio.gather(*tails, return_exceptions=True)
            refused = {e.code for e in told if isinstance(e, RpcError)}
            self.assertEqual(refused, {"LIMIT_REACHED"})
            provoked.add(("log.tail", "LIMIT_REACHED"))
            await provoke("ADDRESS_DENIED", "session.reconfigure", subscriptionIdentifier=CAMERA,
                          rtspUrl="rtsp://169.254.169.254/")
            await client.call("session.reconfigure", subscriptionIdentifier=CAMERA,
                              credentials={"username": "operator", "password": "wrong"})
            await client.until_state(CAMERA, "AUTH_FAILED")
            await provoke("AUTH_FAILED", "session.restart", subscriptionIdentifier=CAMERA)
        listed = {(name, error["data"]["code"]) for name in METHODS for error in errors_of(name)}
        self.assertEqual(listed - provoked, NOT_PROVOKED.keys())


if __name__ == "__main__":
    unittest.main()
