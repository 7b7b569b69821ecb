"""JupyterLab of people: whose files are whose, and what a file, a link or another site can do."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from recorder_core.archive import Password
from recorder_core.jobs.archive import Credentials, open_archive, read_audit
from tests.workbench.server.conftest import PASSWORD, Served, copied, forget_claims, serving
from tests.workbench.server.kernels.kernel_client import Kernel
from workbench.server.entrance.access import ACCESS_RULES, find_rule

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server has users to give away")
SECRET = "what root alone may read"


class Person:
    """Somebody's JupyterLab, as its page asks."""

    def __init__(self, served: Served, login: str) -> None:
        self.served, self.session = served, served.sign_in(login)
        self.headers = {"X-XSRFToken": self.session.cookies["_xsrf"]}

    def ask(self, method: str, path: str, /, **body: Any) -> requests.Response:
        request = requests.Request(
            method,
            self.served.address,
            json=body or None,
            headers=self.headers,
            cookies=self.session.cookies,
        ).prepare()
        request.url = self.served.address + path  # as it stands: nothing is put right on its way
        return self.session.send(request, allow_redirects=False)

    def save(self, path: str, text: str) -> requests.Response:
        body = {"type": "file", "format": "text", "content": text}
        return self.ask("PUT", f"/api/contents/{path}", **body)

    def read(self, path: str) -> requests.Response:
        return self.ask("GET", f"/api/contents/{path}?type=file")

    def names(self) -> set[str]:
        return {each["name"] for each in self.ask("GET", "/api/contents").json()["content"]}

    def open_notebook(self, path: str, **kernel: str) -> requests.Response:
        body = {"path": path, "name": path, "type": "notebook", "kernel": kernel}
        return self.ask("POST", "/api/sessions", **body)

    def kernel(self, path: str) -> Kernel:
        answer = self.open_notebook(path)
        assert answer.status_code == 201, answer.text
        return Kernel(self.served, self.session, answer.json()["kernel"]["id"], "")


@pytest.fixture(scope="module")
def rosa(server: Served) -> Person:
    return Person(server, "rosa")


@pytest.fixture(scope="module")
def rosas_kernel(rosa: Person) -> Iterator[Kernel]:
    kernel = rosa.kernel("attack.ipynb")
    yield kernel
    kernel.end()


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Path]:
    """A file that root alone may read and write, in a folder that everybody may pass through."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "secret.txt").write_text(SECRET)
    (folder / "secret.txt").chmod(0o600)
    yield folder / "secret.txt"
    shutil.rmtree(folder)


def test_what_code_writes_is_in_the_persons_folder_and_the_other_way_round(
    rosa: Person, rosas_kernel: Kernel
) -> None:
    assert rosa.save("data.csv", "1,2\n").status_code == 201
    assert rosas_kernel.run("print(open('data.csv').read())") == "1,2\n\n"
    rosas_kernel.run("open('figure.txt', 'w').write('drawn')")
    assert rosa.read("figure.txt").json()["content"] == "drawn"
    assert {"data.csv", "figure.txt"} <= rosa.names()
    assert rosa.ask("POST", "/api/contents/data.csv/checkpoints").status_code == 201
    rosa.save("data.csv", "3\n")
    assert rosa.ask("POST", "/api/contents/data.csv/checkpoints/checkpoint").status_code == 204
    assert rosa.read("data.csv").json()["content"] == "1,2\n"
    moved = rosa.ask("PATCH", "/api/contents/data.csv", path="moved here.csv")
    assert moved.json()["path"] == "moved here.csv"
    assert rosa.ask("DELETE", "/api/contents/moved%20here.csv").status_code == 204
    assert "moved here.csv" not in rosa.names()


def test_a_notebook_in_a_folder_begins_in_it_and_opens_the_archive(rosa: Person) -> None:
    folder = rosa.ask("POST", "/api/contents", type="directory").json()["path"]
    kernel = rosa.kernel(f"{folder}/here.ipynb")
    said = kernel.run(
        "import os; from workbench.client import open_served_archive\n"
        "with open_served_archive() as archive:\n"
        "    print(os.path.basename(os.getcwd()), archive.person()['login'], len(archive.events()))"
    )
    kernel.end()
    assert said == f"{folder} rosa 2\n"


def test_two_sign_ins_of_one_person_have_the_same_files(rosa: Person, server: Served) -> None:
    kernels = [
        each.kernel(f"both{number}.ipynb")
        for number, each in enumerate((rosa, Person(server, "rosa")))
    ]
    assert len({each.run("import os; print(os.getpid())") for each in kernels}) == 2
    for first, second in (kernels, kernels[::-1]):
        assert first.run("open('both.txt', 'a').write('x'); print(len(open('both.txt').read()))")
        assert (
            second.run("os.makedirs('made', exist_ok=True); open('made/it', 'a').write('x')") == ""
        )
    assert rosa.read("both.txt").json()["content"] == "xx"
    assert rosa.read("made/it").json()["content"] == "xx"
    assert rosa.save("made/it", "by the page").status_code == 200
    assert kernels[0].run("print(open('made/it').read())") == "by the page\n"
    assert rosa.ask("DELETE", "/api/contents/both.txt").status_code == 204
    for each in kernels:
        each.end()


@as_root
def test_nobody_gets_anothers_files_sessions_or_layout(rosa: Person, server: Served) -> None:
    rosa.save("mine.txt", "rosa's")
    egon = Person(server, "egon")
    assert egon.read("mine.txt").status_code == 404
    assert egon.names() == set()
    mine = rosa.open_notebook("same.ipynb").json()
    assert egon.ask("GET", "/api/sessions").json() == []
    taken = egon.open_notebook("other.ipynb", id=mine["kernel"]["id"], name="python3")
    assert taken.status_code >= 400
    assert egon.ask("DELETE", f"/api/sessions/{mine['id']}").status_code >= 400
    own = egon.open_notebook("same.ipynb").json()
    assert own["kernel"]["id"] != mine["kernel"]["id"]
    stolen = egon.ask("PATCH", f"/api/sessions/{own['id']}", kernel={"id": mine["kernel"]["id"]})
    assert stolen.status_code == 404
    assert mine["id"] in {each["id"] for each in rosa.ask("GET", "/api/sessions").json()}
    layout = json.dumps({"data": {"rosa": 1}, "metadata": {"id": "default"}})
    put = requests.put(
        f"{server.address}/lab/api/workspaces/default",
        data=layout, headers=rosa.headers, cookies=rosa.session.cookies,
    )  # fmt: skip
    assert put.status_code == 204
    assert "rosa" in rosa.ask("GET", "/lab/api/workspaces/default").text
    assert "rosa" not in egon.ask("GET", "/lab/api/workspaces/default").text
    kernel = Kernel(server, egon.session, own["kernel"]["id"], "")
    where = kernel.run("import os; print(os.path.dirname(os.getcwd()))").strip()
    for code in (f"os.listdir({where!r})", f"open({where!r} + '/people.json')"):
        assert "Permission denied" in kernel.run(code)
    kernel.end()
    assert rosa.ask("DELETE", f"/api/sessions/{mine['id']}").status_code == 204


@as_root
def test_a_link_leads_no_further_than_its_person_gets(
    rosa: Person, rosas_kernel: Kernel, server: Served, secret: Path
) -> None:
    for name, target in {
        "root.txt": str(secret),
        "folder": str(secret.parent),
        "shadow": "/etc/shadow",
        "environ": f"/proc/{server.process.pid}/environ",
        "memory": f"/proc/{server.process.pid}/mem",
        "descriptors": f"/proc/{server.process.pid}/fd",
        "archive": str(server.archive),
    }.items():
        rosas_kernel.run(
            f"import os; os.path.lexists({name!r}) or os.symlink({target!r}, {name!r})"
        )
    for path in (
        "root.txt", "folder/secret.txt", "shadow", "environ", "memory", "descriptors/0",
        "archive/catalog.db", "archive/archive.json",
    ):  # fmt: skip
        answer = rosa.read(path)
        assert answer.status_code >= 400, path
        assert SECRET not in answer.text
        assert rosa.ask("GET", f"/files/{path}").status_code >= 400
    assert rosa.save("root.txt", "overwritten").status_code >= 400
    assert rosa.save("folder/new.txt", "new").status_code >= 400
    assert rosa.ask("DELETE", "/api/contents/folder/secret.txt").status_code >= 400
    assert [each.name for each in secret.parent.iterdir()] == ["secret.txt"]
    assert secret.read_text() == SECRET


@as_root
def test_a_link_that_is_swapped_in_meanwhile_leads_no_further(
    rosa: Person, rosas_kernel: Kernel, secret: Path
) -> None:
    rosas_kernel.run(
        "import os, threading\n"
        "open('harmless', 'w').write('harmless')\n"
        "def swap():\n"
        "    while not os.path.exists('stop'):\n"
        f"        os.symlink({str(secret)!r}, 'new'); os.replace('new', 'swapped.txt')\n"
        "        os.link('harmless', 'new'); os.replace('new', 'swapped.txt')\n"
        "thread = threading.Thread(target=swap); thread.start()"
    )
    answers = []
    for number in range(60):
        answers.append(rosa.read("swapped.txt").text)
        rosa.save("swapped.txt", f"from the page {number}")
    rosas_kernel.run("open('stop', 'w').close(); thread.join()")
    assert not [each for each in answers if SECRET in each]
    assert secret.read_text() == SECRET


@pytest.mark.parametrize(
    "path",
    [
        "..", "../people.json", "%2e%2e/people.json", "..%2fpeople.json", "a/%2e%2e/%2e%2e/x",
        "%252e%252e%252fpeople.json", "a%00b", "a%5c..%5cb", "%2fetc%2fpasswd", "/etc/passwd",
        ".bashrc", "a/.ssh/keys", "%2ebashrc", ".ipynb_checkpoints/x",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder_or_to_hidden_files(rosa: Person, path: str) -> None:
    for answer in (rosa.read(path), rosa.save(path, "x"), rosa.ask("GET", f"/files/{path}")):
        assert answer.status_code in {400, 403, 404}, (path, answer.status_code)
        assert "root:" not in answer.text


def test_what_is_no_file_does_not_hold_up_its_person(rosa: Person, rosas_kernel: Kernel) -> None:
    rosas_kernel.run(
        "import os; os.mkfifo('pipe.txt'); open('huge.bin', 'wb').truncate(1 << 40)\n"
        "os.symlink('/dev/zero', 'endless.txt')"
    )
    assert rosa.read("pipe.txt").status_code == 400
    assert rosa.read("huge.bin").status_code == 413
    assert rosa.read("endless.txt").status_code == 400
    assert rosa.ask("GET", "/api/contents").status_code == 200


@as_root
def test_code_that_ends_the_process_of_its_files_ends_nothing_else(
    rosa: Person, rosas_kernel: Kernel
) -> None:
    rosa.save("kept.txt", "kept")
    rosas_kernel.run(
        "import os, pathlib, signal\n"
        "for each in pathlib.Path('/proc').glob('[0-9]*'):\n"
        "    try: command = (each / 'cmdline').read_bytes()\n"
        "    except OSError: continue\n"
        "    if b'worker.py' in command and b'/lab/' in command:\n"
        "        try: os.kill(int(each.name), signal.SIGKILL)\n"
        "        except OSError: pass"
    )
    assert rosa.read("kept.txt").json()["content"] == "kept"


def test_a_file_is_kept_by_a_browser_and_nothing_in_it_runs(rosa: Person) -> None:
    rosa.save("attack.html", "<script>parent.attacked = true</script>")
    answer = rosa.ask("GET", "/files/attack.html")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_notebook_is_trusted_because_it_says_so(rosa: Person) -> None:
    output = {
        "output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>1</script>"},
    }  # fmt: skip
    cell = {
        "cell_type": "code", "source": "", "metadata": {"trusted": True}, "execution_count": 1,
        "outputs": [output], "id": "a",
    }  # fmt: skip
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    saved = rosa.ask(
        "PUT", "/api/contents/trust.ipynb", type="notebook", format="json", content=content
    )
    assert saved.status_code == 201
    found = rosa.ask("GET", "/api/contents/trust.ipynb").json()["content"]["cells"][0]
    assert not found["metadata"].get("trusted")
    assert rosa.ask("POST", "/api/contents/trust.ipynb/trust").status_code == 403


def test_a_worked_notebook_is_copied_under_a_name_that_is_free(rosa: Person) -> None:
    names = []
    for _ in range(2):
        answer = rosa.session.post(
            f"{rosa.served.address}/notebooks",
            data={"name": "stages.ipynb", "_xsrf": rosa.session.cookies["_xsrf"]},
            allow_redirects=False,
        )
        names.append(answer.headers["Location"].removeprefix("/lab/tree/"))
    assert names == ["stages.ipynb", "stages-copy1.ipynb"]
    worked = json.loads((Path(__file__).parents[4] / "notebooks" / "stages.ipynb").read_text())
    copy = rosa.ask("GET", f"/api/contents/{names[1]}").json()["content"]
    assert [each["source"] for each in copy["cells"]] == [
        "".join(each["source"]) for each in worked["cells"]
    ]
    nothing = {"name": "../../etc/passwd", "_xsrf": rosa.session.cookies["_xsrf"]}
    assert rosa.session.post(f"{rosa.served.address}/notebooks", data=nothing).status_code == 404


def test_another_site_changes_nothing(rosa: Person, server: Served) -> None:
    body = {"type": "file", "format": "text", "content": "planted"}
    place = f"{server.address}/api/contents/planted.txt"
    without = requests.put(place, json=body, cookies=rosa.session.cookies)
    assert without.status_code == 403
    elsewhere = {**rosa.headers, "Origin": "https://evil.example"}
    answer = requests.put(place, json=body, cookies=rosa.session.cookies, headers=elsewhere)
    assert answer.status_code in {403, 404}
    posted = requests.post(
        f"{server.address}/notebooks", data={"name": "stages.ipynb"}, cookies=rosa.session.cookies
    )
    assert posted.status_code == 403
    assert not {"planted.txt"} & rosa.names()


@pytest.mark.parametrize("path", ["/lab", "/api/contents", "/api/sessions", "/notebooks"])
def test_who_may_run_no_code_has_no_jupyterlab_and_the_log_says_who_tried(
    path: str, server: Served
) -> None:
    rita = Person(server, "rita")
    assert rita.ask("GET", path).status_code == 403
    assert rita.open_notebook("x.ipynb").status_code == 403
    with open_archive(server.archive, Credentials("adam", Password(PASSWORD))) as opened:
        row = [each for each in read_audit(opened) if each.who == "rita"][-1]
    assert (row.action, row.outcome) == ("run_code", "refused")


@pytest.mark.parametrize(
    "path", ["/lab/api/news", "/lab/api/update", "/lab/api/extensions", "/lab/api/build",
    "/lab/api/plugins", "/lab/api/listings/@jupyterlab/x.json", "/api/terminals",
    "/nbconvert/html/trust.ipynb", "/view/attack.html", "/api/shutdown", "/api/config/notebook"],
)  # fmt: skip
def test_what_jupyterlab_could_do_beside_notebooks_is_closed(path: str, rosa: Person) -> None:
    assert rosa.ask("GET", path).status_code == 404


def test_a_page_that_is_left_open_does_not_keep_its_person_signed_in() -> None:
    kernel = f"/api/kernels/{uuid.uuid4()}"
    polled = (
        "/api/kernels",
        "/api/sessions",
        "/api/kernelspecs",
        kernel,
        "/api/contents",
        "/api/me",
    )
    rules = [find_rule("GET", each) for each in polled]
    assert all(rule is not None and not rule.is_use for rule in rules)
    saved = find_rule("PUT", "/api/contents/x.ipynb")
    assert saved is not None
    assert saved.is_use
    assert {row.pattern for row in ACCESS_RULES if not row.is_use and row.profiles is None} == set()


def test_notebooks_are_there_again_when_the_server_starts_again(
    served_archive: Path, tmp_path: Path
) -> None:
    archive, place = copied(served_archive, tmp_path), Path(tempfile.mkdtemp(dir="/var/tmp"))
    place.chmod(0o711)
    options = ("--notebooks", str(place / "notebooks"))
    try:
        uids = []
        for number in range(2):
            with serving(archive, *options) as served:
                rosa = Person(served, "rosa")
                assert rosa.names() == ({"kept.txt"} if number else set())
                rosa.save("kept.txt", "kept")
                kernel = rosa.kernel("x.ipynb")
                uids.append(kernel.run("import os; print(os.getgid(), open('kept.txt').read())"))
                kernel.close()
        assert uids[0] == uids[1]
        assert uids[0].split()[1] == "kept"
    finally:
        forget_claims(place)
        shutil.rmtree(place)


def test_a_server_without_kernels_keeps_no_notebooks(
    tmp_path: Path, served_archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from workbench.cli import main

    assert main(["serve", str(served_archive), "--notebooks", str(tmp_path / "notebooks")]) == 1
    assert "--notebooks needs --kernels" in capsys.readouterr().err
