"""Faults of a worker, and what an operator may ask for at any time.

Each injects, waits until its victims detect again, and returns them.
"""

import asyncio
import contextlib
import os
import pathlib
import signal

from harness import PIPELINE, SESSIONS, Violation, stack

RESTART_S = 90.0  # a busy machine is answered after the supervisor's own limit of 60 s


async def signal_worker(rig, draw, number):
    name = rig.mortal(draw)
    before = (await rig.view(name))["generation"]
    os.kill(await rig.pid(name), number)
    await rig.next_generation_live(name, before)
    return {name}


async def kill(rig, draw):
    return await signal_worker(rig, draw, signal.SIGKILL)


async def crash(rig, draw):
    number = draw.choice([signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL])
    return await signal_worker(rig, draw, number)


async def stop(rig, draw):
    return await signal_worker(rig, draw, signal.SIGSTOP)


async def terminate(rig, draw):
    return await signal_worker(rig, draw, signal.SIGTERM)


async def restart(rig, draw):
    name = draw.choice(list(SESSIONS))
    before = (await rig.view(name))["generation"]
    mode = draw.choice(["overlap", "replace", "auto"])
    await rig.client.call("session.restart", subscriptionIdentifier=name, mode=mode,
                          limit_s=RESTART_S)
    await rig.next_generation_live(name, before)
    return {name}


async def kill_during_restart(rig, draw):
    name = rig.mortal(draw)
    view = await rig.view(name)
    reply = asyncio.ensure_future(rig.client.call(
        "session.restart", subscriptionIdentifier=name, mode="auto"))
    await asyncio.sleep(draw.uniform(0, 1.0))
    successor = (await rig.view(name))["successor"]
    victim = view["worker"]["pid"]
    if successor and draw.random() < 0.5:
        victim = successor["pid"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    with contextlib.suppress(stack.RpcError):  # the successor may have been the one
        await reply
    await rig.observer.until(f"{name} is live", lambda: rig.observer.detects([name]))
    await rig.observer.more_results([name], 5)
    return {name}


async def reconfigure(rig, draw):
    """Half of the time what its worker can be told, else another pipeline."""
    name = draw.choice(list(SESSIONS))
    before = await rig.view(name)
    if draw.random() < 0.5:
        reply = await rig.client.call(
            "session.reconfigure", subscriptionIdentifier=name, maxFps=draw.randint(5, 9))
        await rig.observer.more_results([name], 5)
        if reply["how"] != "hot" or await rig.pid(name) != before["worker"]["pid"]:
            raise Violation(f"{name} got another worker for another rate: {reply}")
        return {name}
    side = draw.choice([128, 160, 192])
    stage = {**PIPELINE["stages"][0], "input": {"width": side, "height": side}}
    reply = await rig.subscribe(name, stages=[stage])
    if reply.get("how") == "overlap":
        await rig.next_generation_live(name, before["generation"])
    return {name}


async def resubscribe(rig, draw):
    name = draw.choice(list(SESSIONS))
    await rig.client.call("session.unsubscribe", subscriptionIdentifier=name)
    await rig.observer.until(f"{name} is gone", lambda: rig.observer.states.get(name) == "STOPPED")
    rig.observer.sequences.clear()
    await rig.subscribe(name)
    await rig.next_generation_live(name, 0)
    return {name}


async def log_vanishes(rig, draw):
    name = draw.choice(list(SESSIONS))
    pathlib.Path((await rig.view(name))["logFile"]).unlink(missing_ok=True)
    return set()


FAULTS = {kill: 5, crash: 4, stop: 3, terminate: 2, restart: 4, kill_during_restart: 3,
          reconfigure: 2, resubscribe: 2, log_vanishes: 1}
DEADLY = {kill, crash, stop, terminate, kill_during_restart}
