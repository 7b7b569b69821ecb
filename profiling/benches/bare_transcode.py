"""Decode and encode a video as the whole job does, and nothing else: the floor.

python profiling/benches/bare_transcode.py INPUT OUTPUT
"""

from __future__ import annotations

import argparse
from pathlib import Path

from recorder_core.media import EncoderSettings, bare_transcode, index_frames, probe


def main() -> None:
    """Transcode one file with the program's default encoder settings."""
    parser = argparse.ArgumentParser(description="Decode and encode a video, nothing else.")
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--preset", default=EncoderSettings().preset)
    options = parser.parse_args()
    info = probe(options.input)
    settings = EncoderSettings(preset=options.preset)
    bare_transcode(info, index_frames(info), options.output, settings)


if __name__ == "__main__":
    main()
