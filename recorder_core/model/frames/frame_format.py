"""How the frames of a video are stored and shown, whatever they come from.

A file, a live source and a composite all have frames of one format. Colour tags are the
numbers of ITU-T H.273, 2 meaning unspecified, as FFmpeg has them; the range is 0 (unspecified),
1 (limited) or 2 (full).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, get_args

from recorder_core.errors import SettingsError
from recorder_core.model.frames.geometry import Orientation, ShownGeometry
from recorder_core.model.frames.planes import ColorMatrix
from recorder_core.model.values.argument_kinds import check_fields

__all__ = ["FrameFormat", "SampleBits", "WorkingFormat", "matrix_of"]

#: how frames are held between decoder and encoder; the j says full range
WorkingFormat = Literal["yuv420p", "yuvj420p", "yuv420p10le"]
SampleBits = Literal[8, 10]

_MATRICES: Final[dict[int, ColorMatrix]] = {
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    9: "bt2020",
    10: "bt2020",
}
_FULL_RANGE: Final = 2
#: colour tags are numbers of one byte (ITU-T H.273, 8.1 to 8.3)
_MAX_TAG: Final = 255
#: frames of at least this many lines are taken as BT.709 where no tag says it
_HIGH_DEFINITION_LINES: Final = 720
_MATRIX_NUMBERS: Final = 9


def matrix_of(color_matrix: int, height: int) -> ColorMatrix:
    """Return the matrix that a colour tag means, guessed from the height where it says none."""
    guess: ColorMatrix = "bt709" if height >= _HIGH_DEFINITION_LINES else "bt601"
    return _MATRICES.get(color_matrix, guess)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFormat:
    """What all frames of a video have in common.

    Raises
    ------
    SettingsError
        If a size or the time base is not above 0, or a tag is none that frames can have.
    """

    #: pixels, as stored, before rotation; of a file, without what its container hides
    width: int
    height: int
    #: FFmpeg's name for what the decoder or the device gives
    pixel_format: str
    #: seconds per unit of pts
    time_base: Fraction
    #: how a player mirrors and turns the frame: FFmpeg's nine numbers, None where there are none
    display_matrix: tuple[int, ...] | None = None
    color_primaries: int = 2
    color_transfer: int = 2
    color_matrix: int = 2
    color_range: int = 0
    #: width of a pixel / its height, when the frame is shown
    sample_aspect_ratio: Fraction = Fraction(1)
    interlaced: bool = False
    #: of the frames between decoder and encoder, and of what is encoded; see `keep_depth`
    sample_bits: SampleBits = 8

    def __post_init__(self) -> None:
        check_fields(self)
        if self.width < 1 or self.height < 1:
            raise SettingsError(
                f"frames are {self.width}x{self.height}, but must have at least one pixel"
            )
        for name in ("time_base", "sample_aspect_ratio"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"the {name} is {getattr(self, name)}, but must be above 0")
        self._check_tags()

    def _check_tags(self) -> None:
        for name in ("color_primaries", "color_transfer", "color_matrix"):
            if not 0 <= getattr(self, name) <= _MAX_TAG:
                raise SettingsError(
                    f"the {name} is {getattr(self, name)}, but must be a number of ITU-T H.273"
                )
        if not 0 <= self.color_range <= _FULL_RANGE:
            raise SettingsError(
                f"the color_range is {self.color_range}, but must be 0 (unspecified), 1 (limited) "
                "or 2 (full)"
            )
        if self.sample_bits not in get_args(SampleBits):
            raise SettingsError(f"samples have {self.sample_bits} bits, but must have 8 or 10")
        if self.display_matrix is not None and len(self.display_matrix) != _MATRIX_NUMBERS:
            raise SettingsError(
                f"the display_matrix has {len(self.display_matrix)} numbers, but must have 9"
            )

    @property
    def orientation(self) -> Orientation:
        """How a player mirrors and turns the frames."""
        return Orientation.of_matrix(self.display_matrix)

    @property
    def geometry(self) -> ShownGeometry:
        """How a player shows the frames."""
        return ShownGeometry(self.width, self.height, self.sample_aspect_ratio, self.orientation)

    @property
    def full_range(self) -> bool:
        """Whether Y, U and V use 0..255."""
        return self.color_range == _FULL_RANGE or self.pixel_format.startswith("yuvj")

    @property
    def matrix(self) -> ColorMatrix:
        """The matrix between RGB and YUV, guessed from the size where no tag says it."""
        return matrix_of(self.color_matrix, self.height)

    @property
    def working_format(self) -> WorkingFormat:
        """How frames are held between decoder and encoder."""
        if self.sample_bits > 8:
            return "yuv420p10le"
        return "yuvj420p" if self.pixel_format.startswith("yuvj") else "yuv420p"

    def seconds(self, pts: int) -> float:
        """Return a time stamp in seconds."""
        return float(pts * self.time_base)
