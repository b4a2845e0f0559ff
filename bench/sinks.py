#!/usr/bin/env python3
"""What does a sink make of a batch of 32 records, beside writing them one by one?

    bench/sinks.py [--rounds N] [--records N]    starts Redis and PostgreSQL on loopback and runs bench_sinks
    bench/sinks.py --smoke                       few records, for ctest

Both servers write to the disk as they do by default: Redis appends once a second, PostgreSQL at each commit.
"""
import argparse
import glob
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(command, ready):
    """A server that has said it is ready, and that ends with this program."""
    server = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in server.stdout:
        if ready in line:
            return server
    sys.exit(f"{command[-1]} did not start")


def redis(folder, port):
    program = folder / "redis-server"  # its name says which of its programs it shall be
    program.symlink_to(shutil.which("redis-check-rdb"))
    return started([str(program), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
                    "--save", "", "--appendonly", "yes"], "Ready to accept connections")


def postgres(folder, port):
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    user = []
    if os.geteuid() == 0:  # it does not run as root
        user = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    files = str(folder / "files")
    subprocess.run(["setpriv", "--pdeathsig", "KILL", *user, f"{programs}/initdb", "--auth=trust",
                    "--username=bulkhead", "--encoding=UTF8", "--no-locale", "-D", files],
                   check=True, stdout=subprocess.DEVNULL)
    return started([*user, f"{programs}/postgres", "-D", files, "-p", str(port), "-h", "127.0.0.1",
                    "-k", ""], "ready to accept connections")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=ROOT / "build/release", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--records", type=int, default=3200)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.records = 1, 64
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        ports = free_port(), free_port()
        servers = [redis(pathlib.Path(first), ports[0]), postgres(pathlib.Path(second), ports[1])]
        try:
            return subprocess.run([options.build / "bench/bench_sinks", "--redis", str(ports[0]),
                                   "--postgres", str(ports[1]), "--rounds", str(options.rounds),
                                   "--records", str(options.records)], check=False).returncode
        finally:
            for server in servers:
                server.terminate()
            for server in servers:
                server.wait()


if __name__ == "__main__":
    sys.exit(main())
