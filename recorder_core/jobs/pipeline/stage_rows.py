"""The ten timed stages of de-identifying, and what runs beside them.

The work is done by four threads that overlap: the *reader* decodes, the *detector*
finds and tracks faces, the *redactor* redacts them, the *writer* saves. Each row of the
table belongs to one thread; the rows of a thread, its waiting included, add up to
the wall time, and what no row explains is shown as a row of its own.

References
----------
.. [1] Mobilon et al., "Medical image video recorder with computer vision and face
   blurring", J. Health Inform. 16 (2024), Table 1: the ten sections.
"""

from __future__ import annotations

from typing import Final

from recorder_core.timing import Row, StageRows

__all__ = ["STAGES", "TEN_STAGES"]

STAGES: Final = StageRows(
    threads=("reader", "detector", "redactor", "writer"),
    rows=(
        Row("startup", "start-up", 1, "writer", is_around=True),
        Row("crop", "crop", 2, "detector"),
        Row("image_processing", "image processing", 3, "detector"),
        Row("inference", "inference", 4, "detector"),
        Row("box_decoding", "box (variance) decoding", 5, "detector"),
        Row("score_filtering", "score filtering", 6, "detector"),
        Row("score_sorting", "score sorting", 7, "detector"),
        Row("nms", "non-maximum suppression", 8, "detector"),
        Row("redaction", "redaction (blur)", 9, "redactor"),
        Row("saving", "frame saving", 10, "writer"),
        Row("decode", "decoding", None, "reader"),
        Row("reader_wait", "waiting (queue full, or done)", None, "reader"),
        Row("tracking", "tracking", None, "detector"),
        Row("detector_wait", "waiting (for frames, or done)", None, "detector"),
        Row("redactor_wait", "waiting (for frames, or done)", None, "redactor"),
        Row("writer_wait", "waiting for frames", None, "writer"),
        Row("checking", "checking segments", None, "writer"),
        Row("assembly", "joining segments and audio", None, "writer", is_around=True),
        Row("verification", "verification", None, "writer", is_around=True),
    ),
)
TEN_STAGES: Final[tuple[Row, ...]] = STAGES.numbered
