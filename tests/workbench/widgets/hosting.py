"""A page that hosts a widget with a model of its own, and videos that say their frame numbers."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from recorder_core.media import open_video

STATIC = Path(__file__).resolve().parents[3] / "workbench" / "widgets" / "static"
#: the number of a frame is drawn as this many bars, white for a one
BITS = 10
WIDTH, HEIGHT = 320, 180

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Widget</title>
<link rel="stylesheet" href="/static/widgets.css">
<style>body{margin:0;background:#101418;font-family:sans-serif}main{max-width:1100px}</style>
<main><h1 style="position:absolute;left:-999px">Widget</h1><div id="root"></div></main>
<script type="module">
const traits = await (await fetch("/traits.json")).json();
for (const [name, value] of Object.entries(traits)) {
  if (value && value.base64 !== undefined) {
    const bytes = Uint8Array.from(atob(value.base64), (each) => each.charCodeAt(0));
    traits[name] = new DataView(bytes.buffer);
  }
}
const listeners = {};
const on = (name, listener) => (listeners[name] ??= []).push(listener);
window.sent = [];
window.model = {
  get: (name) => traits[name],
  set: (name, value) => {
    if (traits[name] === value) return;
    traits[name] = value;
    (listeners[`change:${name}`] ?? []).forEach((listener) => listener());
  },
  save_changes: () => {},
  on,
  off: () => {},
  send: (content, callbacks, buffers = []) =>
    window.sent.push({ content, sizes: buffers.map((each) => each.byteLength) }),
};
window.receive = (content) => (listeners["msg:custom"] ?? []).forEach((each) => each(content, []));
const widget = (await import("/static/SCRIPT")).default;
const root = document.getElementById("root");
widget.render({ model: window.model, el: root });
window.widget = root.player ?? root.widget;
window.burned = (context, viewport) => {
  const { ratio } = window.widget.stage;
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const x = WIDTH / BITS * (bit + 0.5);
    const [sx, sy] = viewport.toScreen([x, 12, x, 12]);
    const pixel = context.getImageData(Math.round(sx * ratio), Math.round(sy * ratio), 1, 1).data;
    if (pixel[0] > 127) number += 1 << bit;
  }
  return number;
};
window.ready = true;
</script></html>"""


def numbered_frame(number: int) -> NDArray[np.uint8]:
    """Return a frame with its number as bars at the top, and a grey field."""
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    frame[:, :, 1] = np.linspace(60, 140, WIDTH).astype(np.uint8)
    for bit in range(BITS):
        left, right = WIDTH * bit // BITS, WIDTH * (bit + 1) // BITS
        frame[:24, left:right] = 255 if number >> bit & 1 else 0
    return frame


def burned_number(frame_rgb: NDArray[np.uint8]) -> int:
    """Return the number that is drawn in a frame."""
    middles = [WIDTH * (2 * bit + 1) // (2 * BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(middles) if frame_rgb[12, x].mean() > 127)


def write_numbered(
    path: Path, times: list[int], *, b_frames: int = 0, skipped: int = 0, size: int = 1
) -> Path:
    """Write an H.264 video whose frames are shown at times in milliseconds."""
    options = {"avoid_negative_ts": "disabled", "movflags": "faststart"}
    with av.open(str(path), "w", options=options) as container:
        codec = {"bf": str(b_frames), "g": "12", "crf": "12", "preset": "veryfast"}
        stream = container.add_stream("libx264", rate=25, options=codec)
        stream.width, stream.height, stream.pix_fmt = WIDTH * size, HEIGHT * size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        shift = times[skipped]
        for number, time in enumerate(times):
            rgb = numbered_frame(number).repeat(size, 0).repeat(size, 1)
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(_earlier(stream.encode(frame), shift))
        container.mux(_earlier(stream.encode(None), shift))
    return path


def _earlier(packets: list[av.Packet], shift: int) -> list[av.Packet]:
    for packet in packets:
        ticks = int(shift / 1000 / packet.time_base)
        packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
    return packets


def video_traits(path: Path) -> dict[str, Any]:
    """Return what the player is told of a video, and the numbers that are drawn in its frames."""
    from workbench.widgets import Player

    with open_video(path) as video:
        return traits_of(Player.of_video(video, f"/{path.name}"))


def traits_of(widget: Any) -> dict[str, Any]:
    """Return the synced traits of a widget, as JSON."""
    code = ("_esm", "_css", "layout")
    values = {name: getattr(widget, name) for name in widget.keys if name not in code}
    return {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def drawn_numbers(path: Path) -> list[int]:
    """Return the number that is drawn in each frame, as the core decodes it."""
    with open_video(path) as video:
        return [burned_number(frame.to_rgb()) for frame in video.decode()]


@dataclass
class Site:
    """What the server of a test gives out."""

    folder: Path
    script: str = "player.js"
    traits: dict[str, Any] = field(default_factory=dict)
    address: str = ""
    #: of each request for a part of a video
    ranges: list[str] = field(default_factory=list)
    #: names of what is not there at first; a browser writes down that it was not found
    missing: tuple[str, ...] = ()

    def body(self, path: str) -> tuple[bytes, str]:
        """Return what lies at a path, and its type."""
        if path == "/":
            page = PAGE.replace("SCRIPT", self.script).replace("BITS", str(BITS))
            return page.replace("WIDTH", str(WIDTH)).encode(), "text/html"
        if path == "/traits.json":
            return json.dumps(self.traits).encode(), "application/json"
        kinds = {".js": "text/javascript", ".css": "text/css", ".mp4": "video/mp4"}
        name = Path(path).name
        file = (STATIC if path.startswith("/static/") else self.folder) / name
        return file.read_bytes(), kinds.get(file.suffix, "application/octet-stream")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        try:
            data, kind = self.site.body(self.path)
        except FileNotFoundError:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked:
            self.site.ranges.append(asked.group())
            first, last = int(asked[1]), int(asked[2] or len(data) - 1)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            data = data[first : last + 1]
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        # a page of another server, as Voila's, may read the video
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "null"))
        self.send_header("Access-Control-Allow-Credentials", "true")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        pass
