"""bulkhead-model-fetch against a real web server over TLS that misbehaves in one way at a time."""

import os
import pathlib
import sys
import tempfile
import unittest

from fetcher import code_of, run

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "support"))
import certificates  # noqa: E402
from model_server import ModelServer, onnx_outside, sha256  # noqa: E402

INVALID_PARAMS, NOT_FOUND, LIMIT_REACHED, TIMEOUT, PERMISSION_DENIED = 1, 2, 3, 5, 7
CONNECT_FAILED, ADDRESS_DENIED, MODEL_INVALID = 20, 28, 40
MODEL = onnx_outside(padding=100_000)


class Download(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.authority = certificates.Authority(cls.folder)

    def setUp(self):
        self.server = ModelServer(self.folder, self.authority)
        self.addCleanup(self.server.close)
        self.server.files["/m.onnx"] = MODEL
        self.path = self.folder / "fetched.part"
        self.path.unlink(missing_ok=True)

    def fetch(self, url=None, kind="model", **job):
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            return run(file, kind=kind, url=url or self.server.pinned("/m.onnx"),
                       **{"caFile": str(self.authority.file), **job})
        finally:
            os.close(file)

    def assert_refused(self, answer, code, *words):
        self.assertEqual(code_of(answer), code, answer)
        for word in words:
            self.assertIn(word, answer["error"]["message"])

    def test_a_model_is_fetched_whole(self):
        answer = self.fetch()
        self.assertEqual(code_of(answer), 0, answer)
        self.assertEqual((answer["bytes"], answer["sha256"]), (len(MODEL), sha256(MODEL)))
        self.assertEqual(self.path.read_bytes(), MODEL)

    def test_what_was_cut_off_goes_on_where_it_ended(self):
        self.server.cut_after("/m.onnx", 60_000)
        self.assert_refused(self.fetch(), CONNECT_FAILED)
        self.assertEqual(self.path.stat().st_size, 60_000)
        self.assertEqual(code_of(self.fetch()), 0)
        self.assertEqual(self.server.asked[1], ("/m.onnx", "bytes=60000-"))
        self.assertEqual(self.path.read_bytes(), MODEL)

    def test_a_server_that_gives_no_parts_is_asked_for_the_whole(self):
        self.path.write_bytes(MODEL[:1000])

        def whole(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(MODEL)))
            handler.end_headers()
            handler.wfile.write(MODEL)
        self.server.behave["/m.onnx"] = whole
        self.assertEqual(code_of(self.fetch()), 0)
        self.assertEqual(self.path.read_bytes(), MODEL)

    def test_a_beginning_that_was_another_files_is_not_resumed_twice(self):
        self.path.write_bytes(b"another file's beginning")
        self.assert_refused(self.fetch(), MODEL_INVALID, "sha256")
        self.assertEqual(self.path.stat().st_size, 0)
        self.assertEqual(code_of(self.fetch()), 0)

    def test_another_content_than_the_pinned_is_refused_and_emptied(self):
        answer = self.fetch(self.server.pinned("/m.onnx", of="0" * 64))
        self.assert_refused(answer, MODEL_INVALID, sha256(MODEL), "0" * 64)
        self.assertEqual(self.path.stat().st_size, 0)

    def test_a_file_that_is_no_model_is_refused_as_such_but_not_as_an_archive(self):
        self.server.files["/m.onnx"] = b"<html>login</html>"
        self.assert_refused(self.fetch(), MODEL_INVALID, "ONNX")
        self.assertEqual(code_of(self.fetch(kind="archive")), 0)

    def test_a_file_at_the_limit_is_taken_and_one_past_it_is_not(self):
        self.assertEqual(code_of(self.fetch(maxBytes=len(MODEL))), 0)
        self.path.unlink()
        self.assert_refused(self.fetch(maxBytes=len(MODEL) - 1), LIMIT_REACHED,
                            str(len(MODEL) - 1))

    def test_a_file_that_does_not_say_its_length_is_cut_off_at_the_limit(self):
        def endless(handler):
            handler.send_response(200)
            handler.send_header("Connection", "close")
            handler.end_headers()
            while not self.server.released.is_set():
                handler.wfile.write(b"x" * 65536)
        self.server.behave["/m.onnx"] = endless
        self.assert_refused(self.fetch(maxBytes=200_000), LIMIT_REACHED)
        self.assertLessEqual(self.path.stat().st_size, 200_000)

    def test_a_server_that_falls_silent_is_given_up(self):
        def stall(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(MODEL)))
            handler.end_headers()
            handler.wfile.write(MODEL[:1000])
            self.server.released.wait()
        self.server.behave["/m.onnx"] = stall
        self.assert_refused(self.fetch(silenceS=1), TIMEOUT, "slow")
        self.assertEqual(self.path.stat().st_size, 1000)
        self.assert_refused(self.fetch(timeS=1), TIMEOUT)

    def test_a_redirect_within_https_is_followed_and_one_out_of_it_is_not(self):
        self.server.redirect("/moved", f"{self.server.url}/m.onnx")
        moved = f"{self.server.url}/moved#sha256={sha256(MODEL)}"
        self.assertEqual(code_of(self.fetch(moved)), 0)
        plain = ModelServer(self.folder, is_tls=False)
        self.addCleanup(plain.close)
        plain.files["/m.onnx"] = MODEL
        self.server.redirect("/moved", f"{plain.url}/m.onnx")
        self.path.unlink()
        self.assert_refused(self.fetch(moved), ADDRESS_DENIED, "not https")
        self.assertEqual(plain.asked, [])

    def test_redirects_end(self):
        self.server.redirect("/moved", f"{self.server.url}/moved")
        self.assert_refused(self.fetch(f"{self.server.url}/moved#sha256={'0' * 64}"), NOT_FOUND,
                            "redirect")
        self.assertEqual(len(self.server.asked), 6)

    def test_a_denied_address_is_connected_to_neither_at_once_nor_by_redirect_nor_by_name(self):
        pin = f"#sha256={'0' * 64}"
        self.assert_refused(self.fetch(f"https://169.254.169.254/m{pin}"), ADDRESS_DENIED,
                            "169.254.169.254")
        self.server.redirect("/moved", "https://192.0.2.1/m.onnx")
        self.assert_refused(self.fetch(f"{self.server.url}/moved{pin}"), ADDRESS_DENIED,
                            "192.0.2.1")
        rules = {"deny": ["127.0.0.0/8", "::1"], "allow": [], "controlPort": 0}
        named = f"https://localhost:{self.server.port}/m.onnx{pin}"
        before = len(self.server.asked)
        self.assert_refused(self.fetch(named, addresses=rules), ADDRESS_DENIED)
        self.assertEqual(len(self.server.asked), before)

    def test_a_certificate_that_nobody_trusted_vouches_for_is_refused(self):
        self.assert_refused(self.fetch(caFile=""), CONNECT_FAILED, "models.ca_file")
        other = ModelServer(self.folder, self.authority, names="DNS:elsewhere.example")
        self.addCleanup(other.close)
        other.files["/m.onnx"] = MODEL
        self.assert_refused(self.fetch(other.pinned("/m.onnx")), CONNECT_FAILED, "not trusted")
        self.assertEqual(other.asked, [])

    def test_a_refusal_of_the_server_is_told(self):
        self.server.behave["/m.onnx"] = lambda handler: handler.send_error(403)
        self.assert_refused(self.fetch(), PERMISSION_DENIED, "403")
        self.assert_refused(self.fetch(f"{self.server.url}/none#sha256={'0' * 64}"), NOT_FOUND,
                            "404")

    def test_a_job_that_is_not_by_the_contract_is_not_begun(self):
        for job in ({"url": "http://127.0.0.1/m.onnx#sha256=" + "0" * 64}, {"timeS": 0},
                    {"kind": "unpack"}, {"noSuchMember": 1}):
            with self.subTest(job):
                self.assertEqual(self.fetch(**job), {"exit": 64})
        self.assertEqual(self.server.asked, [])


if __name__ == "__main__":
    unittest.main()
