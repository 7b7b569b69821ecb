"""Which font files of this computer may draw a character that DejaVu Sans does not have.

Files are known by their names, so that no font is opened before it is needed. Only TrueType
outlines can be embedded: files in ``.otf`` are left out, and of a collection (``.ttc``) the
first font is used.
"""

from __future__ import annotations

import os
import platform
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import Final

__all__ = ["SystemFonts", "font_folders"]

_ENDINGS: Final = (".ttf", ".ttc")
#: family names as `_plain` makes them, the preferred first; each is the beginning of a file's name
_EAST_ASIAN: Final = (
    "droidsansfallbackfull", "droidsansfallback", "wqyzenhei", "wqymicrohei", "uming", "ukai",
    "notosanssc", "notosanstc", "notosansjp", "notosanskr", "ipaexg", "ipag", "vlgothicregular",
    "takaogothic", "takaopgothic", "nanumgothic", "nanumbarungothic", "unbatang", "baekmuk",
    "msyh", "simsun", "msjh", "yugothr", "meiryo", "msgothic", "malgun", "gulim",
    "stheiti", "songti", "applegothic",
)  # fmt: skip
#: makers of one font for each script, whose name follows
_BY_SCRIPT: Final = ("lohit", "notosans", "notoserif")
#: first word of a character's name -> fonts for its script
_OTHERS: Final = {
    "devanagari": ("mangal", "kokila", "aparajita", "devanagari"),
    "bengali": ("vrinda", "muktinarrow", "likhan", "bangla"),
    "gurmukhi": ("raavi", "saab"),
    "gujarati": ("shruti", "padmaa"),
    "oriya": ("lohitodia", "kalinga"),
    "tamil": ("latha", "samyaktamil", "tamil"),
    "telugu": ("gautami", "pothana", "telugu"),
    "kannada": ("tunga", "kedage", "kannada"),
    "malayalam": ("kartika", "rachana", "meera", "malayalam"),
    "sinhala": ("iskpota", "lklug", "sinhala"),
    "thai": ("garuda", "loma", "waree", "leelawad", "tahoma", "thonburi"),
    "lao": ("phetsarath", "laoui"),
    "khmer": ("khmeros", "daunpenh", "khmerui"),
    "myanmar": ("padauk", "mmrtext"),
    "tibetan": ("ddcuchen", "tibetanmachineuni", "jomolhari", "himalaya"),
    "ethiopic": ("abyssinica", "nyala", "kefa"),
}
#: fonts with many scripts
_MANY_SCRIPTS: Final = ("arialuni", "nirmala", "freesans", "freeserif", "code2000", "unifont")
#: what follows the family in the name of the upright font of usual weight
_REGULAR_STYLES: Final = ("", "regular", "book", "wght", "wdthwght")


def font_folders() -> tuple[Path, ...]:
    """Return where this system keeps fonts, here and in folders below; a person's own first."""
    home = Path.home()
    system = platform.system()
    if system == "Darwin":
        return (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    if system == "Windows":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData/Local"))
        return (
            Path(local, "Microsoft", "Windows", "Fonts"),
            Path(os.environ.get("WINDIR", r"C:\Windows"), "Fonts"),
        )
    own = os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    return (
        Path(own, "fonts"),
        home / ".fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
        # where Debian keeps the one of two files of Droid Sans Fallback that has Korean
        Path("/usr/share/fonts-droid-fallback"),
    )


class SystemFonts:
    """The font files of this computer; their folders are read when the first one is needed."""

    def __init__(self) -> None:
        self._folders = font_folders()
        self._found: dict[tuple[str, ...], tuple[Path, ...]] = {}

    def files_for(self, character: str) -> tuple[Path, ...]:
        """Return the files that may have a character, the preferred first; they may be damaged."""
        families = _families(character)
        if families not in self._found:
            files = (path for family in families for path in self._of_family(family))
            self._found[families] = tuple(dict.fromkeys(files))
        return self._found[families]

    @cached_property
    def _files(self) -> list[tuple[str, Path]]:
        """(plain name, path) of every file, folder after folder."""
        return [
            (_plain(path.stem), path) for folder in self._folders for path in _files_below(folder)
        ]

    def _of_family(self, family: str) -> list[Path]:
        """Return the upright files of usual weight of a family; where it has none, all."""
        styles = [
            (name.removeprefix(family), path)
            for name, path in self._files
            if name.startswith(family)
        ]
        regular = [path for style, path in styles if style in _REGULAR_STYLES]
        return regular or [path for _, path in styles]


def _files_below(top: Path) -> list[Path]:
    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(top)
        for name in names
        if name.lower().endswith(_ENDINGS)
    )


def _families(character: str) -> tuple[str, ...]:
    """Return the beginnings of the names of fonts that may have a character."""
    script = unicodedata.name(character, "").partition(" ")[0].lower()
    if not script:
        return ()
    is_wide = unicodedata.east_asian_width(character) in ("W", "F", "H")
    return (
        *(_EAST_ASIAN if is_wide else ()),
        *(f"{maker}{script}" for maker in _BY_SCRIPT),
        *_OTHERS.get(script, ()),
        *_MANY_SCRIPTS,
    )


def _plain(name: str) -> str:
    """Return the letters and digits of a name, in small letters."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
