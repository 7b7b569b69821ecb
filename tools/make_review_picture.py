"""Make the picture of the review page in the documentation, from a simulated surgery.

Run it with Chromium installed, as a user without root's rights: the kernels of a server that root
starts are other users', who may not be able to read this program.
The faces of the simulation are mixed evenly, so that none is a real person's.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from contextlib import closing
from fractions import Fraction
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from recorder_core.archive import Argon2Settings, Password
from recorder_core.catalog import Profile
from recorder_core.detect import DetectorSettings
from recorder_core.jobs import DeidentifyOptions
from recorder_core.jobs.archive import (
    Credentials,
    EventDeidentifyRequest,
    ImportRequest,
    add_user,
    create_archive,
    deidentify_event,
    import_video,
    open_archive,
    rank_event,
)
from recorder_core.simulate import SimulationSettings, simulate

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "review.jpg"
WORDS = "simulated surgery"
RUN = "import sys; from workbench.cli import main; sys.exit(main(sys.argv[1:]))"


def make_archive(folder: Path) -> tuple[Path, str]:
    """Return an archive with a ranked copy of a simulated surgery, and the event's id."""
    video, archive_path = folder / "surgery.mp4", folder / "archive"
    settings = SimulationSettings(
        duration_seconds=24,
        width=1280,
        height=720,
        frame_rate=Fraction(25),
        seed=5,
        blend_only=True,
    )
    simulate(video, settings, folder / "truth.parquet")
    quick = Argon2Settings(memory_kib=64, iterations=1, lanes=1)
    create_archive(
        archive_path,
        site_code="simulated",
        administrator="adam",
        password=Password(WORDS),
        password_cost=quick,
    )
    with open_archive(archive_path, Credentials("adam", Password(WORDS))) as archive:
        add_user(archive, "ana", Profile.REVIEWER, Password(WORDS))
    with open_archive(archive_path, Credentials("ana", Password(WORDS))) as archive:
        event = import_video(archive, ImportRequest(source=video, procedure_code="lap-chole")).event
        # a small picture of the room, so that the detector misses something to look at
        options = DeidentifyOptions(view="surgery-box", detector=DetectorSettings(long_side_px=320))
        deidentify_event(
            archive, event.event_id, EventDeidentifyRequest(work=folder, options=options)
        )
        rank_event(archive, event.event_id)
    return archive_path, event.event_id


def take_picture(page: Page, address: str, event_id: str) -> bytes:
    """Return the page of a review as a picture."""
    page.set_default_timeout(180_000)
    page.goto(f"{address}login?next=/review/{event_id}")
    page.get_by_label("Login").fill("ana")
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Sign in").click(no_wait_after=True)
    page.locator(".wb-card").first.wait_for()
    page.wait_for_function("document.querySelector('.wb-review').review.player.places")
    page.wait_for_timeout(3000)
    return page.screenshot()


def main() -> None:
    """Make the picture."""
    with tempfile.TemporaryDirectory(prefix="review-picture-") as name:
        archive, event_id = make_archive(Path(name))
        command = [sys.executable, "-c", RUN, "serve", str(archive), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
            try:
                address = (server.stdout.readline() if server.stdout else "").split()[-1]
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(
                        executable_path="/usr/bin/chromium", args=["--no-sandbox"]
                    )
                    with closing(browser):
                        size = {"width": 1440, "height": 900}
                        page = browser.new_page(viewport=size, color_scheme="dark")
                        picture = take_picture(page, address, event_id)
            finally:
                server.terminate()
    Image.open(io.BytesIO(picture)).convert("RGB").save(PICTURE, quality=85)


if __name__ == "__main__":
    main()
