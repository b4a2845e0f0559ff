"""bulkhead-model-fetch as the supervisor starts it."""

import json
import os
import pathlib
import socket

PROGRAM = pathlib.Path(os.environ["BULKHEAD_BIN"]) / "bulkhead-model-fetch"
HANG_LIMIT_S = 60.0
DENIED = ["169.254.0.0/16", "192.0.2.0/24"]


def run(file, **job):
    """The answer to one job, or None where there is none."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        job = {"addresses": {"deny": DENIED, "allow": [], "controlPort": 0},
               "maxBytes": 1 << 20, "timeS": 30, "silenceS": 10, **job}
        ours.send(json.dumps(job).encode())
        # Out of the way of the numbers that they become.
        high = [os.dup2(theirs.fileno(), 60), os.dup2(file, 61)]
        actions = [(os.POSIX_SPAWN_DUP2, high[0], 3), (os.POSIX_SPAWN_DUP2, high[1], 4)]
        pid = os.posix_spawn(PROGRAM, [str(PROGRAM)], {}, file_actions=actions)
        for number in high:
            os.close(number)
        theirs.close()
        ours.settimeout(HANG_LIMIT_S)
        try:
            answer = ours.recv(1 << 16)
        finally:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return json.loads(answer) if answer else {"exit": status}


def code_of(answer):
    """The number of common/error.hpp; 0: it worked."""
    return answer.get("error", {}).get("code", 0)
