"""Words for the codes that the catalog holds in clear, in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recorder_core.report.content import Language

__all__ = ["CODES", "code_text"]

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "pt", "es")

#: code -> words in English, Portuguese and Spanish
CODES: Final[Mapping[str, tuple[str, str, str]]] = {
    "laparoscope": ("laparoscope", "laparoscópio", "laparoscopio"),
    "monitor": ("multiparameter monitor", "monitor multiparamétrico", "monitor multiparamétrico"),
    "room camera": ("room camera", "câmera da sala", "cámara de sala"),
    "bis monitor": ("BIS monitor", "monitor BIS", "monitor BIS"),
    "microphone": ("microphone", "microfone", "micrófono"),
    "foot switch": ("foot switch", "pedal", "pedal"),
    "foot switch long": ("foot switch, held", "pedal, mantido", "pedal, mantenido"),
    "pause": ("pause", "pausa", "pausa"),
    "sound": ("sound", "som", "sonido"),
    "vital signs": ("vital signs", "sinais vitais", "signos vitales"),
    "composite": ("composite", "composição", "composición"),
    "original": ("original", "original", "original"),
    "deidentified": ("de-identified copy", "cópia desidentificada", "copia desidentificada"),
    "signals": ("signals", "sinais", "señales"),
    "raw": ("bytes of the monitors", "bytes dos monitores", "bytes de los monitores"),
    "screenshot": ("screenshot", "captura de tela", "captura de pantalla"),
    "report": ("report", "relatório", "informe"),
    "room": ("room view", "vista da sala", "vista de la sala"),
    "journal": ("journal of the recording", "diário da gravação", "diario de la grabación"),
    "cells": ("cells, then smoothing", "células, depois suavização", "celdas, luego suavizado"),
    "blur": ("blur", "desfoque", "desenfoque"),
    "mosaic": ("mosaic", "mosaico", "mosaico"),
    "solid": ("solid fill", "preenchimento sólido", "relleno sólido"),
    "recording": ("recording", "gravação", "grabación"),
    "room microphone": ("room microphone", "microfone da sala", "micrófono de sala"),
    "deidentification": (
        "report of the de-identification",
        "relatório da desidentificação",
        "informe de la desidentificación",
    ),
    "detections": ("detections", "detecções", "detecciones"),
    "redactions": ("redactions", "ocultações", "ocultaciones"),
    "bis": ("BIS", "BIS", "BIS"),
    "sqi": (
        "signal quality index",
        "índice de qualidade do sinal",
        "índice de calidad de la señal",
    ),
    "emg": ("EMG", "EMG", "EMG"),
    "sr": ("suppression ratio", "taxa de supressão", "tasa de supresión"),
    "sef": (
        "spectral edge frequency",
        "frequência de borda espectral",
        "frecuencia de borde espectral",
    ),
    "total power": ("total power", "potência total", "potencia total"),
    "burst rate": ("burst rate", "taxa de surtos", "tasa de brotes"),
    "heart rate": ("heart rate", "frequência cardíaca", "frecuencia cardíaca"),
    "spo2": ("SpO₂", "SpO₂", "SpO₂"),
    "etco2": ("EtCO₂", "EtCO₂", "EtCO₂"),
    "incision": ("incision", "incisão", "incisión"),
    "closure": ("closure", "fechamento", "cierre"),
    "induction": ("induction", "indução", "inducción"),
    "complication": ("complication", "complicação", "complicación"),
}


def code_text(code: str, language: Language) -> str:
    """Return the words for a code; an unknown one stays as it is, with spaces."""
    plain = code.replace("_", " ").replace("-", " ")
    words = CODES.get(plain.lower())
    return words[_LANGUAGES.index(language)] if words else plain
