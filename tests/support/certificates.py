"""Certificates of a test's own, made by OpenSSL in a moment (elliptic curves) and valid for a day.

`python3 certificates.py FOLDER` makes in FOLDER what one server and one client need.
"""

import pathlib
import subprocess
import sys


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Authority:
    """One that vouches for the others of its folder."""

    def __init__(self, folder, name="ca"):
        self._folder = pathlib.Path(folder)
        self._key = self._folder / f"{name}.key"
        self.file = self._folder / f"{name}.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-days", "1", "-subj", f"/CN={name}", "-keyout", self._key,
                 "-out", self.file)

    def vouch(self, name, names="DNS:localhost,IP:127.0.0.1", days=1):
        """(certificate, key) of a file name, for the given names of hosts."""
        request, key, certificate, extension = (
            self._folder / f"{name}{suffix}" for suffix in (".csr", ".key", ".pem", ".ext"))
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extension.write_text(f"subjectAltName={names}\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
                 "-CAcreateserial", "-days", days, "-extfile", extension, "-out", certificate)
        return certificate, key

    def rsa_key(self, name):
        """A key of another kind than those of `vouch`."""
        key = self._folder / f"{name}.key"
        _openssl("genrsa", "-out", key, 2048)
        return key


if __name__ == "__main__":
    authority = Authority(sys.argv[1])
    authority.vouch("server")
    authority.vouch("client")
