"""Pages whose notebook does not come to its end, or whose kernel does not live so long."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.waiting import wait_until
from tests.workbench.server.conftest import serving
from tests.workbench.server.kernels.kernel_client import kernel_processes

#: of the server, so that nobody waits two minutes
_IMPATIENT = "import workbench.server.pages.dashboards as pages; pages.MAX_PAGE_SECONDS = 6.0"


def _notebook(path: Path, source: str) -> None:
    cell = {
        "cell_type": "code", "source": source, "metadata": {}, "execution_count": None,
        "outputs": [], "id": "a",
    }  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python", "language": "python"}
    metadata = {"kernelspec": kernel}
    content = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))


def test_a_page_ends_whatever_its_kernel_does(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    folder.mkdir()
    sources = {
        "busy": "while True: pass",
        "stopped": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "gone": "import os; os._exit(3)",
    }
    for name, source in sources.items():
        _notebook(folder / f"{name}.ipynb", source)
    options = ("--dashboards", str(folder))
    with serving(archive, *options, kernels=False, before=_IMPATIENT) as served:
        session = served.sign_in("rita")
        pages = [f"{served.address}/voila/render/{name}.ipynb" for name in sources]
        with ThreadPoolExecutor(len(pages)) as pool:
            texts = [answer.text for answer in pool.map(session.get, pages)]
        for text in texts:
            assert text.rstrip().endswith("</html>")
            assert "The page did not open" in text
            assert text.count('role="alert"') == 1
        # nobody would find their kernels again
        wait_until(lambda: not kernel_processes(served))
