"""Encrypted event files and their keys; the only owner of `cryptography`.

Format and compatibility promise: ``docs/archive-format.md``.
"""

from recorder_core.archive.disk.durable import SealedPaths
from recorder_core.archive.disk.reserve import (
    SPARE_NAMES,
    fill_reserve,
    keep_space,
    lacks_files,
    missing_bytes,
)
from recorder_core.archive.files import (
    change_key_file,
    check_destroyable,
    destroy_keys,
    read_any_key_file,
    store_key_file,
)
from recorder_core.archive.identity import FileIdentity
from recorder_core.archive.keyfile import KeyFile, format_key_file, parse_key_file
from recorder_core.archive.keys.grants import (
    REVOCATION_NOTICE,
    ReaderSet,
    grant,
    revoke,
    seal_to_readers,
)
from recorder_core.archive.keys.left_keys import destroy_left_keys
from recorder_core.archive.keys.recovery import (
    RECOVERY_NOTICE,
    new_recovery_words,
    recovery_key_from_words,
    recovery_qr_modules,
    recovery_qr_svg,
)
from recorder_core.archive.reading.opening import read_key_file
from recorder_core.archive.reading.reader import SealedReader
from recorder_core.archive.reading.verify import SegmentFault, VerifyReport, verify_sealed
from recorder_core.archive.secrets.attempts import (
    AttemptFile,
    Attempts,
    AttemptStore,
    DelaySettings,
    sign_in,
)
from recorder_core.archive.secrets.derived import derive_key
from recorder_core.archive.secrets.password_rules import check_new_password
from recorder_core.archive.secrets.passwords import (
    DEFAULT_COST,
    Argon2Settings,
    WrappedKey,
    change_password,
    unwrap_private_key,
    wrap_private_key,
)
from recorder_core.archive.secrets.secret import MIN_PASSWORD_CHARACTERS, Password
from recorder_core.archive.secrets.signing import check_signature, sign_text, verify_key_of
from recorder_core.archive.secrets.wrapping import PrivateKey, PublicKey
from recorder_core.archive.writing.copies import CopyFault
from recorder_core.archive.writing.settings import SealSettings
from recorder_core.archive.writing.writer import SealedWriter

__all__ = [
    "DEFAULT_COST",
    "MIN_PASSWORD_CHARACTERS",
    "RECOVERY_NOTICE",
    "REVOCATION_NOTICE",
    "SPARE_NAMES",
    "Argon2Settings",
    "AttemptFile",
    "AttemptStore",
    "Attempts",
    "CopyFault",
    "DelaySettings",
    "FileIdentity",
    "KeyFile",
    "Password",
    "PrivateKey",
    "PublicKey",
    "ReaderSet",
    "SealSettings",
    "SealedPaths",
    "SealedReader",
    "SealedWriter",
    "SegmentFault",
    "VerifyReport",
    "WrappedKey",
    "change_key_file",
    "change_password",
    "check_destroyable",
    "check_new_password",
    "check_signature",
    "derive_key",
    "destroy_keys",
    "destroy_left_keys",
    "fill_reserve",
    "format_key_file",
    "grant",
    "keep_space",
    "lacks_files",
    "missing_bytes",
    "new_recovery_words",
    "parse_key_file",
    "read_any_key_file",
    "read_key_file",
    "recovery_key_from_words",
    "recovery_qr_modules",
    "recovery_qr_svg",
    "revoke",
    "seal_to_readers",
    "sign_in",
    "sign_text",
    "store_key_file",
    "unwrap_private_key",
    "verify_key_of",
    "verify_sealed",
    "wrap_private_key",
]
