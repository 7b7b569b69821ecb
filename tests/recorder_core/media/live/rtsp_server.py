"""A camera with RTSP over TCP, for tests: H.264 and PCM, with a user and a password if wanted.

``python -m tests.recorder_core.media.live.rtsp_server PORT [USER:PASSWORD]`` serves
``rtsp://127.0.0.1:PORT/room``: test pictures and claps in real time. It is a process of its own, so
that a test can stop it, let it freeze and kill it.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import av

from recorder_core.media import Frame
from recorder_core.media.live.pattern import paint_pattern, pattern_samples
from recorder_core.model import FrameFormat

WIDTH, HEIGHT, RATE = 320, 240, 25
AUDIO_RATE = 16_000
MAX_PAYLOAD = 1400
FORMAT = FrameFormat(
    width=WIDTH, height=HEIGHT, pixel_format="yuv420p", time_base=Fraction(1, RATE)
)
SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=room\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1\r\na=control:track0\r\n"
    f"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 L16/{AUDIO_RATE}/1\r\na=control:track1\r\n"
)


def nal_units(packet: bytes) -> Iterator[bytes]:
    """Yield the units of an access unit in Annex B."""
    for unit in packet.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1"):
        if unit:
            yield unit


def payloads(unit: bytes) -> Iterator[bytes]:
    """Yield the RTP payloads of a unit (RFC 6184): itself, or its fragments."""
    if len(unit) <= MAX_PAYLOAD:
        yield unit
        return
    kind, rest = unit[0], unit[1:]
    for start in range(0, len(rest), MAX_PAYLOAD):
        ends = start + MAX_PAYLOAD >= len(rest)
        head = (0x80 if start == 0 else 0) | (0x40 if ends else 0) | (kind & 31)
        yield bytes([kind & 0xE0 | 28, head]) + rest[start : start + MAX_PAYLOAD]


class Track:
    """Numbers the packets of a stream."""

    def __init__(self, kind: int, channel: int) -> None:
        self.kind, self.channel, self.number = kind, channel, 0

    def packet(self, payload: bytes, stamp: int, *, is_last: bool) -> bytes:
        """Return a packet of RTP between those of RTSP (RFC 2326, 10.12)."""
        marker = 0x80 if is_last else 0
        head = struct.pack(
            ">BBHII", 0x80, self.kind | marker, self.number % 65536, stamp % 2**32, 7
        )
        self.number += 1
        return struct.pack(">cBH", b"$", self.channel, len(head) + len(payload)) + head + payload


def stream(connection: socket.socket, tracks: set[int], lock: threading.Lock) -> None:
    """Send pictures and audio in real time until the other side is gone."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.gop_size = Fraction(1, RATE), 5
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "qp": "24"}
    video, audio = Track(96, 0), Track(97, 2)
    number = int(time.monotonic() * RATE) + 1
    first = True
    with contextlib.suppress(OSError):
        while True:
            time.sleep(max(number / RATE - time.monotonic(), 0))
            sent = []
            frame = Frame.black(FORMAT, frame_index=0, pts=number, duration=1)
            paint_pattern(frame, FORMAT, number, RATE)
            for packet in encoder.encode(frame.av_frame):
                units = list(nal_units(bytes(packet)))
                for unit in units:
                    pieces = list(payloads(unit))
                    for piece in pieces:
                        is_last = unit is units[-1] and piece is pieces[-1]
                        sent.append(video.packet(piece, number * 90000 // RATE, is_last=is_last))
            at = (number - 1) * AUDIO_RATE // RATE
            samples = pattern_samples(at, AUDIO_RATE // RATE, AUDIO_RATE, 1)
            sound = (samples * 32767).astype(">i2").tobytes()
            if 1 in tracks:
                sent.append(audio.packet(sound, at, is_last=first))
            with lock:
                connection.sendall(b"".join(sent))
            number, first = number + 1, False


def answer(method: str, url: str, headers: dict[str, str], credentials: str) -> tuple[str, str]:
    """Return the head and the body of what is answered to a request."""
    given = base64.b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode()
    status, more, body = "200 OK", "", ""
    if given != credentials and method != "OPTIONS":
        status, more = "401 Unauthorized", 'WWW-Authenticate: Basic realm="room"\r\n'
    elif "/room" not in url:
        status = "404 Not Found"
    elif method == "OPTIONS":
        more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
    elif method == "DESCRIBE":
        more, body = f"Content-Type: application/sdp\r\nContent-Base: {url}/\r\n", SDP
    elif method == "SETUP":
        channel = 2 * int(url[-1])
        more = f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}\r\n"
    head = f"RTSP/1.0 {status}\r\nCSeq: {headers['cseq']}\r\nSession: 1\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n", body


def serve(connection: socket.socket, credentials: str) -> None:
    """Answer the requests of one client."""
    lock, tracks = threading.Lock(), set()
    reader = connection.makefile("rb")
    with contextlib.suppress(OSError):
        while first := reader.read(1):
            if first == b"$":  # a report of RTCP
                reader.read(struct.unpack(">xH", reader.read(3))[0])
                continue
            method, url, _ = (first + reader.readline()).decode().split()
            headers = {}
            while (header := reader.readline().decode().strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            with lock:
                connection.sendall("".join(answer(method, url, headers, credentials)).encode())
            if method == "SETUP":
                tracks.add(int(url[-1]))
            elif method == "PLAY":
                threading.Thread(
                    target=stream, args=(connection, tracks, lock), daemon=True
                ).start()


def main() -> None:
    """Serve until the process ends."""
    credentials = sys.argv[2] if len(sys.argv) > 2 else ""
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), reuse_port=True) as server:
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection, credentials), daemon=True).start()


if __name__ == "__main__":
    main()
