"""Kernels that are started before their page is asked for."""

from __future__ import annotations

import json
import re
from pathlib import Path

from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, open_archive, read_audit
from tests.waiting import wait_until
from tests.workbench.server.conftest import DASHBOARDS, PASSWORD, serving
from tests.workbench.server.kernels.kernel_client import kernel_processes


def test_a_page_takes_the_kernel_that_was_started_ahead_for_its_person(archive: Path) -> None:
    with serving(archive, "--dashboards", str(DASHBOARDS), kernels=False, ahead=True) as served:
        rita, olga = served.sign_in("rita"), served.sign_in("olga")
        while len(ahead := kernel_processes(served)) < 1:
            rita.get(f"{served.address}/library")
            olga.get(f"{served.address}/library")
        # without rooms an operator opens no dashboard; a second visit starts no second kernel
        assert len(ahead) == 1
        page = rita.get(f"{served.address}/voila/render/slider.ipynb")
        assert "Strength" in page.text
        (kernel_id,) = re.findall(r'"kernelId": "([0-9a-f-]{36})"', page.text)
        assert ahead.keys() <= kernel_processes(served).keys()
        # the next one is hers, too: a system user is a person's
        wait_until(lambda: len(kernel_processes(served)) >= 2)
        assert len(set(kernel_processes(served).values())) == 1
        rolfs = served.sign_in("rosa")
        rolfs.get(f"{served.address}/library")
        wait_until(lambda: len(kernel_processes(served)) >= 3)
        all_three = kernel_processes(served)
        if 0 not in all_three.values():
            assert len(set(all_three.values())) == 2
        # the log has the kernel as one that a page took
        with open_archive(served.archive, Credentials("adam", Password(PASSWORD))) as opened:
            details = [row.detail for row in read_audit(opened) if row.who == "rita"]
        assert [each for each in details if str(each).startswith("dashboard:")] == [
            f"dashboard:{kernel_id}"
        ]
        for each in (rita, rolfs):
            each.post(f"{served.address}/logout", data={"_xsrf": each.cookies["_xsrf"]})
        wait_until(lambda: not kernel_processes(served))


def test_a_kernel_ahead_gives_way_where_a_person_has_as_many_as_may_be(archive: Path) -> None:
    options = ("--kernels-per-person", "1", "--dashboards", str(DASHBOARDS))
    with serving(archive, *options, ahead=True) as served:
        rosa = served.sign_in("rosa")
        headers = {"X-XSRFToken": rosa.cookies["_xsrf"]}
        while not kernel_processes(served):
            rosa.get(f"{served.address}/library")
        ahead = kernel_processes(served)
        answer = rosa.post(f"{served.address}/api/kernels", json={}, headers=headers)
        assert answer.status_code == 201, answer.text
        wait_until(lambda: not ahead.keys() & kernel_processes(served).keys())
        assert [each["id"] for each in rosa.get(f"{served.address}/api/kernels").json()] == [
            json.loads(answer.text)["id"]
        ]
