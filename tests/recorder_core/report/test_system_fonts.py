from __future__ import annotations

from pathlib import Path

import pytest

from recorder_core.report import system_fonts
from recorder_core.report.system_fonts import SystemFonts


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names_for(character: str) -> list[str]:
    return [path.name for path in SystemFonts().files_for(character)]


def test_the_preferred_family_comes_first(font_folder: Path) -> None:
    put(
        font_folder, "wqy-zenhei.ttc", "a/DroidSansFallback.ttf", "b/c/DroidSansFallbackFull.ttf",
        "ARIALUNI.TTF", "NotoSansThai-Regular.ttf", "Nonsense.ttf",
    )  # fmt: skip
    assert names_for("李") == [
        "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "wqy-zenhei.ttc", "ARIALUNI.TTF",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u0915", "Lohit-Devanagari.ttf"),
        ("\u0e2a", "NotoSansThai-Regular.ttf"),
        ("\u0b95", "NotoSansTamil[wdth,wght].ttf"),
        ("\u0985", "NotoSerifBengali-Bold.ttf"),
        ("\u1c50", "NotoSansOlChiki-Regular.ttf"),
        ("\uac00", "NanumGothic.ttf"),
    ],
)
def test_each_script_has_its_fonts(character: str, name: str, font_folder: Path) -> None:
    put(
        font_folder, "Lohit-Devanagari.ttf", "NotoSansThai-Regular.ttf", "NanumGothic.ttf",
        "NotoSansTamil[wdth,wght].ttf", "NotoSerifBengali-Bold.ttf", "NotoSansOlChiki-Regular.ttf",
    )  # fmt: skip
    assert names_for(character) == [name]


def test_the_upright_font_of_usual_weight_is_taken_if_there_is_one(font_folder: Path) -> None:
    put(font_folder, "NotoSansThai-Black.ttf", "NotoSansThai-Thin.ttf")
    assert names_for("\u0e2a") == ["NotoSansThai-Black.ttf", "NotoSansThai-Thin.ttf"]
    put(font_folder, "NotoSansThai-Regular.ttf")
    assert names_for("\u0e2a") == ["NotoSansThai-Regular.ttf"]


def test_other_files_are_no_fonts(font_folder: Path) -> None:
    put(font_folder, "NotoSansThai.otf", "NotoSansThai.txt", "NotoSansThai.woff2")
    assert names_for("\u0e2a") == []


@pytest.mark.parametrize("character", ["\ue000", "\U0010ffff"])
def test_a_character_without_a_name_has_no_fonts(character: str, font_folder: Path) -> None:
    put(font_folder, "NotoSansThai.ttf", "Lohit-Tamil.ttf", "FreeSans.ttf")
    assert names_for(character) == []


def test_the_file_of_the_first_folder_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = (tmp_path / "own", tmp_path / "a-system", tmp_path / "is-not-there")
    monkeypatch.setattr(system_fonts, "font_folders", lambda: folders)
    for folder in folders[:2]:
        put(folder, "DroidSansFallback.ttf")
    found = SystemFonts().files_for("王")
    assert [path.parent for path in found] == list(folders[:2])


@pytest.mark.parametrize("system", ["Linux", "Darwin", "Windows"])
def test_a_person_s_own_fonts_come_before_those_of_the_system(
    system: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()  # the folder of the other tests
    monkeypatch.setattr(system_fonts.platform, "system", lambda: system)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for variable in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    first, *_, last = system_fonts.font_folders()
    assert first.is_relative_to(tmp_path)
    assert not last.is_relative_to(tmp_path)
