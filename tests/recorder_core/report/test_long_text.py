"""Long texts are laid out in pieces, and nothing of them is lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from recorder_core.report import EventReport, ReportMarker, ReportSettings, render_report, sheet
from recorder_core.report.long_text import split_long, split_rows


@pytest.mark.parametrize("text", ["", "short", "x" * 1000, "two words"])
def test_a_short_text_is_one_piece(text: str) -> None:
    assert split_long(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "lorem ipsum " * 500,
        "x" * 5000,
        "a\n" * 1000,
        "\n\nb" * 90,
        "e\u0301" * 3000,
        "\u0301" * 4000,
    ],
)
def test_the_pieces_of_a_long_one_are_the_text(text: str) -> None:
    pieces = split_long(text)
    assert len(pieces) > 1
    assert all(len(piece) <= 1000 and piece.count("\n") < 20 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_piece_ends_between_words_and_never_before_a_mark() -> None:
    assert {word for piece in split_long("lorem ipsum " * 500) for word in piece.split()} == {
        "lorem",
        "ipsum",
    }
    assert all(piece.startswith("e") for piece in split_long("e\u0301" * 3000))


def test_a_long_cell_goes_on_in_rows_below() -> None:
    rows = split_rows([("label", "x" * 2500), ("other", None)])
    assert [(row[0], len(row[1] or "")) for row in rows] == [
        ("label", 1000),
        ("", 1000),
        ("", 500),
        ("other", 0),
    ]
    assert rows[-1] == ["other", None]


def test_no_paragraph_of_a_report_is_long(
    make_report: Callable[..., EventReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []
    lines = sheet.Typesetter.lines

    def measure(typesetter: Any, text: str) -> Any:
        lengths.append(len(text))
        return lines(typesetter, text)

    monkeypatch.setattr(sheet.Typesetter, "lines", measure)
    long = "lorem ipsum " * 250
    report = make_report()
    identity = report.identity
    assert identity is not None
    texts = {name: long for name in ("patient_name", "medical_record", "place", "notes")}
    report = dataclasses.replace(
        report,
        identity=dataclasses.replace(identity, physician_names=(long, long), **texts),
        procedure_name=long,
        markers=(ReportMarker(kind="incision", start_seconds=1.0, label=long),),
        screenshots=tuple(dataclasses.replace(shot, caption=long) for shot in report.screenshots),
    )
    assert render_report(report, ReportSettings()).startswith(b"%PDF")
    assert max(lengths) <= 1000
    assert lengths.count(1000) + sum(length > 900 for length in lengths) > 30
