from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recorder_core.errors import ReportError
from recorder_core.report import EventReport, ReportIdentity, Trend, deidentified


def test_the_copy_holds_no_person(make_report: Callable[..., EventReport]) -> None:
    report = make_report()
    copy = deidentified(report)
    assert (copy.identity, copy.procedure_name, copy.started_utc, copy.stopped_utc) == (None,) * 4
    assert (copy.generated_utc, copy.audit_head) == (None, None)
    assert copy.year == 2026
    assert copy.deidentification is not None
    assert copy.deidentification.is_signed_off
    assert copy.deidentification.signed_off_by is None
    assert [file.role for file in copy.files] == ["deidentified"]
    assert copy.deidentification.copy_sha256 == "57" * 32
    assert all(device.serial_number is None for device in copy.devices)
    assert "NAME" not in repr(copy)
    assert deidentified(copy) == copy


def test_names_are_not_printed(make_report: Callable[..., EventReport]) -> None:
    assert "NAME" not in repr(make_report())
    assert "SERIAL" not in repr(make_report())
    assert "Silva" not in repr(ReportIdentity(patient_name="Maria Silva"))


def test_trends_that_are_none() -> None:
    with pytest.raises(ReportError, match="as many values"):
        Trend(name="BIS", unit="", times_seconds=np.zeros(3), values=np.zeros(4))
    with pytest.raises(ReportError, match="cannot be drawn from"):
        Trend(name="BIS", unit="", times_seconds=np.zeros(1), values=np.zeros(1), low=5.0, high=5.0)
