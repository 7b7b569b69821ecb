"""The look of the report: colours, styles, and the few kinds of tables it uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from recorder_core.report.code_words import code_text
from recorder_core.report.content import Language, ReportSettings
from recorder_core.report.fonts import BOLD, MONO, REGULAR, Typesetter
from recorder_core.report.long_text import split_long, split_rows
from recorder_core.report.quantities import time_zone_of, wall_time_text
from recorder_core.report.scripts import needs_shaping
from recorder_core.report.words import WORDS

__all__ = ["ACCENT", "MUTED", "Column", "Sheet"]

ACCENT = "#0b5c7a"
MUTED = "#5d686e"
_INK = "#1d2428"
_RULE = "#ccd4d8"
_STRIPE = "#f4f7f8"
_LABEL_WIDTH_PT = 128.0
#: a heading and three rows of a table
_FEW_LINES_PT = 90.0
#: a longer list may go over to the next page
MAX_ROWS_KEPT = 8
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    #: key of the heading in the words
    key: str
    #: share of the width of the table
    share: float
    is_number: bool = False


@dataclass
class Sheet:
    """Everything that the sections need to set text."""

    settings: ReportSettings
    #: width between the margins
    width_pt: float
    typesetter: Typesetter = field(init=False)
    _styles: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.typesetter = Typesetter(self.settings.extra_fonts)
        self._styles = _make_styles()

    @property
    def language(self) -> Language:
        """Language of the words and numbers."""
        return self.settings.language

    def word(self, key: str, **values: object) -> str:
        """Return the words for a key, with its placeholders filled."""
        return WORDS[self.language][key].format(**values)

    def code(self, code: str) -> str:
        """Return the words for a code of the catalog; an unknown one stays as it is."""
        return code_text(code, self.language)

    def moment(self, moment: datetime | None) -> str | None:
        """Return a date and time in the report's time zone; None stays None."""
        if moment is None:
            return None
        return wall_time_text(moment, time_zone_of(self.settings.time_zone))

    def paragraph(self, text: str, style: str = "body") -> Any:
        """Return a paragraph; `text` is shown as it is, whatever characters it holds."""
        from reportlab.platypus import Paragraph

        chosen = self._styles[style]
        lines = self.typesetter.lines(text)
        for line in lines:
            self.typesetter.count_not_drawn(line, chosen.fontName)
        if any(needs_shaping(line) for line in lines):
            from recorder_core.report.shaping import Line, ShapedText

            return ShapedText([Line.of(line) for line in lines], chosen, self.typesetter)
        return Paragraph(self.typesetter.markup(lines, chosen.fontName), chosen)

    def paragraphs(self, text: str, style: str = "body") -> list[Any]:
        """Return a text of any length as paragraphs."""
        return [self.paragraph(piece, style) for piece in split_long(text)]

    def section(self, key: str, *contents: Any, is_short: bool = True) -> list[Any]:
        """Return contents under a heading.

        Parameters
        ----------
        key : str
            Key of the heading in the words.
        *contents : flowable
            What is below it.
        is_short : bool, default True
            Keep all of it on one page. Otherwise it begins where it is, if a few lines of
            it fit there.
        """
        from reportlab.platypus import CondPageBreak, KeepTogether

        heading = self.paragraph(self.word(key), "heading")
        if is_short:
            return [KeepTogether([heading, *contents])]
        return [CondPageBreak(_FEW_LINES_PT), heading, *contents]

    def fact_table(self, facts: Sequence[tuple[str, str | None]]) -> Any:
        """Return labels with values, one below the other.

        Parameters
        ----------
        facts : sequence of (key, value)
            Key of the label; a value of None is shown as not recorded.
        """
        rows = [
            [self.paragraph(label or "", "label"), self._fact(value)]
            for label, value in split_rows([(self.word(key), value) for key, value in facts])
        ]
        widths = [_LABEL_WIDTH_PT, self.width_pt - _LABEL_WIDTH_PT]
        return self._table(rows, widths, heading_rows=0)

    def list_table(self, columns: Sequence[Column], rows: Sequence[Sequence[str | None]]) -> Any:
        """Return rows under headings that are repeated on every page.

        Parameters
        ----------
        columns : sequence of Column
            Their shares add up to 1.
        rows : sequence of sequence of str or None
            One text per column; None is shown as not recorded.
        """
        heading = [
            self.paragraph(self.word(c.key), "column_number" if c.is_number else "column")
            for c in columns
        ]
        body = [
            [self._cell(text, column.is_number) for text, column in zip(row, columns, strict=True)]
            for row in split_rows(rows)
        ]
        widths = [column.share * self.width_pt for column in columns]
        return self._table([heading, *body], widths, heading_rows=1)

    def listing(
        self,
        key: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str | None]],
        *notes: Any,
    ) -> list[Any]:
        """Return a table under a heading, with notes below it; without rows it says "none"."""
        if not rows:
            return self.section(key, self.paragraph(self.word("none"), "muted"))
        is_short = len(rows) <= MAX_ROWS_KEPT
        return self.section(key, self.list_table(columns, rows), *notes, is_short=is_short)

    def _fact(self, value: str | None) -> Any:
        if not value:
            return self.paragraph(self.word("not_recorded"), "muted")
        return self.paragraph(value, "digest" if _DIGEST.fullmatch(value) else "body")

    def _cell(self, text: str | None, is_number: bool) -> Any:
        if text is None:
            return self.paragraph("\u2014", "number" if is_number else "cell")
        if _DIGEST.fullmatch(text):
            return self.paragraph(text, "hash")
        return self.paragraph(text, "number" if is_number else "cell")

    def _table(self, rows: list[list[Any]], widths: list[float], *, heading_rows: int) -> Any:
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import Table, TableStyle

        commands: list[tuple[Any, ...]] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ("LINEBELOW", (0, 0), (-1, -1), 0.3, HexColor(_RULE)),
        ]
        if heading_rows:
            commands += [
                ("BACKGROUND", (0, 0), (-1, 0), HexColor(_STRIPE)),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, HexColor(ACCENT)),
            ]
        return Table(
            rows,
            colWidths=widths,
            repeatRows=heading_rows,
            style=TableStyle(commands),
            splitInRow=1,
            hAlign="LEFT",
        )


def _make_styles() -> dict[str, Any]:
    """Return the paragraph styles by name; sizes in points."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.enums import TA_RIGHT
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, font: str = REGULAR, **more: Any) -> Any:
        more.setdefault("textColor", HexColor(_INK))
        return ParagraphStyle(
            name, fontName=font, fontSize=size, leading=size * 1.32, splitLongWords=1, **more
        )

    muted, accent = HexColor(MUTED), HexColor(ACCENT)
    styles = (
        style("title", 17, BOLD, textColor=accent, spaceAfter=1),
        style("subtitle", 10.5, textColor=muted, spaceAfter=6),
        style("heading", 10.5, BOLD, textColor=accent, spaceBefore=11, spaceAfter=4),
        style("body", 9),
        style("label", 9, textColor=muted),
        style("muted", 9, textColor=muted),
        style("note", 7.5, textColor=muted, spaceBefore=4),
        style("cell", 8),
        style("number", 8, alignment=TA_RIGHT),
        style("column", 7.5, BOLD, textColor=muted),
        style("column_number", 7.5, BOLD, textColor=muted, alignment=TA_RIGHT),
        style("hash", 6.9, MONO, textColor=muted),
        style("digest", 7.6, MONO),
        style("caption", 7.2, textColor=muted, spaceBefore=2),
        style("header", 7.5, textColor=muted),
    )
    return {made.name: made for made in styles}
