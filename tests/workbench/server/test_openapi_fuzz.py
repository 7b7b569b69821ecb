"""What the server says of its interface is asked of the whole server, for each profile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.workbench.server.conftest import Served, copied, serving

#: names of the people in the events
NAMES = ("Zephyrina", "Ñandú", "\\u00d1and")


@pytest.fixture(scope="module")
def fuzzed(served_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(
        copied(served_archive, tmp_path_factory.mktemp("fuzzed")), kernels=False
    ) as served:
        yield served


@pytest.mark.parametrize("login", ["olga", "rita", "rosa", "egon", "adam"])
def test_no_request_of_the_described_kinds_is_a_fault_or_tells_a_name(
    fuzzed: Served, login: str
) -> None:
    import schemathesis  # it takes a second, of every process that only collects

    session = fuzzed.sign_in(login)
    session.headers["X-XSRFToken"] = session.cookies["_xsrf"]
    base = f"{fuzzed.address}/workbench/api/v1"
    described = session.get(f"{base}/openapi.json").json()
    event = session.get(f"{base}/events").json()["events"][0]["event_id"]
    operations = [
        each.ok() for each in schemathesis.openapi.from_dict(described).get_all_operations()
    ]
    assert len(operations) > 20

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data: Any) -> None:
        case = data.draw(data.draw(st.sampled_from(operations)).as_strategy())
        if "event" in (case.path_parameters or {}) and data.draw(st.booleans()):
            case.path_parameters["event"] = event
        answer = case.call(base_url=base, session=session)
        assert answer.status_code < 500, answer.text
        assert "Traceback" not in answer.text
        if login != "rita":
            assert not [name for name in NAMES if name in answer.text]

    ask()
    assert session.get(f"{base}/me").json()["login"] == login
