"""What a misbehaving camera does with what passes: each class spoils one thing (see rtsp_proxy)."""

import asyncio
import re
import struct

RTP_HEADER_BYTES = 12
SENDER_REPORT = 200  # RTCP, RFC 3550
WRAP = 1 << 32
CLOCK_HZ = 90_000    # of video in RTP


class Honest:
    """Passes everything on."""

    def connected(self, link):
        """A client has come."""

    def answer(self, link, method, request):
        """What to answer in the camera's place; empty: silence. None: ask the camera."""

    def reply(self, link, method, reply):
        """What the client gets of a camera's reply; empty: nothing."""
        return reply

    def packets(self, link, channel, packet):
        """What the client gets of a packet: channel 0 is RTP, 1 is RTCP."""
        return [packet]

    async def vanished(self, link):
        """The client's connection has ended; the one to the camera does when this returns."""


def answer(request, status, headers="", body=""):
    sequence = re.search(rb"(?i)CSeq: *(\d+)", request)[1].decode()
    return (f"RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n{headers}\r\n{body}").encode("latin-1")


def session_of(message):
    found = re.search(rb"(?im)^Session:[ \t]*([^;\r]*)", message)
    return found[1] if found else None


class Stall(Honest):
    """Does not answer this request any more."""

    def __init__(self, method):
        self.method = method

    def answer(self, link, method, request):
        return b"" if method == self.method else None


class Refuse(Honest):
    """Answers every DESCRIBE with one status."""

    def __init__(self, status, headers=""):
        self.status = status
        self.headers = headers

    def answer(self, link, method, request):
        return answer(request, self.status, self.headers) if method == "DESCRIBE" else None


class SlotsOutliveConnections(Honest):
    """A camera of few slots. A client whose connection vanishes keeps its own, until a TEARDOWN of
    its session comes, from whatever connection."""

    def __init__(self, slots):
        self.slots = slots
        self.held = {}  # session: the link that has it, and what is set when it has not any more
        self.asked = {}  # link: the session whose end it asks for

    def answer(self, link, method, request):
        session = session_of(request)
        if method == "SETUP" and session is None and len(self.held) >= self.slots:
            return answer(request, "453 Not Enough Bandwidth")
        if method == "TEARDOWN":
            self.asked[link] = session
        return None

    def reply(self, link, method, reply):
        if reply.split(b" ", 2)[1] != b"200":
            return reply
        if method == "SETUP":
            self.held[session_of(reply)] = (link, asyncio.Event())
        if method == "TEARDOWN":
            self.free(self.asked[link])
        return reply

    async def vanished(self, link):
        for holder, freed in list(self.held.values()):
            if holder is link:
                await freed.wait()

    def free(self, session):
        if session in self.held:
            self.held.pop(session)[1].set()

    def free_all(self):
        for session in list(self.held):
            self.free(session)


class EndlessDescription(Honest):
    def answer(self, link, method, request):
        if method != "DESCRIBE":
            return None
        return answer(request, "200 OK", "Content-Type: application/sdp\r\nContent-Length: 1073741824\r\n",
                      "v=0\r\n" * 1000)


class RubbishDescription(Honest):
    def __init__(self, draw):
        self.draw = draw

    def answer(self, link, method, request):
        if method != "DESCRIBE":
            return None
        lines = ["v=\xff", "m=video 99999999 RTP/AVP 300 -1", "a=rtpmap:", "m=", "c=IN IP9 \x00", "\xfe" * 300,
                 "a=fmtp:96 sprop-parameter-sets=%%%,,,", "m=video 0 RTP/AVP 96", "a=control:" + "x" * 5000]
        body = "\r\n".join(self.draw.choices(lines, k=30)) + "\r\n"
        return answer(request, "200 OK",
                      f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n", body)


class ResetEvery(Honest):
    """Every connection is reset so many seconds after it came."""

    def __init__(self, seconds):
        self.seconds = seconds

    def connected(self, link):
        asyncio.get_running_loop().call_later(self.seconds, link.reset)


class Silence(Honest):
    """The connection stays and is kept alive; no picture comes, even in the middle of a group."""

    def packets(self, link, channel, packet):
        return [] if channel == 0 else [packet]


class GarbageRtp(Honest):
    """A right header and random bytes behind it."""

    def __init__(self, draw):
        self.draw = draw

    def packets(self, link, channel, packet):
        if channel != 0:
            return [packet]
        return [packet[:RTP_HEADER_BYTES] + self.draw.randbytes(len(packet) - RTP_HEADER_BYTES)]


class TruncatedNal(Honest):
    """A share of the packets ends somewhere in its middle, or, as often, right behind its header."""

    def __init__(self, draw, share):
        self.draw = draw
        self.share = share

    def packets(self, link, channel, packet):
        if channel != 0 or self.draw.random() >= self.share:
            return [packet]
        end = RTP_HEADER_BYTES + self.draw.choice([1, 2, self.draw.randrange(1 << 16)])
        return [packet[:end]]


class LossAndReordering(Honest):
    """Of the packets, a share is lost, and a share comes after those that followed it."""

    def __init__(self, draw, lost, late):
        self.draw = draw
        self.lost = lost
        self.late = late
        self.held = {}

    def packets(self, link, channel, packet):
        if channel != 0:
            return [packet]
        if self.draw.random() < self.lost:
            return []
        if link not in self.held and self.draw.random() < self.late:
            self.held[link] = [packet, self.draw.randint(1, 5)]
            return []
        if link in self.held:
            self.held[link][1] -= 1
            if self.held[link][1] == 0:
                return [packet, self.held.pop(link)[0]]
        return [packet]


class ShiftedTimestamps(Honest):
    """All times of the stream, in RTP and in the camera's reports, moved by so many seconds."""

    def __init__(self, seconds):
        self.ticks = round(seconds * CLOCK_HZ)

    def shift(self, link, stamp):
        return (stamp + self.ticks) % WRAP

    def packets(self, link, channel, packet):
        at = 4 if channel == 0 else 16
        if channel == 1 and (len(packet) < 20 or packet[1] != SENDER_REPORT):
            return [packet]
        stamp, = struct.unpack_from(">I", packet, at)
        return [packet[:at] + struct.pack(">I", self.shift(link, stamp)) + packet[at + 4:]]


class WrappingTimestamps(ShiftedTimestamps):
    """The times of each connection wrap around so many seconds after its first packet."""

    def __init__(self, seconds):
        super().__init__(-seconds)
        self.first = {}

    def shift(self, link, stamp):
        return (stamp - self.first.setdefault(link, stamp) + self.ticks) % WRAP

    def reply(self, link, method, reply):
        # It names the first packet's time, which is another one now.
        return re.sub(rb"(?i)RTP-Info:.*\r\n", b"", reply) if method == "PLAY" else reply


class AnotherStream(Honest):
    """The pictures of another camera in the midst of this one's, in its own sequence and time."""

    def __init__(self, keeps_source):
        self.keeps_source = keeps_source  # whether the packets still name the same SSRC
        self.last = {}                    # of each link: sequence, time, source
        self.offset = {}

    def packets(self, link, channel, packet):
        if channel == 0 and link not in self.offset:
            self.last[link] = struct.unpack_from(">HII", packet, 2)
        return []

    def insert(self, links, packet):
        """One RTP packet of the other camera."""
        sequence, stamp, source = struct.unpack_from(">HII", packet, 2)
        for link in links:
            if link not in self.last:
                continue
            last = self.last[link]
            first = self.offset.setdefault(
                link, (last[0] + 1 - sequence, last[1] + CLOCK_HZ // 10 - stamp))
            link.send(0, packet[:2] + struct.pack(
                ">HII", (sequence + first[0]) % (1 << 16), (stamp + first[1]) % WRAP,
                last[2] if self.keeps_source else source) + packet[12:])
