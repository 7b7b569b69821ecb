from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from workbench.cli import main

Capture = pytest.CaptureFixture[str]


def test_the_view_is_printed_and_drawn(
    drawn_source: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["view", str(drawn_source), "--stop", "0.3"]
    assert main([*words, "--quiet"]) == 0
    assert capsys.readouterr().out == "--view 0,0,384,192\n"
    with Image.open("source.view.png") as image:
        assert image.size == (384, 192)
    assert main(words) == 1
    assert "source.view.png exists; give --overwrite" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "proposed   the layout full" in lines
    assert lines[-1] == "--view 0,0,384,192"
    assert [line for line in lines if line.startswith("layout     full: ")]
    assert main([*words, "--overwrite", "--json", "--quiet"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert (written["view"], written["layout"]) == ("0,0,384,192", "full")
    assert written["layouts"]["full"]["faces"] == written["parts"][0]["faces"] > 0


@pytest.mark.parametrize(
    ("output", "sentence"), [("a.jpg", "must end in .png"), ("no/a.png", "there is no folder no")]
)
def test_an_output_that_cannot_be_is_refused(
    drawn_source: Path, tmp_path: Path, capsys: Capture, output: str, sentence: str
) -> None:
    assert main(["view", str(drawn_source), "-o", str(tmp_path / output)]) == 1
    assert sentence in capsys.readouterr().err
