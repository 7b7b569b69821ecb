"""Where inference runs: one interface, several engines, and the reason for the choice."""

from recorder_core.detect.engines.building import build_engine
from recorder_core.detect.engines.choice import (
    ENGINE_NAMES,
    EngineChoice,
    EngineFact,
    choose_engine,
    engine_facts,
)
from recorder_core.detect.engines.engine import Engine

__all__ = [
    "ENGINE_NAMES",
    "Engine",
    "EngineChoice",
    "EngineFact",
    "build_engine",
    "choose_engine",
    "engine_facts",
]
