"""deploy/fetch_onnxruntime and deploy/fetch_model against a registry that delivers what it should
not. `npm` is a program of ours, first in PATH, so nothing leaves this machine."""

import hashlib
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tarfile
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]

# Stands for npm: puts what the test prepared into the working folder, and notes that it was asked.
NPM = """#!/bin/sh
echo "$@" >> "$FAKE_REGISTRY/asked"
cp "$FAKE_REGISTRY"/*.tgz . 2>/dev/null || exit 1
"""


class FetchTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-fetch-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.registry = self.folder / "registry"
        self.deps = self.folder / "deps"
        programs = self.folder / "bin"
        for folder in (self.registry, programs):
            folder.mkdir()
        npm = programs / "npm"
        npm.write_text(NPM)
        npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
        # A copy of the scripts, so that a test may write a catalogue of its own.
        self.repository = self.folder / "repository"
        shutil.copytree(REPOSITORY / "deploy", self.repository / "deploy")
        (self.repository / "config").mkdir()
        self.environment = dict(
            os.environ,
            PATH=f"{programs}:{os.environ['PATH']}",
            FAKE_REGISTRY=str(self.registry),
            BULKHEAD_DEPS_DIR=str(self.deps),
        )

    def run_script(self, *arguments):
        return subprocess.run(
            [str(self.repository / "deploy" / arguments[0]), *arguments[1:]],
            cwd="/", env=self.environment, timeout=60, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def deliver(self, package, files):
        with tarfile.open(self.registry / f"{package}.tgz", "w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))

    def times_asked(self):
        asked = self.registry / "asked"
        return len(asked.read_text().splitlines()) if asked.exists() else 0

    def rests(self):
        return [path.name for path in self.deps.rglob(".*")]


class FetchModelTest(FetchTest):
    CONTENT = b"a model"

    def setUp(self):
        super().setUp()
        model = {
            "name": "tiny", "file": "tiny.onnx", "licence": "AGPL-3.0", "notice": "Mind this.",
            "sha256": hashlib.sha256(self.CONTENT).hexdigest(),
            "source": {"package": "pack", "version": "1.0.0", "path": "package/tiny.onnx"},
        }
        own = {"name": "own", "file": "own.onnx", "sha256": "0", "licence": "MIT",
               "notice": "Export it yourself."}
        (self.repository / "config" / "models.json").write_text(
            json.dumps({"models": [model, own]}))
        self.model = self.deps / "models" / "tiny.onnx"

    def test_fetches_once_says_the_licence_and_is_content_afterwards(self):
        self.deliver("pack-1.0.0", {"package/tiny.onnx": self.CONTENT})
        first = self.run_script("fetch_model", "tiny")
        self.assertEqual(first.returncode, 0, first.stdout)
        self.assertIn("AGPL-3.0. Mind this.", first.stdout)
        self.assertEqual(self.model.read_bytes(), self.CONTENT)
        second = self.run_script("fetch_model", "tiny")
        self.assertEqual(second.returncode, 0, second.stdout)
        self.assertIn("AGPL-3.0", second.stdout)
        self.assertEqual(self.times_asked(), 1)
        self.assertEqual(self.rests(), [])

    def test_a_file_with_another_digest_is_not_installed(self):
        self.deliver("pack-1.0.0", {"package/tiny.onnx": b"another model"})
        result = self.run_script("fetch_model", "tiny")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("another sha256", result.stdout)
        self.assertFalse(self.model.exists())
        self.assertEqual(self.rests(), [])

    def test_a_damaged_file_is_replaced(self):
        self.deliver("pack-1.0.0", {"package/tiny.onnx": self.CONTENT})
        self.model.parent.mkdir(parents=True)
        self.model.write_bytes(b"rotten")
        self.assertEqual(self.run_script("fetch_model", "tiny").returncode, 0)
        self.assertEqual(self.model.read_bytes(), self.CONTENT)

    def test_a_registry_that_cannot_be_reached_is_said(self):
        result = self.run_script("fetch_model", "tiny")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is the registry reachable?", result.stdout)
        self.assertEqual(self.rests(), [])

    def test_a_model_to_bring_oneself_and_an_unknown_one_are_told_apart(self):
        own = self.run_script("fetch_model", "own")
        self.assertEqual(own.returncode, 1)
        self.assertIn("bring your own file. Export it yourself.", own.stdout)
        unknown = self.run_script("fetch_model", "huge")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("no model named 'huge'", unknown.stdout)
        self.assertEqual(self.times_asked(), 0)

    def test_without_a_name_it_lists_those_it_can_fetch(self):
        result = self.run_script("fetch_model")
        self.assertEqual(result.returncode, 1)
        self.assertIn("tiny", result.stdout)
        self.assertNotIn("own", result.stdout)


class FetchOnnxRuntimeTest(FetchTest):
    CPU = {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]

    def prepare(self, library=b"a library", header=b"a header"):
        """Delivers both packages, and a manifest for the right ones."""
        sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for content, name in [
            (b"a library", f"lib-{self.CPU}/libonnxruntime.so.1"), (b"a header", "include/api.h")])
        (self.repository / "deploy" / "onnxruntime.sha256").write_text(sums)
        self.deliver("onnxruntime-node-1.30.0", {
            f"package/bin/napi-v6/linux/{self.CPU}/libonnxruntime.so.1": library})
        self.deliver("siteed-sherpa-onnx.rn-1.3.1", {
            "package/prebuilt/include/onnxruntime/api.h": header,
            "package/prebuilt/include/onnxruntime/unlisted.h": b"not wanted"})

    def installed(self):
        root = self.deps / "onnxruntime"
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())

    def test_installs_what_is_listed_once(self):
        self.prepare()
        first = self.run_script("fetch_onnxruntime")
        self.assertEqual(first.returncode, 0, first.stdout)
        self.assertEqual(self.installed(), [
            "include/api.h", "lib/libonnxruntime.so", "lib/libonnxruntime.so.1"])
        asked = self.times_asked()
        self.assertEqual(self.run_script("fetch_onnxruntime").returncode, 0)
        self.assertEqual(self.times_asked(), asked)
        self.assertEqual(self.rests(), [])

    def test_nothing_is_installed_where_one_file_differs(self):
        for library, header in ((b"evil", b"a header"), (b"a library", b"evil")):
            self.prepare(library, header)
            result = self.run_script("fetch_onnxruntime")
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("nothing was installed", result.stdout)
            self.assertFalse((self.deps / "onnxruntime").exists())
            self.assertEqual(self.rests(), [])

    def test_a_damaged_installation_is_replaced_as_a_whole(self):
        self.prepare()
        self.run_script("fetch_onnxruntime")
        (self.deps / "onnxruntime" / "include" / "api.h").write_bytes(b"rotten")
        (self.deps / "onnxruntime" / "include" / "old.h").write_bytes(b"of another version")
        self.assertEqual(self.run_script("fetch_onnxruntime").returncode, 0)
        self.assertEqual(self.installed(), [
            "include/api.h", "lib/libonnxruntime.so", "lib/libonnxruntime.so.1"])


if __name__ == "__main__":
    unittest.main()
