from __future__ import annotations

import math

from recorder_core.model.values.html import html_table, html_text, readable


def test_text_is_escaped_wherever_it_stands() -> None:
    shown = html_table(["<b>"], [["<script>", "a & b"]], caption="x < y")
    assert shown == (
        "<table><caption>x &lt; y</caption><thead><tr><th>&lt;b&gt;</th></tr></thead><tbody><tr>"
        "<td>&lt;script&gt;</td><td>a &amp; b</td></tr></tbody></table>"
    )
    assert html_text("<i>\n") == "<pre>&lt;i&gt;\n</pre>"


def test_numbers_are_short_and_what_is_missing_is_a_dash() -> None:
    assert readable(1 / 3) == "0.3333333"
    assert readable(1234.5) == "1234.5"
    assert readable(7) == "7"
    assert [readable(None), readable(math.nan)] == ["-", "-"]
