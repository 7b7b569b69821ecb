"""What server and client share: where the interface is, records and errors as JSON."""

from typing import Final

from workbench.wire.errors import error_code, error_content, raise_error
from workbench.wire.records import from_json, to_json

__all__ = ["API_PATH", "error_code", "error_content", "from_json", "raise_error", "to_json"]

#: under the address of a server
API_PATH: Final = "/workbench/api/v1"
