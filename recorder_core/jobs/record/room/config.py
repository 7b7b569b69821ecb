"""A room in which is recorded: what its file says, checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from recorder_core.capture.bis import BisSettings
from recorder_core.capture.switch import SwitchSettings
from recorder_core.composite import CompositeLayout
from recorder_core.errors import SettingsError
from recorder_core.jobs.record.room.deidentification import (
    Deidentification,
    LiveSettings,
    room_view_of,
)
from recorder_core.jobs.record.space import SpaceLimits
from recorder_core.jobs.record.unattended import UnattendedSettings
from recorder_core.media import FRAME_KINDS, EncoderSettings, LiveEncoder, SourceSettings

__all__ = ["RoomConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomConfig:
    """A room in which is recorded.

    Attributes
    ----------
    layout : CompositeLayout
        What the composite shows where.
    sources : mapping of SourceSettings
        Each source that it shows, by its name.
    rate : Fraction
        Frames of the composite per second.
    encoder : EncoderSettings
        How it is encoded, whichever encoder is chosen.
    encoder_name : str
        Which encodes; auto: the first that works on this machine.
    delay_seconds : float
        How long after its moment a frame is composed.
    pre_record_seconds : float
        How much before its start a recording begins, where the room was ready; 0: nothing is held.
    shows_wall_clock : bool
        Whether the composite's clock shows date and time of day: they stay in every copy.
    audio : SourceSettings or None
        Whose audio the video has.
    audio_of : str or None
        Name of the source whose audio it is, by one connection with its frames.
    bis : BisSettings or None
        A BIS monitor.
    switches : tuple of SwitchSettings
        Foot switches.
    screenshot_of : str or None
        Name of the source of which screenshots are, in its own size; None: of the composite.
    space : SpaceLimits
        How much space a recording leaves, and needs.
    deidentify : {"none", "only", "both"}
        What becomes of the view of the room: see `room.deidentification`.
    live : LiveSettings
        How its faces are looked for.
    procedure_code, site_code : str or None
        Of the events recorded here, unless something else is said; None: say it for each event,
        and the archive's own.
    marker_kinds : tuple of str
        Codes that a page offers for its markers.
    unattended : UnattendedSettings or None
        When a recording begins and ends by itself; None: somebody begins it.
    """

    layout: CompositeLayout
    sources: Mapping[str, SourceSettings] = field(repr=False)
    rate: Fraction
    encoder: EncoderSettings
    encoder_name: LiveEncoder = "auto"
    delay_seconds: float = 0.2
    pre_record_seconds: float = 0.0
    shows_wall_clock: bool = False
    audio: SourceSettings | None = field(default=None, repr=False)
    audio_of: str | None = None
    bis: BisSettings | None = None
    switches: tuple[SwitchSettings, ...] = ()
    screenshot_of: str | None = None
    space: SpaceLimits = field(default_factory=SpaceLimits)
    deidentify: Deidentification = "none"
    live: LiveSettings = field(default_factory=LiveSettings)
    procedure_code: str | None = None
    site_code: str | None = None
    marker_kinds: tuple[str, ...] = ()
    unattended: UnattendedSettings | None = None

    def __post_init__(self) -> None:
        if self.deidentify != "none":
            self._check_room()
        self._check_sources()
        if self.screenshot_of is not None:
            self._check_source("screenshots", self.screenshot_of)
        if self.unattended is not None:
            self._check_source("unattended", self.unattended.source)
        if self.audio_of is None:
            return
        if self.audio_of not in self.sources or not self.sources[self.audio_of].has_audio:
            raise SettingsError(
                f"[sound] source must be a source of a kind with audio (rtsp, file, pattern), not "
                f"{self.audio_of!r}"
            )

    def _check_source(self, table: str, name: str) -> None:
        if name not in self.sources:
            raise SettingsError(
                f"[{table}] source must be one of {', '.join(self.sources)}, not {name!r}"
            )

    def _check_room(self) -> None:
        if room_view_of(self.layout).source == self.screenshot_of:
            raise SettingsError(
                f"[screenshots] source {self.screenshot_of} shows the room, which is de-identified "
                "in the composite alone; leave it out"
            )

    def _check_sources(self) -> None:
        for name in self.layout.sources:
            if name not in self.sources:
                raise SettingsError(
                    f"the layout shows the source {name}, which is not there; write a table "
                    f"[sources.{name}], or name another in the sources of [layout]"
                )
        for name, source in self.sources.items():
            if name not in self.layout.sources:
                raise SettingsError(
                    f"[sources.{name}] is shown by no view of the layout; its sources are "
                    f"{', '.join(self.layout.sources)}"
                )
            if not source.has_frames:
                raise SettingsError(f"sources.{name}.kind must be one of {', '.join(FRAME_KINDS)}")
