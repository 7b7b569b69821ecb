"""The promises that the repository makes about itself."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import recorder_core
import workbench
from recorder_core import errors

ROOT = Path(__file__).resolve().parent.parent
#: of a function, without its docstring
MAX_BODY_LINES = 40
MAX_MODULE_LINES = 400


def _modules() -> list[str]:
    found = []
    for package in (recorder_core, workbench):
        found += [
            info.name
            for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
            if not info.name.rsplit(".", 1)[1].startswith("_")
        ]
    return found


def _tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_exported_names_exist_and_are_there_once() -> None:
    names, wrong = _modules(), []
    for name in names:
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", [""])
        wrong += [f"{name}.{item}" for item in exported if not hasattr(module, item)]
        wrong += [f"{name}.{item} twice" for item in set(exported) if exported.count(item) > 1]
    assert len(names) > 800
    assert wrong == []


def test_no_function_is_longer_than_forty_lines() -> None:
    long, count = [], 0
    folders = ("recorder_core", "workbench", "tools", "profiling")
    for path in (path for folder in folders for path in ROOT.glob(f"{folder}/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                count += 1
                if body and (body[-1].end_lineno or 0) - body[0].lineno + 1 > MAX_BODY_LINES:
                    long.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert count > 1000
    assert long == []


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    paths = [*ROOT.glob("recorder_core/**/*.py"), *ROOT.glob("workbench/**/*.py")]
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in paths
    }
    assert len(lengths) > 400
    assert {name for name, lines in lengths.items() if lines > MAX_MODULE_LINES} == set()


def test_tests_stand_in_the_rooms_of_what_they_test() -> None:
    rooms = {
        path.parent.relative_to(ROOT / "tests")
        for package in ("recorder_core", "workbench")
        for path in (ROOT / "tests" / package).rglob("test_*.py")
    }
    assert len(rooms) > 40
    assert [
        str(room) for room in sorted(rooms) if not (ROOT / room / "__init__.py").is_file()
    ] == []


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")


@pytest.mark.usefixtures("tools")
def test_readme_says_what_the_benchmarks_wrote() -> None:
    figures = importlib.import_module("make_readme_figures")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == figures.readme_text(readme)


@pytest.mark.usefixtures("tools")
def test_environment_file_is_made_from_pyproject() -> None:
    environment = importlib.import_module("make_environment")
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment.environment_text()


def _error_tree() -> dict[str, str]:
    """Return each error in the tree of the module's docstring, and the one above it."""
    tree: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").partition("::")[2].splitlines():
        depth = (len(line) - len(line.lstrip()) - 2) // 2
        if line.startswith("  "):
            name = line.split()[0]
            above[depth - 1 :] = [name]
            tree[name] = above[depth - 2] if depth > 1 else "Exception"
    return tree


def test_every_error_is_exported_and_in_the_tree_below_its_base_with_a_sentence() -> None:
    defined = {
        name: error
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, Exception)
    }
    assert sorted(defined) == errors.__all__
    assert {name: error.__mro__[1].__name__ for name, error in defined.items()} == _error_tree()
    for error in defined.values():
        assert issubclass(error, errors.RecorderError)
        assert (error.__doc__ or "").strip().endswith(".")


def test_importing_the_program_loads_no_heavy_library() -> None:
    code = (
        "import sys, recorder_core.jobs, workbench.cli\n"
        "heavy = {'torch', 'openvino', 'cv2', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_no_footage_key_or_machine_path_is_in_the_repository() -> None:
    media = re.compile(r"\.(mp4|mov|mkv|avi|pem|key|p12)$", re.IGNORECASE)
    private = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|/(root|home/[a-z]+)/")
    for path in _tracked_files():
        assert not media.search(path.name), path
        if path.suffix in {".py", ".pyx", ".md", ".toml", ".yml", ".json", ""} and path != Path(
            __file__
        ):
            assert not private.search(path.read_bytes()), path


#: instead of these a docstring has a verb of the field: Return, Yield, Raise, Write, Grant, ...
EVERYDAY_VERBS = frozenset(
    [
        "Bring",
        "Do",
        "Get",
        "Give",
        "Go",
        "Hand",
        "Have",
        "Lend",
        "Let",
        "Look",
        "Put",
        "Say",
        "See",
        "Take",
        "Tell",
        "Throw",
    ]
)


def test_docstrings_open_with_a_verb_of_the_field() -> None:
    for path in _tracked_files():
        if path.suffix != ".py" or "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                opening = (ast.get_docstring(node) or "-").split()[0].rstrip(",;:")
                where = f"{path.relative_to(ROOT)}: {node.name}"
                assert opening not in EVERYDAY_VERBS, f"{where}: {opening}"


def _named(dotted: str) -> object:
    """Return what a dotted name names; AttributeError if there is none."""
    package, *names = dotted.split(".")
    found: object = importlib.import_module(package)
    for name in names:
        if isinstance(found, ModuleType) and not hasattr(found, name):
            importlib.import_module(f"{found.__name__}.{name}")
        found = getattr(found, name)
    return found


def test_references_in_docstrings_lead_to_what_they_say() -> None:
    role = re.compile(r":(func|class|meth|mod):`~?((?:recorder_core|workbench)\.[\w.]+)`")
    folders = ("recorder_core", "workbench", "tools", "profiling")
    for path in (path for folder in folders for path in ROOT.glob(f"{folder}/**/*.py")):
        for kind, dotted in role.findall(path.read_text(encoding="utf-8")):
            is_module = isinstance(_named(dotted), ModuleType)
            assert is_module is (kind == "mod"), f"{path.relative_to(ROOT)}: {dotted}"


def test_links_in_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
