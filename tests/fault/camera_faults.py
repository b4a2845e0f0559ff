"""Faults of a camera: each is injected in the proxy before it, or into the camera itself.

Each waits until every session of the camera says what is the case, heals, waits until they detect
again, and returns them. The camera's trouble is never a reason to end a worker.
"""

import asyncio
import contextlib
import os
import signal

import mischief
from harness import SESSIONS, Violation, stack
from mischief import Honest
from rtsp_proxy import RtspProxy, header, read_item

# The camera's longest back-off, 30 s, beside an attempt that began before it was healed, 10 s.
RECOVERY_S = 50.0
AGAIN_RESULTS = 10

# What a session may say of a camera that is not reached; of a stream that ends; that is no use.
CONNECT_FAILED = {("OFFLINE", "CONNECT_FAILED")}
ENDED = {("OFFLINE", "CONNECT_FAILED"), ("OFFLINE", "EOS")}
STALLED = {("OFFLINE", "STALLED")}
USELESS = {("OFFLINE", "STALLED"), ("OFFLINE", "DECODE_ERROR")}


@contextlib.asynccontextmanager
async def trouble(rig, draw, letter, worker_stays=True):
    """Around what is done to a camera: yields its proxy and its sessions; at the end it has healed."""
    proxy = rig.proxies[letter]
    victims = {name for name, of in SESSIONS.items() if of == letter}
    before = {name: await rig.pid(name) for name in victims}
    proxy.requests.clear()
    try:
        yield proxy, victims
        await asyncio.sleep(draw.uniform(0, 3))
    finally:
        proxy.mischief = Honest()
        proxy.flow.set()
    if not worker_stays:  # what is tried again rarely waits for an operator who has mended it
        for name in sorted(victims):
            await rig.client.call("session.restart", subscriptionIdentifier=name, mode="replace")
    await rig.observer.until("its sessions are live again",
                             lambda: rig.observer.detects(victims), RECOVERY_S)
    await rig.observer.more_results(victims, AGAIN_RESULTS)
    if not worker_stays:
        return
    for name in victims:
        if await rig.pid(name) != before[name]:
            ends = (await rig.view(name))["lastExits"][:1]
            raise Violation(f"{name} got another worker because its camera was in trouble: {ends}")


async def is_said(rig, victims, wanted):
    """Each session comes to say one of `wanted`, which are states with a reason."""
    await rig.observer.until(f"its sessions say one of {sorted(wanted)}", lambda: all(
        rig.observer.said(v) & wanted for v in victims))


async def spoil(rig, draw, made, wanted=None, begins_anew=True, worker_stays=True):
    """One kind of mischief; `begins_anew` ends the connections there are, so that they meet it.

    They end in order, which a session calls EOS: what it says next is of the mischief.
    """
    letter = draw.choice(["a", "b"])
    async with trouble(rig, draw, letter, worker_stays) as (proxy, victims):
        proxy.mischief = made
        if begins_anew:
            proxy.end_links()
        if wanted:
            await is_said(rig, victims, wanted)
        else:
            await asyncio.sleep(draw.uniform(2, 5))
    return victims


async def camera_dies(rig, draw):
    letter = draw.choice(["a", "b"])
    async with trouble(rig, draw, letter) as (_, victims):
        camera = rig.cameras[letter]
        camera.stop(signal.SIGKILL)
        await is_said(rig, victims, ENDED)
        rig.cameras[letter] = rig.new_camera(letter, camera.port)
    return victims


async def camera_hangs(rig, draw):
    letter = draw.choice(["a", "b"])
    async with trouble(rig, draw, letter) as (_, victims):
        camera = rig.cameras[letter]
        os.kill(camera.pid, signal.SIGSTOP)
        try:
            await rig.observer.until("its sessions notice", lambda: not any(
                rig.observer.detects([v]) for v in victims))
            await asyncio.sleep(draw.uniform(0, 4))
        finally:
            os.kill(camera.pid, signal.SIGCONT)
    return victims


async def is_away(rig, draw, leave):
    letter = draw.choice(["a", "b"])
    async with trouble(rig, draw, letter) as (proxy, victims):
        leave(proxy)
        try:
            await is_said(rig, victims, CONNECT_FAILED)
        finally:
            await proxy.listen()
    return victims


async def camera_refuses_connections(rig, draw):
    return await is_away(rig, draw, RtspProxy.refuse)


async def camera_is_unreachable(rig, draw):
    return await is_away(rig, draw, RtspProxy.vanish)


async def handshake_stalls(rig, draw):
    made = mischief.Stall(draw.choice(["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]))
    return await spoil(rig, draw, made, CONNECT_FAILED)


async def stream_stalls(rig, draw):
    return await spoil(rig, draw, mischief.Silence(), STALLED, begins_anew=draw.random() < 0.3)


async def half_open_connection(rig, draw):
    letter = draw.choice(["a", "b"])
    async with trouble(rig, draw, letter) as (proxy, victims):
        proxy.flow.clear()
        await is_said(rig, victims, STALLED)
    return victims


async def resets_every_2_s(rig, draw):
    letter = draw.choice(["a", "b"])
    async with trouble(rig, draw, letter) as (proxy, victims):
        proxy.mischief = mischief.ResetEvery(2.0)
        proxy.end_links()
        await is_said(rig, victims, CONNECT_FAILED)
        await asyncio.sleep(draw.uniform(4, 8))
    return victims


async def wrong_password(rig, draw):
    """Held for some seconds: no session tries its password a second time."""
    letter = draw.choice(["a", "b"])
    async with trouble(rig, draw, letter, worker_stays=False) as (proxy, victims):
        challenge = 'WWW-Authenticate: Digest realm="camera", nonce="%x"\r\n'
        proxy.mischief = mischief.Refuse("401 Unauthorized", challenge % draw.getrandbits(64))
        proxy.requests.clear()
        proxy.end_links()
        await is_said(rig, victims, {("AUTH_FAILED", "AUTH_FAILED")})
        await asyncio.sleep(draw.uniform(3, 6))
        tried = sum(has_password for _, has_password in proxy.requests)
        if tried > len(victims):
            raise Violation(f"{len(victims)} sessions tried a wrong password {tried} times")
    return victims


async def no_such_stream(rig, draw):
    return await spoil(rig, draw, mischief.Refuse("404 Not Found"), {("OFFLINE", "NOT_FOUND")},
                       worker_stays=False)


async def no_further_viewer(rig, draw):
    made = mischief.Refuse(draw.choice(["453 Not Enough Bandwidth", "503 Service Unavailable"]))
    return await spoil(rig, draw, made, {("OFFLINE", "LIMIT_REACHED")})


async def redirection(rig, draw):
    """To a place that must hear nothing of us: it would be handed the password."""
    heard = bytearray()

    async def listen(reader, writer):
        heard.extend(await reader.read(4096))
        writer.close()
    elsewhere = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with elsewhere:
        scheme = draw.choice(["rtsp", "rtspt", "rtsps", "http"])
        made = mischief.Refuse(
            draw.choice(["301 Moved Permanently", "302 Moved Temporarily"]),
            f"Location: {scheme}://127.0.0.1:{elsewhere.sockets[0].getsockname()[1]}/other\r\n")
        victims = await spoil(rig, draw, made, CONNECT_FAILED)
    # A greeting of TLS is all that the library may have said before it asked us.
    if heard and (scheme != "rtsps" or b"RTSP" in heard or b"Secret" in heard):
        raise Violation(f"a redirection to {scheme} was followed: {bytes(heard)!r}")
    return victims


async def endless_description(rig, draw):
    return await spoil(rig, draw, mischief.EndlessDescription(), CONNECT_FAILED)


async def rubbish_description(rig, draw):
    wanted = CONNECT_FAILED | USELESS | {("OFFLINE", "NO_VIDEO"), ("OFFLINE", "UNSUPPORTED_CODEC")}
    return await spoil(rig, draw, mischief.RubbishDescription(draw), wanted, worker_stays=False)


async def garbage_rtp(rig, draw):
    return await spoil(rig, draw, mischief.GarbageRtp(draw), USELESS, begins_anew=draw.random() < 0.5)


async def truncated_nal(rig, draw):
    made = mischief.TruncatedNal(draw, draw.choice([0.02, 0.2]))
    return await spoil(rig, draw, made, begins_anew=draw.random() < 0.3)


async def loss_and_reordering(rig, draw):
    made = mischief.LossAndReordering(draw, draw.choice([0.01, 0.05]), 0.05)
    return await spoil(rig, draw, made, begins_anew=draw.random() < 0.3)


async def timestamps_jump(rig, draw):
    made = mischief.ShiftedTimestamps(draw.choice([-3600, -10, -1, 10, 3600]))
    return await spoil(rig, draw, made, begins_anew=False)


async def timestamps_wrap(rig, draw):
    return await spoil(rig, draw, mischief.WrappingTimestamps(3.0))


async def slots_outlive_workers(rig, draw):
    """A worker is killed, and the camera gives its slot to nobody before a TEARDOWN of its session.

    This one costs a worker; its successor connects at once, and not when the camera has forgotten.
    """
    name = rig.mortal(draw)
    proxy = rig.proxies[SESSIONS[name]]
    victims = {other for other, of in SESSIONS.items() if of == SESSIONS[name]}
    proxy.mischief = made = mischief.SlotsOutliveConnections(len(victims))
    try:
        proxy.end_links()  # so that their slots are counted
        await rig.observer.until("each session has its slot again",
                                 lambda: len(made.held) == len(victims), RECOVERY_S)
        await rig.observer.more_results(victims, AGAIN_RESULTS)
        before = (await rig.view(name))["generation"]
        os.kill(await rig.pid(name), signal.SIGKILL)
        await rig.next_generation_live(name, before)
        if ("OFFLINE", "LIMIT_REACHED") in rig.observer.said(name):
            raise Violation(f"{name} did not get back the slot of its killed worker")
    finally:
        proxy.mischief = Honest()
        made.free_all()
    return victims


def another_camera(rig, what):
    """A camera of another size, frame rate or codec than those of the sessions."""
    side, fps, encoder = {"size": ((320, 240), 10, stack.X264), "rate": ((768, 576), 25, stack.X264),
                          "codec": ((768, 576), 10, stack.X265)}[what]
    clip = rig.folder / f"{what}.mp4"
    if not clip.exists():
        stack.make_clip(clip, side=side, fps=fps, encoder=encoder)
    return stack.Camera(rig.folder, "--mount", f"/other={clip}")


async def packets_of(port):
    """The RTP packets of /other of a camera, taken as a plain RTSP client."""

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    url = f"rtsp://127.0.0.1:{port}/other"
    session = b""
    try:
        for number, (method, place, more) in enumerate((
                ("DESCRIBE", url, "Accept: application/sdp\r\n"),
                ("SETUP", url + "/stream=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"),
                ("PLAY", url, ""))):
            writer.write(f"{method} {place} RTSP/1.0\r\nCSeq: {number}\r\n{more}".encode()
                         + (b"Session: " + session + b"\r\n" if session else b"") + b"\r\n")
            channel = 0
            while channel is not None:
                channel, item = await read_item(reader)
            session = (header(item, b"Session") or b"").split(b";")[0]
        while True:
            channel, item = await read_item(reader)
            if channel == 0:
                yield item
    finally:
        writer.transport.abort()


async def stream_changes(rig, draw, what, keeps_source):
    """Pictures of another camera in the midst of this one's, and this one's again."""
    letter = draw.choice(["a", "b"])
    other = await asyncio.to_thread(another_camera, rig, what)
    made = mischief.AnotherStream(keeps_source)

    async def insert(proxy):
        async with contextlib.aclosing(packets_of(other.port)) as packets:
            async for packet in packets:
                made.insert(proxy.links, packet)
    with stack.running(other):
        async with trouble(rig, draw, letter) as (proxy, victims):
            proxy.mischief = made
            inserting = asyncio.create_task(insert(proxy))
            try:
                if what == "size" and keeps_source:
                    await rig.observer.until("its sessions show pictures of another size", lambda: all(
                        rig.observer.widths[v] == 320 for v in victims))
                await asyncio.sleep(draw.uniform(2, 5))
            finally:
                inserting.cancel()
                await asyncio.gather(inserting, return_exceptions=True)
    return victims


async def size_changes(rig, draw):
    return await stream_changes(rig, draw, "size", keeps_source=draw.random() < 0.7)


async def frame_rate_changes(rig, draw):
    return await stream_changes(rig, draw, "rate", keeps_source=draw.random() < 0.7)


async def codec_changes(rig, draw):
    return await stream_changes(rig, draw, "codec", keeps_source=draw.random() < 0.5)


FAULTS = {camera_dies: 2, camera_hangs: 1, camera_refuses_connections: 1, camera_is_unreachable: 1,
          handshake_stalls: 3, stream_stalls: 1, half_open_connection: 1, resets_every_2_s: 1,
          wrong_password: 1, no_such_stream: 1, no_further_viewer: 1, slots_outlive_workers: 2, redirection: 1,
          endless_description: 1, rubbish_description: 1, garbage_rtp: 1, truncated_nal: 2,
          loss_and_reordering: 2, timestamps_jump: 1, timestamps_wrap: 1, size_changes: 1,
          frame_rate_changes: 1, codec_changes: 1}
