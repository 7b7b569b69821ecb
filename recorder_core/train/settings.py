"""Everything a training run is made of, read from a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

from recorder_core.errors import SettingsError
from recorder_core.train.loss import LossSettings
from recorder_core.train.matching import MatchingSettings
from recorder_core.train.samples import SampleSettings
from recorder_core.train.teacher import TeacherSettings

__all__ = ["DataSettings", "OptimiserSettings", "RunSettings", "TrainingSettings", "read_settings"]


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where the pictures are; relative paths start at the settings file's folder."""

    #: COCO annotation file of the photos to learn from
    train: Path = Path("faces/train.json")
    #: sets to leave out, to test on them
    left_out_sets: tuple[str, ...] = ()
    #: folders of pictures without a face, and the glob patterns of the files used
    rooms: Path | None = None
    rooms_pattern: str = "*.jpg"
    empties: Path | None = None
    empties_pattern: str = "*.jpg"
    #: photos are kept in memory at no more than this length of the longer side
    max_side_px: int = 1280


@dataclass(frozen=True, slots=True)
class OptimiserSettings:
    """How the weights move."""

    method: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 2e-4
    #: of SGD
    momentum: float = 0.9
    weight_decay: float = 1e-4
    #: "cosine" falls to `final_factor`; "steps" multiplies at given numbers of steps
    schedule: Literal["cosine", "steps"] = "cosine"
    warmup_steps: int = 200
    final_factor: float = 0.02
    decay_at_steps: tuple[int, ...] = ()
    decay_factors: tuple[float, ...] = ()
    max_gradient_norm: float = 10.0
    #: names that begin so are not trained
    frozen: tuple[str, ...] = ("body.stage1.0",)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How long, from where and to where."""

    #: weights to start from, which are the teacher too; None: those of the program
    start: Path | None = None
    output: Path = Path("run")
    steps: int = 6000
    batch_size: int = 16
    seed: int = 1
    threads: int = 2
    #: "folded": statistics fixed and folded into the convolutions; "live": they follow
    #: the batches
    batch_norm: Literal["folded", "live"] = "folded"
    #: share of the old average kept at each step
    ema_decay: float = 0.998
    log_every_steps: int = 20
    checkpoint_every_steps: int = 100
    #: averaged weights are also kept at these intervals, to choose among
    snapshot_every_steps: int = 1000


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """One training run."""

    data: DataSettings = field(default_factory=DataSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    run: RunSettings = field(default_factory=RunSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    matching: MatchingSettings = field(default_factory=MatchingSettings)
    teacher: TeacherSettings = field(default_factory=TeacherSettings)
    sample: SampleSettings = field(default_factory=SampleSettings)


def read_settings(path: Path) -> TrainingSettings:
    """Read a training run from a TOML file; what it leaves out keeps its default.

    Parameters
    ----------
    path : Path
        Tables ``data``, ``optimiser``, ``run``, ``loss``, ``matching``, ``teacher``,
        ``sample.mix``, ``sample.view``, ``sample.scene`` and ``sample.photometry``,
        with the fields of the settings classes. Relative paths start at the file's
        folder.

    Raises
    ------
    SettingsError
        If the file cannot be read, or holds a table or field that does not exist or
        a value of the wrong kind.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"settings file {path} cannot be read: {exc.strerror}") from exc
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"settings file {path} is not valid TOML: {exc}") from exc
    return _build(TrainingSettings, content, path.parent, "")


_Settings = TypeVar("_Settings")


def _build(kind: type[_Settings], values: dict[str, Any], folder: Path, place: str) -> _Settings:
    hints = get_type_hints(kind)
    for name in values:
        if name not in hints:
            raise SettingsError(f"there is no setting {place}{name}")
    return kind(**{n: _convert(hints[n], v, folder, f"{place}{n}") for n, v in values.items()})


def _convert(hint: Any, value: Any, folder: Path, name: str) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise SettingsError(f"{name} must be a table")
        return _build(hint, value, folder, f"{name}.")
    if "Path" in str(hint):
        if not isinstance(value, str):
            raise SettingsError(f"{name} must be a path, as text")
        return folder / Path(value).expanduser()
    if str(hint).startswith("tuple"):
        if not isinstance(value, list):
            raise SettingsError(f"{name} must be a list")
        return tuple(value)
    return _check_plain(hint, value, name)


def _check_plain(hint: Any, value: Any, name: str) -> Any:
    choices = getattr(hint, "__args__", None)
    if choices is not None:
        if value not in choices:
            raise SettingsError(f"{name} is {value!r}; choose one of {', '.join(choices)}")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise SettingsError(f"{name} is {value!r}; it must be of type {hint.__name__}")
    return value
