"""A proxy in front of a real camera that misbehaves on command.

It understands RTSP just enough to know what passes: requests, replies, and the RTP and RTCP packets
between them (interleaved, or over UDP through ports of its own). What it makes of each is up to its
`mischief`, which may be changed at any moment; an Honest one passes everything on. All on loopback.
"""

import asyncio
import contextlib
import re
import socket
import struct

from mischief import Honest

HEAD_END = b"\r\n\r\n"
UDP_PORTS = 2  # RTP and RTCP
LINGER_0 = struct.pack("ii", 1, 0)


async def read_item(reader):
    """The next thing on an RTSP connection: (channel, packet), or (None, message)."""
    first = await reader.readexactly(1)
    if first == b"$":
        head = await reader.readexactly(3)
        return head[0], await reader.readexactly(int.from_bytes(head[1:], "big"))
    head = first + await reader.readuntil(HEAD_END)
    return None, head + await reader.readexactly(int(header(head, b"Content-Length") or 0))


def header(message, name):
    found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*?)\r$", message)
    return found[1] if found else None


def interleaved(channel, packet):
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


class UdpRelay(asyncio.DatagramProtocol):
    """One of the two ports that stand between the client's and the camera's, for both of them."""

    def __init__(self, link, channel):
        self.link = link
        self.channel = channel
        self.client_port = self.camera_port = None

    def connection_made(self, transport):
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, packet, source):
        if not self.link.proxy.flow.is_set():
            return
        if source[1] == self.client_port:
            if self.camera_port:
                self.transport.sendto(packet, ("127.0.0.1", self.camera_port))
        else:
            self.link.take(self.channel, packet)

    def send(self, packet):
        self.transport.sendto(packet, ("127.0.0.1", self.client_port))

    def error_received(self, _):
        pass  # nobody listens there any more


class Link:
    """One client's connection and the one to the camera behind it."""

    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client_reader, self.client_writer = client
        self.camera_writer = None
        self.relays = []  # of UDP, by channel
        self.methods = {}  # by CSeq
        self.plays = False

    async def run(self):
        tasks = []
        try:
            reader, self.camera_writer = await asyncio.open_connection(
                "127.0.0.1", self.proxy.camera_port)
            tasks = [asyncio.create_task(self._requests()), asyncio.create_task(self._replies(reader))]
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0] in ended:
                tasks.append(asyncio.create_task(self.proxy.mischief.vanished(self)))
                await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # the camera is away: so are we
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.close()

    def close(self):
        for relay in self.relays:
            relay.transport.close()
        for writer in (self.client_writer, self.camera_writer):
            if writer is not None:
                writer.transport.abort()

    def end(self):
        """Ends the connection in order, after what is still to be sent."""
        self.client_writer.close()

    def reset(self):
        """Ends the connection with a reset, at once."""
        with contextlib.suppress(OSError, AttributeError):
            self.client_writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        self.close()

    async def _requests(self):
        while True:
            await self.proxy.flow.wait()
            channel, item = await read_item(self.client_reader)
            if channel is not None:
                self.camera_writer.write(interleaved(channel, item))
                continue
            method = item.split(b" ", 1)[0].decode()
            self.methods[header(item, b"CSeq")] = method
            self.proxy.requests.append((method, header(item, b"Authorization") is not None))
            answer = self.proxy.mischief.answer(self, method, item)
            if answer is None:
                self.camera_writer.write(await self._through_our_ports(method, item))
            elif answer:
                self.client_writer.write(answer)

    async def _replies(self, reader):
        while True:
            await self.proxy.flow.wait()
            channel, item = await read_item(reader)
            if channel is not None:
                self.take(channel, item)
                continue
            method = self.methods.get(header(item, b"CSeq"), "")
            self.plays = self.plays or method == "PLAY"
            reply = self.proxy.mischief.reply(self, method, self._through_our_ports_back(method, item))
            if reply:
                self.client_writer.write(reply)

    def take(self, channel, packet):
        """A packet of the camera."""
        for made in self.proxy.mischief.packets(self, channel, packet):
            self.send(channel, made)

    def send(self, channel, packet):
        """Over UDP what does not fit is lost; over TCP a client that does not read is not waited for."""
        if self.client_writer.transport.is_closing():
            return
        if self.relays:
            self.relays[channel].send(packet)
        elif self.client_writer.transport.get_write_buffer_size() < 1 << 22:
            self.client_writer.write(interleaved(channel, packet))

    async def _through_our_ports(self, method, request):
        ports = re.search(rb"client_port=(\d+)-(\d+)", request)
        if method != "SETUP" or not ports:
            return request
        loop = asyncio.get_running_loop()
        for channel in range(UDP_PORTS):
            _, relay = await loop.create_datagram_endpoint(
                lambda channel=channel: UdpRelay(self, channel), local_addr=("127.0.0.1", 0))
            relay.client_port = int(ports[channel + 1])
            self.relays.append(relay)
        return request.replace(ports[0], b"client_port=%d-%d" % tuple(r.port for r in self.relays))

    def _through_our_ports_back(self, method, reply):
        ports = re.search(rb"server_port=(\d+)-(\d+)", reply)
        if method != "SETUP" or not ports or not self.relays:
            return reply
        for channel, relay in enumerate(self.relays):
            relay.camera_port = int(ports[channel + 1])
        client_ports = b"client_port=%d-%d" % tuple(r.client_port for r in self.relays)
        our_ports = b"server_port=%d-%d" % tuple(r.port for r in self.relays)
        return re.sub(rb"client_port=\d+-\d+", client_ports, reply.replace(ports[0], our_ports))


class RtspProxy:
    """Serves `url` from the camera at `camera_port`. Owned and used by one event loop."""

    def __init__(self, camera_port):
        self.camera_port = camera_port
        self.mischief = Honest()
        self.flow = asyncio.Event()  # cleared: nothing is read or written, and nothing closed
        self.flow.set()
        self.links = set()
        self.requests = []  # (method, with a password) since it was last cleared
        self.port = 0
        self._server = None
        self._fillers = []

    @property
    def url(self):
        return f"rtsp://soak:Secret-1@127.0.0.1:{self.port}"

    async def listen(self):
        """Accepts clients, again after `refuse` or `vanish` on the same port."""
        for filler in self._fillers:
            filler.close()
        self._fillers = []
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self):
        """Nobody listens: who connects is refused at once."""
        self._server.close()
        self.end_links()

    def vanish(self):
        """Who connects gets no answer at all: Linux drops a SYN for a listener whose queue is full."""
        self.refuse()
        for blocking in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._fillers.append(filler)
            if blocking == 0:
                filler.bind(("127.0.0.1", self.port))
                filler.listen(0)
            else:
                with contextlib.suppress(BlockingIOError):
                    filler.connect(("127.0.0.1", self.port))

    def end_links(self):
        for link in list(self.links):
            link.end()

    def close(self):
        self._server.close()
        for filler in self._fillers:
            filler.close()
        for link in list(self.links):
            link.close()

    async def _serve(self, *client):
        link = Link(self, client)
        self.links.add(link)
        self.mischief.connected(link)
        try:
            await link.run()
        finally:
            self.links.discard(link)
