"""The file of a room: what it holds, and what is said of every key that is wrong."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from recorder_core.errors import SettingsError
from recorder_core.jobs.record import read_room
from recorder_core.model import View, layout_view

USUAL = """
procedure = "lap-chole"
site = "or-2"

[video]
rate = 25
max_megabits_per_second = 8

[layout]
preset = "surgery-box"

[[layout.zones]]
source = "vital_signs"
rectangle = [0, 0, 600, 40]
picture_size_px = [1280, 720]

[sources.laparoscope]
kind = "v4l2"
latency_seconds = 0.08

[sources.vital_signs]
kind = "file"
address = "monitor.mp4"

[sources.room]
kind = "rtsp"
address = "rtsp://user:secret@192.0.2.7/stream"

[sound]
kind = "tone"

[bis]
port = "/dev/ttyUSB0"

[[switches]]
kind = "input"
address = "3553:b001"

[space]
keep_free_gib = 1
min_minutes = 5
"""


def _read(folder: Path, text: str) -> object:
    path = folder / "room.toml"
    path.write_text(text)
    return read_room(path)


def test_a_room_is_what_its_file_says(tmp_path: Path) -> None:
    path = tmp_path / "room.toml"
    path.write_text(USUAL)
    room = read_room(path)
    assert (room.procedure_code, room.site_code, room.rate) == ("lap-chole", "or-2", Fraction(25))
    assert (room.layout.width, room.layout.height) == (1920, 1080)
    assert room.layout.room_view == layout_view("surgery-box", 1920, 1080)
    assert room.layout.zones[0].rectangle == View(0, 0, 600, 40)
    assert room.encoder.max_bit_rate_bps == 8_000_000
    assert room.encoder.gop_seconds == 1.0
    assert room.sources["laparoscope"].latency_seconds == 0.08
    assert room.audio is not None
    assert room.audio_of is None
    assert room.bis is not None
    assert (room.bis.port, room.bis.protocol) == ("/dev/ttyUSB0", "ascii")
    assert [(each.kind, each.address) for each in room.switches] == [("input", "3553:b001")]
    assert (room.space.keep_free_bytes, room.space.min_seconds) == (1 << 30, 300.0)
    assert not room.shows_wall_clock
    assert "secret" not in repr(room)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"lap-chole"', '"Mrs Müller"', "procedure must be a code"),
        (
            'procedure = "lap-chole"',
            "procedure = 5",
            'procedure must be text; write it as in procedure = "lap-chole"',
        ),
        ('site = "or-2"', 'sites = "or-2"', "sites: unknown key; allowed keys are procedure, site"),
        ('site = "or-2"', 'deidentify = "all"', "deidentify must be one of none, only, both"),
        ("rate = 25", "rate = 24", r"\[video\] rate must be one of 25, 30, 50, 60"),
        (
            "rate = 25",
            'rate = "25"',
            r"\[video\] rate must be a whole number; write it as in rate = 30",
        ),
        (
            "rate = 25",
            "fps = 25",
            r"\[video\] fps: unknown key; allowed keys are rate, delay_seconds",
        ),
        ("rate = 25", "delay_seconds = -1", r"delay_seconds must be 0 to 5, such as 0.2"),
        ("rate = 25", 'encoder = "x264"', r"\[video\] encoder must be auto or one of h264_nvenc"),
        ("rate = 25", 'preset = "quick"', r"\[video\] preset must be one of auto"),
        ("second = 8", "second = 0", r"max_megabits_per_second must be 0.1 to 200, such as 12"),
        (
            '"surgery-box"',
            '"surgery-box"\nwidth = 0',
            r"\[layout\] the width of a composite must be an even number from 16 to 8192, not 0",
        ),
        ('"surgery-box"', '"box"', r"\[layout\] .*surgery-box"),
        ('"vital_signs"\nrect', '"monitor"\nrect', r"\[layout\] .*monitor.*laparoscope"),
        ("[video]", 'markers = ["room-hidden"]\n[video]', "set by the recorder alone"),
        ("[sources.room]", "[sources.camera]", r"shows the source room, which is not there"),
        (
            "[space]",
            "[sources.ct]\nkind = 'pattern'\n[space]",
            r"\[sources.ct\] is shown by no view of the layout",
        ),
        (
            "[sources.room]",
            f"[sources.{'c' * 53}]",
            r"\[sources.c{53}\] has too long a name: 52 characters at most",
        ),
        ('kind = "v4l2"', 'kind = "v4l3"', "sources.laparoscope.kind must be one of v4l2,"),
        ('kind = "v4l2"', "", "sources.laparoscope.kind"),
        ('kind = "v4l2"', 'kind = "alsa"', r"laparoscope.kind must be one of v4l2, x11grab, rtsp"),
        (
            'kind = "tone"',
            'kind = "v4l2"',
            "sound.kind must be one of rtsp, file, pattern, alsa, tone$",
        ),
        (
            'kind = "tone"',
            'source = "laparoscope"',
            r"must be a source of a kind with audio .*'laparoscope'",
        ),
        ('kind = "tone"', 'source = "or"', r"\[sound\] source must be a source of a kind with"),
        ('port = "/dev/ttyUSB0"', "", r'\[bis\] lacks the key port; write it as in port = "/dev'),
        ('USB0"', 'USB0"\nbaud = 1', r"\[bis\] baud: unknown key; allowed keys are port, protocol"),
        ('USB0"', 'USB0"\nprotocol = "x"', r"\[bis\] the protocol of a BIS monitor must be"),
        (
            'USB0"',
            'USB0"\nspectra = 1',
            r"\[bis\] spectra must be true or false; .* spectra = false",
        ),
        ("[[switches]]", "[switches]", r"switches is not a list; write \[\[switches\]\]"),
        ('kind = "input"', "", r"\[\[switches\]\] lacks kind or address; write them as in"),
        ('kind = "input"', 'kind = "foot"', r"\[\[switches\]\] the kind of a foot switch must"),
        ('kind = "input"', "kind = 1", r"\[\[switches\]\] kind must be text; .* kind = \"input\""),
        ('kind = "input"', 'kind = "input"\nkey_code = "a"', "key_code must be a whole number"),
        (
            "[space]",
            "[screenshots]\nsource = 'ct'\n[space]",
            r"\[screenshots\] source must be one of laparoscope, vital_signs, room, not 'ct'",
        ),
        (
            "[space]",
            "[screenshots]\nsource = 5\n[space]",
            r'\[screenshots\] source must be text; write it as in source = "laparoscope"',
        ),
        (
            "[space]",
            "[screenshots]\nof = 'ct'\n[space]",
            r"\[screenshots\] of: unknown key; allowed",
        ),
        ("min_minutes = 5", "min_minutes = -5", r"\[space\] min_minutes must be 0 or more"),
        ("keep_free_gib = 1", "keep_free_gib = inf", r"\[space\] keep_free_gib must be 0 or more"),
        ("min_minutes = 5", "min_minutes = nan", r"\[space\] min_minutes must be 0 or more"),
        ("[space]", "[space", "room.toml is not valid TOML: .*line"),
        ("[space]", "deep = " + "[" * 5000 + "\n[space]", "room.toml is nested too deeply"),
        ("[video]\nrate = 25", "video = 25\n[x]", "video is not a table"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in USUAL
    with pytest.raises(SettingsError, match=said) as error:
        _read(tmp_path, USUAL.replace(old, new, 1))
    assert str(error.value).startswith("room.toml")
    assert "secret" not in str(error.value)


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"room.toml cannot be read \(No such file"):
        read_room(tmp_path / "room.toml")
    (tmp_path / "room.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not a text file in UTF-8"):
        read_room(tmp_path / "room.toml")
    with pytest.raises(SettingsError, match="there is no source; write a table for each"):
        _read(tmp_path, "procedure = 'x'")
