# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# distutils: extra_compile_args = -O3 -funroll-loops
"""Kernel behind `nms.suppress_overlaps`: private, trusts its arguments."""

from libc.stdint cimport uint8_t


def mark_kept(const float[:, ::1] boxes, double max_iou, uint8_t[::1] kept):
    """Set `kept` to 0 where a better box, that is an earlier and kept one, overlaps.

    Products of float32 differences are exact in double precision, so the decision
    equals that of the NumPy version. `kept` comes in filled with ones.
    """
    cdef Py_ssize_t i, j, count = boxes.shape[0]
    cdef double width, height, shared, area, other
    with nogil:
        for i in range(count):
            if not kept[i]:
                continue
            area = (<double> boxes[i, 2] - boxes[i, 0]) * (<double> boxes[i, 3] - boxes[i, 1])
            for j in range(i + 1, count):
                if not kept[j]:
                    continue
                width = <double> min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
                if width <= 0:
                    continue
                height = <double> min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
                if height <= 0:
                    continue
                shared = width * height
                other = (<double> boxes[j, 2] - boxes[j, 0]) * (<double> boxes[j, 3] - boxes[j, 1])
                if shared > max_iou * (area + other - shared):
                    kept[j] = 0
