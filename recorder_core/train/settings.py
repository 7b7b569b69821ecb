"""Everything a training run is made of, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from recorder_core.detect.networks import RETINAFACE
from recorder_core.detect.networks.family import NetworkName
from recorder_core.errors import SettingsError
from recorder_core.train.learning.assignment import AssignmentSettings
from recorder_core.train.learning.loss import LossSettings
from recorder_core.train.learning.matching import MatchingSettings
from recorder_core.train.learning.two_stage_objective import SamplingSettings
from recorder_core.train.samples.mining import MiningSettings
from recorder_core.train.samples.samples import SampleSettings
from recorder_core.train.samples.teacher import TeacherSettings

__all__ = [
    "DataSettings",
    "OptimiserSettings",
    "RunSettings",
    "ScaleSettings",
    "TrainingSettings",
    "read_settings",
]

_COUNTS = (
    "steps",
    "batch_size",
    "threads",
    "log_every_steps",
    "checkpoint_every_steps",
    "snapshot_every_steps",
)


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where the pictures are; relative paths start at the settings file's folder."""

    #: the photos to learn from: a data set in any format that can be read
    train: Path = Path("faces/train.json")
    #: folder of its pictures; None: where the format says
    images: Path | None = None
    #: what labels stand for: the file's -> "face", "with_mask", ..., or itself for no face
    labels: Mapping[str, Any] = field(default_factory=dict)
    #: sets to leave out, to test on them
    left_out_sets: tuple[str, ...] = ()
    #: labelled pictures that are not trained on: measured before and after; None: neither
    validation: Path | None = None
    #: folder of its pictures; None: that of `images`
    validation_images: Path | None = None
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
    #: shifts and batch norms are pulled to zero too, as PyTorch does by itself
    decays_shifts: bool = False
    #: "cosine" falls to `final_factor`; "steps" multiplies at given numbers of steps
    schedule: Literal["cosine", "steps"] = "cosine"
    warmup_steps: int = 200
    final_factor: float = 0.02
    decay_at_steps: tuple[int, ...] = ()
    #: the same in inputs (pictures seen), for recipes that count so; a change comes with
    #: the first step that has seen at least so many
    decay_at_inputs: tuple[int, ...] = ()
    decay_factors: tuple[float, ...] = ()
    #: longer gradients are shortened to this; inf: none is
    max_gradient_norm: float = 10.0
    #: tensors whose names begin so are not trained
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decay_at_steps and self.decay_at_inputs:
            raise SettingsError("give optimiser.decay_at_steps or decay_at_inputs, not both")
        places = self.decay_at_steps or self.decay_at_inputs
        if places and self.schedule != "steps":
            raise SettingsError('the places of decay need optimiser.schedule "steps"')
        if len(places) != len(self.decay_factors):
            raise SettingsError(
                f"{len(places)} places where the learning rate changes do not fit "
                f"{len(self.decay_factors)} decay_factors"
            )
        if self.learning_rate <= 0 or self.max_gradient_norm <= 0:
            raise SettingsError(
                "optimiser.learning_rate and max_gradient_norm must be greater than 0"
            )


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What is trained, how long, from where and to where."""

    #: name of the detector
    detector: NetworkName = RETINAFACE.name
    #: weights to start from; None: those of the program if some come with it, else none
    start: Path | None = None
    #: without `start`: weights of a classifier for the backbone, all else being new
    backbone: Path | None = None
    output: Path = Path("run")
    steps: int = 6000
    batch_size: int = 16
    seed: int = 1
    #: processor threads of the network
    threads: int = 2
    #: processes that make samples; 0: made between the steps
    workers: int = 1
    #: "auto" takes an NVIDIA card where one can be used
    device: Literal["auto", "cpu", "cuda"] = "auto"
    #: number format of the forward pass; weights and losses stay float32
    precision: Literal["f32", "bf16"] = "f32"
    #: "live": the statistics of batch norms follow the batches; "fixed": batch norms stay
    #: as they are; "folded": their statistics stay, and training is faster (RetinaFace)
    batch_norm: Literal["live", "fixed", "folded"] = "live"
    #: share of the old average kept at each step
    ema_decay: float = 0.998
    log_every_steps: int = 20
    checkpoint_every_steps: int = 100
    #: averaged weights are also kept at these intervals, to choose among
    snapshot_every_steps: int = 1000

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise SettingsError(f"run.{name} is {getattr(self, name)}; it must be at least 1")
        if self.workers < 0 or not 0 <= self.ema_decay < 1:
            raise SettingsError("run.workers must not be below 0, run.ema_decay lies in [0, 1)")


@dataclass(frozen=True, slots=True)
class ScaleSettings:
    """Multi-scale training: every batch is enlarged or shrunk by one of several factors."""

    #: the factors, each as likely as the others; none: no change
    factors: tuple[float, ...] = ()
    #: the first step that does so
    from_step: int = 0

    def __post_init__(self) -> None:
        if any(factor <= 0 for factor in self.factors):
            raise SettingsError("scale.factors must be greater than 0")


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """One training run."""

    data: DataSettings = field(default_factory=DataSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    run: RunSettings = field(default_factory=RunSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    matching: MatchingSettings = field(default_factory=MatchingSettings)
    assignment: AssignmentSettings = field(default_factory=AssignmentSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    mining: MiningSettings = field(default_factory=MiningSettings)
    teacher: TeacherSettings = field(default_factory=TeacherSettings)
    sample: SampleSettings = field(default_factory=SampleSettings)
    scale: ScaleSettings = field(default_factory=ScaleSettings)
    #: sizes of a new network, as its family reads them; empty: the family's default
    network: Mapping[str, Any] = field(default_factory=dict)
    #: anchors of a new network, the fields of `AnchorSettings`; empty: the family's
    anchors: Mapping[str, Any] = field(default_factory=dict)


def read_settings(path: Path) -> TrainingSettings:
    """Read a training run from a TOML file; what it leaves out keeps its default.

    Parameters
    ----------
    path : Path
        Tables ``data``, ``optimiser``, ``run``, ``loss``, ``matching``, ``assignment``,
        ``sampling``, ``mining``, ``teacher``, ``scale``, ``sample.mix``, ``sample.view``,
        ``sample.scene``, ``sample.photometry``, ``network`` and ``anchors``, with the
        fields of the settings classes. Relative paths start at the file's folder.

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
    is_table = get_origin(hint) is Mapping or (is_dataclass(hint) and isinstance(hint, type))
    if is_table and not isinstance(value, dict):
        raise SettingsError(f"{name} must be a table")
    if is_dataclass(hint) and isinstance(hint, type):
        return _build(hint, value, folder, f"{name}.")
    if "Path" in str(hint):
        if not isinstance(value, str):
            raise SettingsError(f"{name} must be a path, as text")
        return folder / Path(value).expanduser()
    if str(hint).startswith("tuple"):
        return _convert_list(hint, value, name)
    return value if is_table else _check_plain(hint, value, name)


def _convert_list(hint: Any, value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SettingsError(f"{name} must be a list")
    kinds = get_args(hint)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise SettingsError(f"{name} has {len(value)} values; it needs {len(kinds)}")
    return tuple(_check_plain(kind, each, name) for kind, each in zip(kinds, value, strict=True))


def _check_plain(hint: Any, value: Any, name: str) -> Any:
    if hint == (float | None):
        hint = float
    choices = get_args(hint)
    if choices:
        if value not in choices:
            raise SettingsError(f"{name} is {value!r}; choose one of {', '.join(choices)}")
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise SettingsError(f"{name} is {value!r}; it must be of type {hint.__name__}")
    return value
