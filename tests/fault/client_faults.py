"""Clients that misbehave: nobody is their victim."""

import asyncio
import contextlib

import websockets


async def client_that_never_reads(rig, draw):
    async with websockets.connect(rig.supervisor.ws_url, max_queue=1, read_limit=1024,
                                  close_timeout=1) as socket:
        for i in range(8):
            await socket.send('{"jsonrpc":"2.0","id":%d,"method":"stream.open"}' % i)
        await asyncio.sleep(draw.uniform(1, 4))
    return set()


async def client_that_talks_nonsense(rig, draw):
    for _ in range(20):
        with contextlib.suppress(websockets.exceptions.WebSocketException, OSError):
            async with websockets.connect(rig.supervisor.ws_url) as socket:
                for _ in range(20):
                    await socket.send(draw.choice([
                        "{", "[]", "null", '{"jsonrpc":"2.0","id":1,"method":"no"}', "[" * 5000,
                        '{"jsonrpc":"2.0","id":{},"method":"session.list"}', '"\\u0000"',
                        '{"jsonrpc":"2.0","id":1,"method":"session.subscribe","params":{}}',
                        "x" * 70_000]))
    return set()


FAULTS = {client_that_never_reads: 1, client_that_talks_nonsense: 1}
