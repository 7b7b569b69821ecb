# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# distutils: extra_compile_args = -O3 -funroll-loops
"""Kernel behind `view_input.view_to_input`: private, trusts its arguments.

Row by row, everything in the processor's first cache: the source rows under one
output row are mixed (vertical filter), the mixed row is mixed along itself
(horizontal filter), then colour matrix, clipping and mean make the three output
rows. Chroma terms are kept as long as the output rows share their chroma rows.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memset


cdef void mix_rows(
    const uint8_t* rows, Py_ssize_t stride, const float* weights, Py_ssize_t taps,
    Py_ssize_t width, float* mixed,
) noexcept nogil:
    """Vertical filter: weighted sum of `taps` source rows."""
    cdef Py_ssize_t x, k
    cdef float w0 = weights[0], w1
    cdef const uint8_t* above = rows
    cdef const uint8_t* below
    if taps == 1:
        for x in range(width):
            mixed[x] = w0 * above[x]
        return
    below = rows + stride
    w1 = weights[1]
    for x in range(width):
        mixed[x] = w0 * above[x] + w1 * below[x]
    for k in range(2, taps):
        w0 = weights[k]
        if w0 != 0.0:
            above = rows + k * stride
            for x in range(width):
                mixed[x] += w0 * above[x]


cdef void mix_columns(
    const float* row, const Py_ssize_t* first, const float* weights, Py_ssize_t taps,
    int step, Py_ssize_t count, float* mixed,
) noexcept nogil:
    """Horizontal filter: `taps` neighbours of one row for each output column.

    `step` 1 is a copy, 2 the mean of pairs, -2 doubling that starts at an even
    place, 0 anything else.
    """
    cdef Py_ssize_t j, k
    cdef float total
    cdef const float* source
    if step == 1:
        for j in range(count):
            mixed[j] = row[j]
    elif step == 2:
        for j in range(count):
            mixed[j] = 0.5 * (row[2 * j] + row[2 * j + 1])
    elif step == -2:
        for j in range(count // 2):
            mixed[2 * j] = row[j]
            mixed[2 * j + 1] = row[j]
        if count % 2:
            mixed[count - 1] = row[count // 2]
    elif taps == 1:
        for j in range(count):
            mixed[j] = row[first[j]]
    elif taps == 2:
        for j in range(count):
            source = row + first[j]
            mixed[j] = weights[2 * j] * source[0] + weights[2 * j + 1] * source[1]
    elif taps == 3:
        for j in range(count):
            source = row + first[j]
            mixed[j] = (
                weights[3 * j] * source[0]
                + weights[3 * j + 1] * source[1]
                + weights[3 * j + 2] * source[2]
            )
    else:
        for j in range(count):
            source = row + first[j]
            total = 0.0
            for k in range(taps):
                total += weights[taps * j + k] * source[k]
            mixed[j] = total


cdef void chroma_terms(
    float* u_to_blue, float* v_to_red, float* green, const float* color, Py_ssize_t count
) noexcept nogil:
    """Replace rows of U and V by what they add to blue and red; green goes beside them."""
    cdef Py_ssize_t j
    cdef float u, v
    cdef float bu = color[1], gu = color[2], gv = color[3], rv = color[4]
    cdef float b0 = color[5], g0 = color[6], r0 = color[7]
    for j in range(count):
        u = u_to_blue[j]
        v = v_to_red[j]
        green[j] = gu * u + gv * v + g0
        u_to_blue[j] = bu * u + b0
        v_to_red[j] = rv * v + r0


cdef void finish_channel(
    const float* luma, const float* term, float gain, float mean, Py_ssize_t count, float* channel
) noexcept nogil:
    """One output row: luma plus chroma term, clipped to 0..255, minus the mean."""
    cdef Py_ssize_t j
    cdef float value
    for j in range(count):
        value = gain * luma[j] + term[j]
        value = value if value > 0.0 else 0.0
        value = value if value < 255.0 else 255.0
        channel[j] = value - mean


def fill_input(
    const uint8_t[:, :] y,
    const uint8_t[:, :] u,
    const uint8_t[:, :] v,
    luma_columns,
    luma_rows,
    chroma_columns,
    chroma_rows,
    const float[::1] color,
    float[::1] scratch,
    float[:, :, ::1] out,
):
    """Fill `out` (3, H, W) from planes that begin at the view.

    Taps are tuples (first, weights, step); `color` holds the luma gain, the chroma
    factors and offsets, then the mean of blue, green and red; `scratch` has room
    for two source rows and five output rows.
    """
    cdef const Py_ssize_t[::1] lc_first = luma_columns[0]
    cdef const float[:, ::1] lc_weights = luma_columns[1]
    cdef int lc_step = luma_columns[2]
    cdef const Py_ssize_t[::1] lr_first = luma_rows[0]
    cdef const float[:, ::1] lr_weights = luma_rows[1]
    cdef const Py_ssize_t[::1] cc_first = chroma_columns[0]
    cdef const float[:, ::1] cc_weights = chroma_columns[1]
    cdef int cc_step = chroma_columns[2]
    cdef const Py_ssize_t[::1] cr_first = chroma_rows[0]
    cdef const float[:, ::1] cr_weights = chroma_rows[1]
    cdef Py_ssize_t width = y.shape[1], chroma_width = u.shape[1]
    cdef Py_ssize_t columns = lc_first.shape[0], rows = lr_first.shape[0]
    cdef Py_ssize_t padding = out.shape[2] - columns
    cdef Py_ssize_t i, k, taps = cr_weights.shape[1]
    cdef bint same
    cdef float* row = &scratch[0]
    cdef float* luma = row + width
    cdef float* blue = luma + columns
    cdef float* red = blue + columns
    cdef float* green = red + columns
    with nogil:
        for i in range(rows):
            same = i > 0 and cr_first[i] == cr_first[i - 1]
            if same:
                for k in range(taps):
                    same = same and cr_weights[i, k] == cr_weights[i - 1, k]
            if not same:
                mix_rows(&u[cr_first[i], 0], u.strides[0], &cr_weights[i, 0], taps,
                         chroma_width, row)
                mix_columns(row, &cc_first[0], &cc_weights[0, 0], cc_weights.shape[1],
                            cc_step, columns, blue)
                mix_rows(&v[cr_first[i], 0], v.strides[0], &cr_weights[i, 0], taps,
                         chroma_width, row)
                mix_columns(row, &cc_first[0], &cc_weights[0, 0], cc_weights.shape[1],
                            cc_step, columns, red)
                chroma_terms(blue, red, green, &color[0], columns)
            if lc_step == 1:
                mix_rows(&y[lr_first[i], 0], y.strides[0], &lr_weights[i, 0],
                         lr_weights.shape[1], width, luma)
            else:
                mix_rows(&y[lr_first[i], 0], y.strides[0], &lr_weights[i, 0],
                         lr_weights.shape[1], width, row)
                mix_columns(row, &lc_first[0], &lc_weights[0, 0], lc_weights.shape[1],
                            lc_step, columns, luma)
            finish_channel(luma, blue, color[0], color[8], columns, &out[0, i, 0])
            finish_channel(luma, green, color[0], color[9], columns, &out[1, i, 0])
            finish_channel(luma, red, color[0], color[10], columns, &out[2, i, 0])
            if padding > 0:
                for k in range(3):
                    memset(&out[k, i, columns], 0, padding * sizeof(float))
        if out.shape[1] > rows:
            for k in range(3):
                memset(&out[k, rows, 0], 0,
                       (out.shape[1] - rows) * out.shape[2] * sizeof(float))
