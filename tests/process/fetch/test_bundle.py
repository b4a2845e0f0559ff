"""bulkhead-model-fetch with bundles: good ones, and each way in which one may be hostile."""

import io
import json
import os
import pathlib
import stat
import struct
import sys
import tempfile
import unittest
import zipfile

from fetcher import code_of, run

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "support"))
from model_server import onnx_outside, sha256  # noqa: E402

INVALID_PARAMS, LIMIT_REACHED, MODEL_INVALID = 1, 3, 40
MODEL = onnx_outside(padding=1000)


def pipeline(**stage):
    return json.dumps({"name": "yard", "stages": [
        {"type": "detect", "model": "models/a.onnx", **stage}]})


def entry(name, mode=stat.S_IFREG | 0o644):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def packed(*more, **replaced):
    """A good bundle with `more` entries (ZipInfo or name, content), and some replaced or left out."""
    files = {"pipeline.json": pipeline(), "models/a.onnx": MODEL,
             **{key.replace("__", "."): value for key, value in replaced.items()}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*files.items(), *more]:
            if content is not None:
                archive.writestr(name, content)
    return out.getvalue()


class Bundle(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder = self.work / "inside"

    def unpack(self, content, **job):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        path = self.work / "bundle.zip"
        path.write_bytes(content)
        file = os.open(path, os.O_RDONLY)
        try:
            return run(file, kind="unpack", folder=str(self.folder), **job)
        finally:
            os.close(file)

    def unpacked(self):
        return {str(f.relative_to(self.folder)) for f in self.folder.rglob("*") if f.is_file()}

    def assert_refused(self, content, code, *words, **job):
        answer = self.unpack(content, **job)
        self.assertEqual(code_of(answer), code, answer)
        for word in words:
            self.assertIn(word, answer["error"]["message"])

    def test_a_good_bundle_is_unpacked_with_what_its_pipeline_names_and_no_more(self):
        content = packed(("README.md", "unread"), ("models/", ""), ("models/other.onnx", b"?"))
        answer = self.unpack(content)
        self.assertEqual(code_of(answer), 0, answer)
        self.assertEqual(answer["sha256"], sha256(content))
        self.assertEqual(self.unpacked(), {"pipeline.json", "models/a.onnx"})
        self.assertEqual((self.folder / "models/a.onnx").read_bytes(), MODEL)

    def test_files_of_labels_are_put_where_the_stages_name_them(self):
        below = [{"type": "classify", "attribute": "kind", "model": "models/a.onnx",
                  "labels": "labels/kinds.txt"}]
        answer = self.unpack(packed(
            ("labels/things.txt", "cat\r\ndog\n\n"), ("labels/kinds.txt", "small\nlarge"),
            pipeline__json=pipeline(labels="labels/things.txt", stages=below)))
        self.assertEqual(code_of(answer), 0, answer)
        root = json.loads((self.folder / "pipeline.json").read_text())["stages"][0]
        self.assertEqual(root["labels"], ["cat", "dog"])
        self.assertEqual(root["stages"][0]["labels"], ["small", "large"])
        self.assert_refused(packed(pipeline__json=pipeline(labels="labels/none.txt")),
                            INVALID_PARAMS, "stages[0].labels", "none.txt")

    def test_an_entry_that_leads_out_is_refused_and_nothing_is_written(self):
        for name in ("/etc/passwd", "../out", "models/../../out", "a//b", "./a", "a/.", "c:x",
                     "a\\..\\b", "x" * 129, "ä", "a\x07b"):
            with self.subTest(name):
                self.assert_refused(packed((entry(name), b"out")), MODEL_INVALID, "stay")
                self.assertEqual(self.unpacked(), set())
        self.assertEqual(code_of(self.unpack(packed((entry("x" * 128), b"in")))), 0)

    def test_a_link_or_a_device_is_refused(self):
        for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR):
            link = entry("models/link.onnx", kind | 0o777)
            self.assert_refused(packed((link, "/etc/passwd")), MODEL_INVALID, "neither")

    def test_a_name_that_comes_twice_is_refused(self):
        with self.assertWarns(UserWarning):
            content = packed(("models/a.onnx", b"another"))
        self.assert_refused(content, MODEL_INVALID)
        self.assert_refused(packed(("models/a.onnx/", b"")), MODEL_INVALID, "twice")

    def test_a_bomb_is_refused_before_it_is_unpacked(self):
        bomb = b"\0" * (2 << 20)
        self.assert_refused(packed(("bomb", bomb)), LIMIT_REACHED, "grow")
        self.assertEqual(self.unpacked(), set())
        self.assertEqual(code_of(self.unpack(packed(("small", b"\0" * (1 << 20))))), 0)

    def test_an_entry_that_is_more_than_it_says_is_refused(self):
        more = io.BytesIO()
        with zipfile.ZipFile(more, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("models/a.onnx", MODEL)
            archive.writestr("pipeline.json", pipeline())
        content = more.getvalue()
        size = struct.pack("<I", len(MODEL))
        self.assertEqual(content.count(size), 2)
        for wrong in (len(MODEL) - 1, len(MODEL) + 1):
            self.assert_refused(content.replace(size, struct.pack("<I", wrong)), MODEL_INVALID)

    def test_as_many_entries_as_allowed_are_taken_and_one_more_is_not(self):
        extra = [(f"extra{i}", b"") for i in range(62)]
        self.assertEqual(code_of(self.unpack(packed(*extra))), 0)
        self.assert_refused(packed(*extra, ("one more", b"")), LIMIT_REACHED, "64")

    def test_an_encrypted_or_unusually_packed_entry_is_refused(self):
        content = bytearray(packed())
        content[content.index(b"PK\x01\x02") + 8] |= 1
        content[content.index(b"PK\x03\x04") + 6] |= 1
        self.assert_refused(bytes(content), MODEL_INVALID, "encrypted")
        info = entry("odd")
        info.compress_type = zipfile.ZIP_LZMA
        self.assert_refused(packed((info, b"odd")), MODEL_INVALID, "unusual")

    def test_a_damaged_file_is_refused(self):
        content = packed()
        self.assert_refused(b"", MODEL_INVALID)
        self.assert_refused(b"no zip", MODEL_INVALID, "zip")
        self.assert_refused(content[:len(content) // 2], MODEL_INVALID)
        self.assert_refused(content[:-1], MODEL_INVALID)
        at = content.index(b"models/a.onnx") + 40
        self.assert_refused(content[:at] + b"\xff\xff\xff" + content[at + 3:], MODEL_INVALID)

    def test_a_file_past_the_limit_is_refused(self):
        content = packed()
        self.assertEqual(code_of(self.unpack(content, maxBytes=len(content))), 0)
        self.assert_refused(content, LIMIT_REACHED, maxBytes=len(content) - 1)

    def test_a_pipeline_that_is_missing_or_wrong_is_named_by_its_field(self):
        self.assert_refused(packed(pipeline__json=None), MODEL_INVALID, "pipeline.json")
        self.assert_refused(packed(pipeline__json="{"), INVALID_PARAMS, "pipeline.json")
        self.assert_refused(packed(pipeline__json="[]"), INVALID_PARAMS)
        self.assert_refused(packed(pipeline__json=pipeline(threads=0)), INVALID_PARAMS,
                            "stages[0].threads")
        self.assert_refused(packed(pipeline__json=" " * (256 << 10) + pipeline()), LIMIT_REACHED)

    def test_a_model_from_elsewhere_than_the_bundle_is_refused(self):
        for model in ("models/none.onnx", "yolo11n", "/etc/passwd", "pipeline.json",
                      "https://a.example/m.onnx#sha256=" + "0" * 64):
            with self.subTest(model):
                self.assert_refused(packed(pipeline__json=pipeline(model=model)), INVALID_PARAMS,
                                    model, "bundle")

    def test_a_model_that_is_none_is_refused(self):
        self.assert_refused(packed(**{"models/a__onnx": b"<html>"}), MODEL_INVALID, "models/a.onnx")


if __name__ == "__main__":
    unittest.main()
