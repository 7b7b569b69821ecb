"""Every error that the recorder core raises on purpose.

::

    RecorderError
      SettingsError (ValueError)          a setting is out of range or contradicts another
        AlreadyFinished                   the output was made by the same job before
        ForeignCopy                       corrections cannot be applied to this copy
      CaptureError                        a live source gives nothing
        SourceNotFound                    it cannot be opened; the message says why
        SourceLost                        it was open, and ended or fell silent
      MediaError                          a file or stream cannot be read or written
        DecodeError                       what is in the file cannot be decoded
        EncodeError                       the result cannot be written
          TimesUnfit                      a container cannot hold the times of the frames
      ArchiveError                        an encrypted file or key cannot be used as asked
        FolderInUse                       a folder that must be empty holds something
        NoKeyMatches                      this key or password does not open it
        HeaderDamaged                     the key file or the stream's header is damaged
        PayloadDamaged                    a segment is not authentic
        ArchiveTruncated                  the end is missing
        WrongCopy                         authentic, but another file or an older copy
        SignInDelayed                     too many failed attempts: wait
        RoomInUse                         another recorder has the room, or a device of it
      DataError (ValueError)              a table, data set or annotation file is damaged
      DeidentifyError                     the de-identified copy cannot be trusted
        ModelMismatch                     weights, anchors and network do not belong together
        EngineUnavailable                 the requested inference engine cannot run here
        RedactionIncomplete               verification found a redaction or frame that is wrong
        FacesInDoubt                      well made, but faces may be left; nobody allowed that yet
      CatalogError                        the database of events cannot do what was asked
        NotInCatalog (LookupError)        nothing with this id is in the catalog
        NotAllowed (PermissionError)      the profile may not do this
        SchemaTooNew                      a newer version of this program wrote the catalog
        CatalogDamaged                    the database file or its contents are damaged
        CatalogBusy (TimeoutError)        another process holds the catalog
        CatalogSplit                      two copies of the catalog were both changed
        EditConflict                      somebody else changed the same meanwhile
        WrongState                        an event or job is not in a state that permits this
          QueueFull                       as many jobs of the kind wait or run as may
        AuditError                        the audit log is broken or cannot be written
          AnchorDamaged                   a file that remembers its end is not as written
      ReportError                         the report cannot be made
      Cancelled                           the user asked to stop

Messages carry ids, counts and shapes; never names of people, frames or keys.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "AlreadyFinished",
    "AnchorDamaged",
    "ArchiveError",
    "ArchiveTruncated",
    "AuditError",
    "Cancelled",
    "CaptureError",
    "CatalogBusy",
    "CatalogDamaged",
    "CatalogError",
    "CatalogSplit",
    "DataError",
    "DecodeError",
    "DeidentifyError",
    "EditConflict",
    "EncodeError",
    "EngineUnavailable",
    "FacesInDoubt",
    "FolderInUse",
    "ForeignCopy",
    "HeaderDamaged",
    "MediaError",
    "ModelMismatch",
    "NoKeyMatches",
    "NotAllowed",
    "NotInCatalog",
    "PayloadDamaged",
    "QueueFull",
    "RecorderError",
    "RedactionIncomplete",
    "ReportError",
    "RoomInUse",
    "SchemaTooNew",
    "SettingsError",
    "SignInDelayed",
    "SourceLost",
    "SourceNotFound",
    "TimesUnfit",
    "WrongCopy",
    "WrongState",
]


class RecorderError(Exception):
    """Base of every error that this program raises on purpose."""


class SettingsError(RecorderError, ValueError):
    """A setting is out of range or contradicts another; the message says which."""


class AlreadyFinished(SettingsError):
    """The output was made from this source with these settings before; `output` names it."""

    def __init__(self, message: str, output: Path) -> None:
        super().__init__(message)
        self.output = output


class ForeignCopy(SettingsError):
    """The copy was made from another video or with other settings, or nobody can tell."""


class CaptureError(RecorderError):
    """A live source gives nothing; what it is addressed by is named without its password."""


class SourceNotFound(CaptureError):
    """A live source cannot be opened: it is not there, or refuses."""


class SourceLost(CaptureError):
    """A live source was open, and ended or fell silent."""


class MediaError(RecorderError):
    """A media file or stream cannot be read or written."""


class DecodeError(MediaError):
    """What is in the file cannot be decoded."""


class EncodeError(MediaError):
    """The result cannot be encoded or written."""


class TimesUnfit(EncodeError):
    """A container cannot hold the times of the frames; the file itself may be kept instead."""


class ArchiveError(RecorderError):
    """An encrypted file or a key cannot be used as asked; the message says why."""


class FolderInUse(ArchiveError):
    """A folder that must be empty holds something; the message says what to choose."""


class RoomInUse(ArchiveError):
    """Another recorder has the room, or a device of it."""


class NoKeyMatches(ArchiveError):
    """The private key or password that was given does not open the file or key."""


class HeaderDamaged(ArchiveError):
    """The key file, a wrapped key or the header of the stream is damaged."""


class PayloadDamaged(ArchiveError):
    """A segment of the stream is not authentic; `segment` is its index."""

    def __init__(self, message: str, segment: int | None = None) -> None:
        super().__init__(message)
        self.segment = segment


class ArchiveTruncated(ArchiveError):
    """The end of the stream is missing; `segments_authentic` whole segments are there."""

    def __init__(self, message: str, segments_authentic: int = 0) -> None:
        super().__init__(message)
        self.segments_authentic = segments_authentic


class WrongCopy(ArchiveError):
    """The file is authentic, but it is another file or an older copy of the one asked for."""


class SignInDelayed(ArchiveError):
    """Too many failed attempts; `retry_after_seconds` says how long to wait."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class DataError(RecorderError, ValueError):
    """A table, data set or annotation file is damaged; the message gives the place."""


class DeidentifyError(RecorderError):
    """The de-identified copy cannot be made or cannot be trusted."""


class ModelMismatch(DeidentifyError):
    """Weights, anchors and network do not belong together."""


class EngineUnavailable(DeidentifyError):
    """The inference engine that was asked for cannot run on this machine."""


class RedactionIncomplete(DeidentifyError):
    """Verification found a redaction or a frame of the output that is wrong."""


class FacesInDoubt(DeidentifyError):
    """The copy is well made, but faces may be left in it; nobody allowed that yet."""


class CatalogError(RecorderError):
    """The database of events cannot do what was asked; the message says why."""


class NotInCatalog(CatalogError, LookupError):
    """Nothing with this id is in the catalog."""


class NotAllowed(CatalogError, PermissionError):
    """The profile may not do this; the refusal is in the audit log."""


class SchemaTooNew(CatalogError):
    """The catalog was written by a newer version of this program."""


class CatalogDamaged(CatalogError):
    """The database file or its contents are damaged."""


class CatalogBusy(CatalogError, TimeoutError):
    """Another process holds the catalog for longer than the program waits."""


class CatalogSplit(CatalogError):
    """Two copies of the catalog were both changed since they were the same."""


class EditConflict(CatalogError):
    """Somebody else changed the same since it was read; nothing was entered."""


class WrongState(CatalogError):
    """An event or job is not in a state that permits this step."""


class QueueFull(WrongState):
    """As many jobs of a kind wait or run as may; the message says how many that are."""


class AuditError(CatalogError):
    """The audit log is broken or cannot be written, so nothing is done."""


class AnchorDamaged(AuditError):
    """A file that remembers where the audit log ended is not as it was written."""


class ReportError(RecorderError):
    """The report cannot be made; the message says which part is at fault."""


class Cancelled(RecorderError):
    """The user asked to stop; nothing half-written is left."""
