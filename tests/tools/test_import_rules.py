from __future__ import annotations

import copy
import importlib
import re
import tomllib
from collections.abc import Mapping
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import grimp
import pytest
from importlinter import Contract
from importlinter.configuration import configure
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

ROOT: Final = Path(__file__).resolve().parents[2]
PROJECT: Final[dict[str, Any]] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)
RULES: Final[dict[str, Any]] = PROJECT["tool"]["importlinter"]
OWNERS: Final[Mapping[str, list[str]]] = next(
    each["owners"] for each in RULES["contracts"] if each["type"] == "owners"
)
ARROWS: Final = "Arrows point down only"
CIRCLES: Final = "Siblings never import each other in a circle"
CORE: Final = "The core knows nothing of what a person touches"
FACADE: Final = "What a person touches reaches an archive by its facade"
DATA: Final = "Data sets need neither video nor tables"
FLOORS: Final = "Commands above server and widgets, and these above the client"
OWNED: Final = "Each dependency has its owners"


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        *RULES["root_packages"], include_external_packages=True, cache_dir=None
    )


@pytest.fixture(scope="module")
def contracts() -> list[Contract]:
    configure()
    module, _, name = RULES["contract_types"][0].removeprefix("owners: ").rpartition(".")
    kinds: dict[str, type[Contract]] = {
        "acyclic_siblings": AcyclicSiblingsContract,
        "forbidden": ForbiddenContract,
        "layers": LayersContract,
        "owners": getattr(importlib.import_module(module), name),
    }
    return [
        kinds[each["type"]](
            each["name"],
            RULES,
            {key: str(value) if isinstance(value, bool) else value for key, value in each.items()},
        )
        for each in RULES["contracts"]
    ]


def _broken(
    graph: grimp.ImportGraph, contracts: list[Contract], *imports: tuple[str, str]
) -> set[str]:
    """Return the names of the contracts that these imports break, were they added."""
    changed = copy.deepcopy(graph)
    for importer, imported in imports:
        is_own = imported.partition(".")[0] in RULES["root_packages"]
        changed.add_module(importer)
        if imported not in changed.modules:
            changed.add_module(imported, is_squashed=not is_own)
        changed.add_import(importer=importer, imported=imported)
    return {each.name for each in contracts if not each.check(copy.deepcopy(changed), False).kept}


def test_the_program_keeps_its_rules(graph: grimp.ImportGraph, contracts: list[Contract]) -> None:
    assert {each.name for each in contracts} == {
        ARROWS,
        CIRCLES,
        CORE,
        DATA,
        FACADE,
        FLOORS,
        OWNED,
    }
    assert _broken(graph, contracts) == set()


@pytest.mark.parametrize(
    ("importer", "imported", "rule"),
    [
        # a dependency in another's hands, in old rooms and in some that are not built yet
        ("recorder_core.archive.files", "sqlite3", OWNED),
        ("recorder_core.catalog.events.events", "cryptography", OWNED),
        ("recorder_core.media.decode.sequential", "cv2", OWNED),
        ("recorder_core.evaluation.matching", "PIL", OWNED),
        ("recorder_core.deidentify.tracking", "torch", OWNED),
        ("recorder_core.jobs.detection.detect", "openvino", OWNED),
        ("recorder_core.jobs.measuring.copy_score", "pyarrow", OWNED),
        ("recorder_core.jobs.archive.reports.reporting", "reportlab", OWNED),
        ("recorder_core.jobs.detection.detect", "ipywidgets", OWNED),
        ("recorder_core.jobs.detection.detect", "anywidget", OWNED),
        ("recorder_core.tables.join", "jupyter_server", OWNED),
        ("recorder_core.report.chart", "voila", OWNED),
        ("recorder_core.evaluation.wider", "nbformat", OWNED),
        ("workbench.cli.detectors.train", "torch", OWNED),
        ("workbench.cli.event.event", "sqlite3", OWNED),
        ("recorder_core.media.decode.sequential", "requests", OWNED),
        ("recorder_core.jobs.archive.access.session", "av", OWNED),
        ("recorder_core.capture.source", "av", OWNED),
        # a room that is not everybody's
        ("recorder_core.report.chart", "recorder_core.deidentify.tracking", OWNED),
        ("recorder_core.train.run.loop", "recorder_core.deidentify.smoothing", OWNED),
        ("recorder_core.api", "recorder_core.deidentify.boxes", OWNED),
        # an arrow that points up, or to a sibling
        ("recorder_core.media.decode.sequential", "recorder_core.detect.anchors", ARROWS),
        ("recorder_core.model.frames.views", "recorder_core.media.container.info", ARROWS),
        ("recorder_core.archive.files", "recorder_core.catalog.events.events", ARROWS),
        ("recorder_core.jobs.detection.detect", "workbench.cli.deidentify.detect", CORE),
        # an archive behind its facade
        ("workbench.cli.event.event", "recorder_core.catalog", FACADE),
        ("workbench.server.entrance.sessions", "recorder_core.archive.secrets.secret", FACADE),
        ("workbench.cli.event.event", "recorder_core.jobs.archive.acting", FACADE),
        ("workbench.cli.event.event", "recorder_core.jobs.archive.sealed_record", FACADE),
        ("workbench.client.archive", "recorder_core.jobs.archive.event.event", FACADE),
        ("recorder_core.datasets.formats.coco", "recorder_core.media.pictures.still", DATA),
        # circles: between rooms, and on one floor of a room
        (
            "recorder_core.detect.networks.retinaface.design",
            "recorder_core.detect.networks.retinaface._torch",
            CIRCLES,
        ),
        (
            "recorder_core.detect.networks.family",
            "recorder_core.detect.networks.families",
            CIRCLES,
        ),
        ("recorder_core.detect.weights.weights", "recorder_core.detect.engines.choice", CIRCLES),
        ("recorder_core.jobs.progress", "recorder_core.jobs.archive.events.importing", CIRCLES),
        ("workbench.notebooks.evaluation", "workbench.cli.main", FLOORS),
    ],
)
def test_a_breach_is_caught(
    graph: grimp.ImportGraph,
    contracts: list[Contract],
    importer: str,
    imported: str,
    rule: str,
) -> None:
    assert importer in graph.modules
    assert imported in graph.modules or (rule == OWNED and "." not in imported)
    assert rule in _broken(graph, contracts, (importer, imported))


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("recorder_core.dicom.push", "av"),
        ("recorder_core.upload.nextcloud", "requests"),
        ("workbench.panels.player", "torch"),
        ("recorder_core.lens.zernike", "sqlite3"),
    ],
)
def test_a_new_package_owns_nothing_until_the_table_says_so(
    graph: grimp.ImportGraph, contracts: list[Contract], importer: str, imported: str
) -> None:
    assert importer not in graph.modules
    assert OWNED in _broken(graph, contracts, (importer, imported))


def test_all_of_an_archive_but_its_words_is_behind_the_facade(graph: grimp.ImportGraph) -> None:
    [forbidden] = [each for each in RULES["contracts"] if each["name"] == FACADE]
    inside = graph.find_children("recorder_core.jobs.archive")
    assert inside - set(forbidden["forbidden_modules"]) == {"recorder_core.jobs.archive.words"}


def test_a_new_package_must_find_its_place_in_the_layers(
    graph: grimp.ImportGraph, contracts: list[Contract]
) -> None:
    changed = copy.deepcopy(graph)
    changed.add_module("recorder_core.upload")
    arrows = next(each for each in contracts if each.name == ARROWS)
    assert not arrows.check(changed, False).kept


def test_the_rooms_of_tomorrow_have_their_place(
    graph: grimp.ImportGraph, contracts: list[Contract]
) -> None:
    rooms = (
        "workbench",
        "workbench.client",
        "workbench.wire",
        "workbench.server",
        "workbench.widgets",
    )
    good = [
        ("workbench.cli.main", "workbench.server"),
        ("workbench.cli.main", "workbench.client"),
        ("workbench.server", "workbench.wire"),
        ("workbench.client", "workbench.wire"),
        ("workbench.widgets", "workbench.client"),
        ("workbench.widgets", "anywidget"),
    ]
    assert _broken(graph, contracts, *good) == set()
    for wrong in (
        ("workbench.client", "workbench.server"),
        ("workbench.wire", "workbench.client"),
        ("workbench.client", "workbench.cli.main"),
        ("workbench.widgets", "workbench.server"),
        ("workbench.server", "workbench.cli.main"),
    ):
        assert FLOORS in _broken(graph, contracts, *((room, "errno") for room in rooms), wrong)


def test_live_sources_and_composing_stand_above_media_and_beside_each_other(
    graph: grimp.ImportGraph, contracts: list[Contract]
) -> None:
    capture, composite = "recorder_core.capture.clock", "recorder_core.composite.layout"
    good = [
        ("recorder_core.capture", capture),
        ("recorder_core.composite", composite),
        (capture, "recorder_core.media.video"),
        (composite, "recorder_core.model.frames.views"),
        ("recorder_core.jobs.progress", capture),
    ]
    assert _broken(graph, contracts, *good) == set()
    for wrong in (
        (capture, composite),
        (composite, capture),
        (capture, "recorder_core.detect.anchors"),
        (composite, "recorder_core.simulate.pasting"),
        ("recorder_core.media.video", capture),
    ):
        assert ARROWS in _broken(graph, contracts, *good, wrong)


def test_no_module_imports_itself_over_others(graph: grimp.ImportGraph) -> None:
    own = {name for name in graph.modules if name.partition(".")[0] in RULES["root_packages"]}
    imports = {name: graph.find_modules_directly_imported_by(name) & own for name in own}
    # what is compiled is no Python: its import is counted as one of the whole package
    core = {name for name in own if name.startswith("recorder_core.")}
    compiled = {name for name in core if "recorder_core" in imports[name]}
    assert compiled == {
        "recorder_core.deidentify.redaction",
        "recorder_core.detect.nms",
        "recorder_core.detect.view_input",
    }
    for name in compiled:
        imports[name] -= {"recorder_core"}
    assert set(TopologicalSorter(imports).static_order()) == own


def test_every_dependency_of_the_project_has_an_owner() -> None:
    names = metadata.packages_distributions()
    for requirement in PROJECT["project"]["dependencies"]:
        match = re.match(r"[A-Za-z0-9-]+", requirement)
        assert match
        wanted = match[0].lower().replace("_", "-")
        modules = {
            module
            for module, distributions in names.items()
            if wanted in {each.lower().replace("_", "-") for each in distributions}
        }
        assert modules & OWNERS.keys(), f"{requirement} has no owner in the table"


def test_nothing_of_jupyter_belongs_to_the_core() -> None:
    jupyter = {"IPython", "anywidget", "ipywidgets", "nbformat", "traitlets", "voila"} | {
        name for name in OWNERS if name.startswith(("jupyter", "nb", "ipy"))
    }
    assert jupyter <= OWNERS.keys()
    assert all(owner.startswith("workbench") for name in jupyter for owner in OWNERS[name])
