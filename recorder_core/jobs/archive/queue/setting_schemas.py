"""JSON Schemas that several kinds of jobs share."""

from __future__ import annotations

from typing import Final

from recorder_core.model.values.schema import Schema

__all__ = ["CODE", "LOCAL_FILE", "NAME", "NAMES", "SITE_CODE"]

CODE: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,63}$"}
#: one name has the rule of all sites that have none of their own
SITE_CODE: Final = {"type": "string", "pattern": f"^(?!default$){CODE['pattern'][1:]}"}
#: of this machine
LOCAL_FILE: Final = {"type": "string", "pattern": "^/[^\\0]{1,4095}$"}
NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 10_000}
#: of people and places; stored encrypted
NAMES: Final[Schema] = {
    "type": "object",
    "properties": {
        "patient_name": NAME,
        "medical_record": NAME,
        "physician_names": {"type": "array", "items": NAME, "maxItems": 100},
        "place": NAME,
        "procedure_name": NAME,
        "notes": NAME,
    },
}
