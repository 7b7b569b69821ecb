from __future__ import annotations

import io
import sys

import pytest

from workbench.cli.terminal import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.show_progress("a.mp4", quiet=True) as show:
        show(5, 10)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_without_a_terminal_there_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.show_progress("a.mp4") as show:
        for seconds, done in ((0, 0), (1, 30), (10, 300), (11, 330), (20, 600)):
            now[0] = 100.0 + seconds
            show(done, 1200)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "a.mp4: 300 of 1200 frames, 30 frames/s, 30 s left",
        "a.mp4: 600 of 1200 frames, 30 frames/s, 20 s left",
    ]


def test_a_slow_start_does_not_count_in_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.show_progress("a.mp4") as show:
        for seconds, done in ((0, 0), (12, 1), (22, 16), (32, 31), (592, 571), (602, 601)):
            now[0] = 100.0 + seconds
            show(done, 601)
    assert capsys.readouterr().err.splitlines() == [
        "a.mp4: 1 of 601 frames",
        "a.mp4: 16 of 601 frames, 1.5 frames/s, 6 min left",
        "a.mp4: 31 of 601 frames, 1.5 frames/s, 6 min left",
        "a.mp4: 571 of 601 frames, 1.0 frames/s, 31 s left",
        "a.mp4: 601 of 601 frames, 1.0 frames/s",
    ]


def test_a_terminal_gets_a_bar_with_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.show_progress("a.mp4") as show:
        show(300, 1200)
        show(1200, 1200)
    text = terminal.getvalue()
    assert "a.mp4" in text
    assert "1200/1200" in text
