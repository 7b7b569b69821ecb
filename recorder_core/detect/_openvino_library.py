"""OpenVINO, imported without its telemetry: the only place that imports it.

OpenVINO's converter reports each import to an analytics host and leaves an identifier in
the user's home. It does neither when the package ``openvino_telemetry`` cannot be
imported, so that package is barred from this process first.
"""

from __future__ import annotations

import sys
from typing import Any, cast

# None bars an import: the import system's own convention, see the reference of sys.modules
cast("dict[str, Any]", sys.modules).setdefault("openvino_telemetry", None)

import openvino  # noqa: E402
from openvino import opset13 as ops  # noqa: E402

__all__ = ["openvino", "ops"]
