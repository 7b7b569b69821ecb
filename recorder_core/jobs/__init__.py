"""Jobs: what joins the siblings into something that a person asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder_core.lazy_names import lazy_names

if TYPE_CHECKING:
    from recorder_core.jobs.archive import (
        Archive as Archive,
        Credentials as Credentials,
        open_archive as open_archive,
    )
    from recorder_core.jobs.deidentify.report.stage_times import (
        stage_times_dict as stage_times_dict,
        write_stage_times as write_stage_times,
    )
    from recorder_core.jobs.deidentify.report.summary import (
        DeidentifyResult as DeidentifyResult,
    )
    from recorder_core.jobs.deidentify.rerender import (
        RerenderRequest as RerenderRequest,
        deidentify_or_rerender as deidentify_or_rerender,
        rerender_copy as rerender_copy,
    )
    from recorder_core.jobs.deidentify.sidecars import (
        sidecar as sidecar,
    )
    from recorder_core.jobs.deidentify.video import (
        DeidentifyRequest as DeidentifyRequest,
        deidentify_video as deidentify_video,
    )
    from recorder_core.jobs.detection.detect import (
        detect_in_video as detect_in_video,
    )
    from recorder_core.jobs.detection.pictures import (
        detect_in_pictures as detect_in_pictures,
    )
    from recorder_core.jobs.inputs.options import (
        DeidentifyOptions as DeidentifyOptions,
        DetectOptions as DetectOptions,
    )
    from recorder_core.jobs.machine import (
        MachineFacts as MachineFacts,
        machine_facts as machine_facts,
    )
    from recorder_core.jobs.measuring.copy_score import (
        score_copy as score_copy,
    )
    from recorder_core.jobs.progress import (
        Progress as Progress,
        Say as Say,
        no_progress as no_progress,
        say_nothing as say_nothing,
    )
    from recorder_core.jobs.verification.allowed import (
        Allowed as Allowed,
    )


#: no job needs all of them
__getattr__, __all__ = lazy_names(__name__, __file__)
