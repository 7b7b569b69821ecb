# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Kernel behind `redaction.redact`: one plane, private, trusts its arguments.

A shape is averaged from the plane as the shapes before it left it: where it lies on them
it says nothing that they do not say. Levels are whole numbers times 256 held in float32
(below 2**24, hence exact), so that the loops over samples vectorise and the NumPy version
agrees.
"""

from libc.math cimport ceil, fabs, floor, sqrt
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cdef extern from *:
    """
    /* in single precision: a plain number would make C compute in double */
    #define FULL 256.0f
    #define PER_FULL (1.0f / 256.0f)
    #define HALF 0.5f
    #define NONE 0.0f
    """
    const float FULL
    const float PER_FULL
    const float HALF
    const float NONE

# columns of `grids`, as `redaction._plane_tables` writes them
cdef enum:
    CLIP_X0, CLIP_Y0, CLIP_X1, CLIP_Y1
    READ_X0, READ_Y0, READ_X1, READ_Y1
    GRID_X0, GRID_Y0, GRID_X1, GRID_Y1
    COLUMNS, ROWS, REACH_X, REACH_Y

# columns of `ellipses`
cdef enum:
    CENTRE_X, CENTRE_Y, INVERSE_RADIUS_X, INVERSE_RADIUS_Y, OUTER_SQUARE, GAIN


cdef struct Levels:
    # distance between two levels that a cell may take; 0: not quantised
    int step
    int lowest
    int highest
    # level of a solid fill; -1: none
    int fill


cdef struct Scratch:
    uint32_t* column_sums
    float* square_x
    float* fraction
    uint8_t* level
    float* above
    float* below
    Py_ssize_t* cell
    int64_t* prefix
    int64_t* line


cdef struct Span:
    # cells that hold at least one readable sample, half-open
    Py_ssize_t first
    Py_ssize_t stop


cdef Span filled_cells(int64_t low, int64_t high, int64_t start, int64_t stop, int64_t n) noexcept nogil:
    """Cells whose samples meet [low, high); cell k is [k L // n, (k + 1) L // n)."""
    cdef Span span
    cdef int64_t length = stop - start
    span.first = ((low - start + 1) * n - 1) // length
    span.stop = ((high - start) * n - 1) // length + 1
    return span


cdef float cell_level(int64_t total, int64_t count, Levels levels) noexcept nogil:
    """Mean times 256, rounded; or the nearest allowed level times 256."""
    cdef int64_t mean = (total * 256 + count // 2) // count
    cdef int64_t level
    if levels.step == 0:
        return mean
    level = (mean + levels.step * 128) // (levels.step * 256) * levels.step
    return min(max(level, levels.lowest), levels.highest) * 256


cdef void average_cells(
    const uint8_t* plane, Py_ssize_t stride, const int64_t* g, Levels levels,
    Span across, Span down, float* cells, uint32_t* sums,
) noexcept nogil:
    """Fill `cells` (rows x columns) with the means of their readable samples."""
    cdef Py_ssize_t row, column, x, y, y0, y1, x0, x1
    cdef Py_ssize_t width = g[READ_X1] - g[READ_X0]
    cdef int64_t wide = g[GRID_X1] - g[GRID_X0], high = g[GRID_Y1] - g[GRID_Y0], total
    cdef const uint8_t* samples
    for row in range(down.first, down.stop):
        y0 = max(g[READ_Y0], g[GRID_Y0] + row * high // g[ROWS])
        y1 = min(g[READ_Y1], g[GRID_Y0] + (row + 1) * high // g[ROWS])
        memset(sums, 0, width * sizeof(uint32_t))
        for y in range(y0, y1):
            samples = plane + y * stride + g[READ_X0]
            for x in range(width):
                sums[x] += samples[x]
        for column in range(across.first, across.stop):
            x0 = max(g[READ_X0], g[GRID_X0] + column * wide // g[COLUMNS]) - g[READ_X0]
            x1 = min(g[READ_X1], g[GRID_X0] + (column + 1) * wide // g[COLUMNS]) - g[READ_X0]
            total = 0
            for x in range(x0, x1):
                total += sums[x]
            cells[row * g[COLUMNS] + column] = cell_level(total, (x1 - x0) * (y1 - y0), levels)


cdef void running_mean(
    float* cells, Py_ssize_t step, Py_ssize_t count, Py_ssize_t reach, Scratch* scratch,
) noexcept nogil:
    """Replace each cell of a line by the mean of its neighbours that exist, three times."""
    cdef Py_ssize_t turn, i, low, high
    cdef int64_t size
    for i in range(count):
        scratch.line[i] = <int64_t> cells[i * step]
    for turn in range(3):
        scratch.prefix[0] = 0
        for i in range(count):
            scratch.prefix[i + 1] = scratch.prefix[i] + scratch.line[i]
        for i in range(count):
            low = max(0, i - reach)
            high = min(count, i + reach + 1)
            size = high - low
            scratch.line[i] = (scratch.prefix[high] - scratch.prefix[low] + size // 2) // size
    for i in range(count):
        cells[i * step] = scratch.line[i]


cdef void blur_cells(
    const int64_t* g, Span across, Span down, float* cells, Scratch* scratch,
) noexcept nogil:
    """Blur the filled cells, along rows and then along columns."""
    cdef Py_ssize_t row, column
    for row in range(down.first, down.stop):
        running_mean(
            cells + row * g[COLUMNS] + across.first, 1, across.stop - across.first,
            g[REACH_X], scratch,
        )
    for column in range(across.first, across.stop):
        running_mean(
            cells + down.first * g[COLUMNS] + column, g[COLUMNS], down.stop - down.first,
            g[REACH_Y], scratch,
        )


cdef int64_t cell_position(
    int64_t offset, int64_t length, int64_t n, Span span, bint smooth
) noexcept nogil:
    """Place of a sample among the cells' centres, in 1/256 cells."""
    cdef int64_t position
    if smooth:
        position = (2 * offset + 1) * n * 128 // length - 128
    else:
        position = ((offset + 1) * n - 1) // length * 256
    return min(max(position, span.first * 256), (span.stop - 1) * 256)


cdef double squared_distance(
    Py_ssize_t sample, int sample_px, double centre, double inverse_radius
) noexcept nogil:
    """Squared distance of the sample's nearest luma pixel, in radii."""
    cdef double distance = fabs(sample * sample_px + 0.5 - centre)
    if sample_px == 2:
        distance = min(distance, fabs(sample * 2 + 1.5 - centre))
    return distance * distance * (inverse_radius * inverse_radius)


cdef void spread_cells(
    const float* cells, const Py_ssize_t* cell, const float* fraction, Py_ssize_t width,
    Py_ssize_t last_cell, float* spread,
) noexcept nogil:
    """Interpolate one row of cells to the width of the shape."""
    cdef Py_ssize_t x, k
    cdef float sum
    for x in range(width):
        k = cell[x]
        sum = cells[k] * FULL + fraction[x] * (cells[min(k + 1, last_cell)] - cells[k])
        spread[x] = <float> (<int> (sum * PER_FULL + HALF))


cdef void mix_rows(
    const float* above, const float* below, float share, Py_ssize_t first, Py_ssize_t stop,
    uint8_t* level,
) noexcept nogil:
    """Interpolate between two spread rows of cells."""
    cdef Py_ssize_t x
    cdef float sum
    for x in range(first, stop):
        sum = above[x] * FULL + share * (below[x] - above[x])
        level[x] = <uint8_t> (<int> (sum * PER_FULL * PER_FULL + HALF))


cdef void blend_row(
    uint8_t* samples, const uint8_t* level, const float* square_x, Py_ssize_t first,
    Py_ssize_t end, float square_y, float outer_square, float gain,
) noexcept nogil:
    """Mix levels into the samples of the soft edge."""
    cdef Py_ssize_t x
    cdef float weight, sample
    for x in range(first, end):
        weight = (outer_square - (square_x[x] + square_y)) * gain
        weight = NONE if weight < NONE else weight
        weight = FULL if weight > FULL else weight
        weight = <float> (<int> weight)
        sample = samples[x]
        sample = sample * FULL + weight * (level[x] - sample)
        samples[x] = <uint8_t> (<int> (sample * PER_FULL + HALF))


cdef Span chord(
    double square_radius, double square_y, int sample_px, const double* e, Py_ssize_t start,
    Py_ssize_t width, int growth,
) noexcept nogil:
    """Samples of a row inside an ellipse, widened (or narrowed) by `growth` samples."""
    cdef Span span
    cdef double half
    span.first = 0
    span.stop = 0
    if square_y >= square_radius:
        return span
    half = sqrt(square_radius - square_y) / e[INVERSE_RADIUS_X]
    span.first = <Py_ssize_t> floor((e[CENTRE_X] - half) / sample_px) - growth - start
    span.stop = <Py_ssize_t> ceil((e[CENTRE_X] + half) / sample_px) + growth - start
    span.first = min(max(span.first, 0), width)
    span.stop = min(max(span.stop, span.first), width)
    return span


cdef void prepare_columns(
    int sample_px, const double* e, const int64_t* g, Span across, bint smooth, Scratch* scratch
) noexcept nogil:
    """Work out once what all rows of a shape share."""
    cdef Py_ssize_t x
    cdef int64_t position
    for x in range(g[CLIP_X1] - g[CLIP_X0]):
        position = cell_position(
            g[CLIP_X0] + x - g[GRID_X0], g[GRID_X1] - g[GRID_X0], g[COLUMNS], across, smooth
        )
        scratch.cell[x] = position >> 8
        scratch.fraction[x] = position & 255
        scratch.square_x[x] = squared_distance(
            g[CLIP_X0] + x, sample_px, e[CENTRE_X], e[INVERSE_RADIUS_X]
        )


cdef void paint_row(
    uint8_t* samples, int sample_px, double square_y, float share, const double* e,
    const int64_t* g, Scratch* s,
) noexcept nogil:
    """Write one row of a shape: the core is replaced, the soft edge mixed."""
    cdef Py_ssize_t width = g[CLIP_X1] - g[CLIP_X0]
    cdef Span outer = chord(e[OUTER_SQUARE], square_y, sample_px, e, g[CLIP_X0], width, 1)
    cdef Span core = chord(1.0, square_y, sample_px, e, g[CLIP_X0], width, -2)
    if core.first == core.stop:
        core.first = core.stop = outer.first
    mix_rows(s.above, s.below, share, outer.first, outer.stop, s.level)
    blend_row(
        samples, s.level, s.square_x, outer.first, core.first, square_y, e[OUTER_SQUARE], e[GAIN]
    )
    memcpy(samples + core.first, s.level + core.first, core.stop - core.first)
    blend_row(
        samples, s.level, s.square_x, core.stop, outer.stop, square_y, e[OUTER_SQUARE], e[GAIN]
    )


cdef void paint(
    uint8_t* plane, Py_ssize_t stride, int sample_px, const double* e, const int64_t* g,
    Span across, Span down, bint smooth, const float* cells, Scratch* s,
) noexcept nogil:
    """Write one shape into the plane."""
    cdef Py_ssize_t y, row, current = -1, width = g[CLIP_X1] - g[CLIP_X0]
    cdef Py_ssize_t last = across.stop - 1
    cdef int64_t position
    cdef double square_y
    prepare_columns(sample_px, e, g, across, smooth, s)
    for y in range(g[CLIP_Y0], g[CLIP_Y1]):
        position = cell_position(
            y - g[GRID_Y0], g[GRID_Y1] - g[GRID_Y0], g[ROWS], down, smooth
        )
        row = position >> 8
        if row != current:
            spread_cells(cells + row * g[COLUMNS], s.cell, s.fraction, width, last, s.above)
            current = row
            row = min(row + 1, down.stop - 1)
            spread_cells(cells + row * g[COLUMNS], s.cell, s.fraction, width, last, s.below)
        square_y = squared_distance(y, sample_px, e[CENTRE_Y], e[INVERSE_RADIUS_Y])
        paint_row(
            plane + y * stride + g[CLIP_X0], sample_px, square_y, position & 255, e, g, s
        )


cdef bint take_scratch(Scratch* s, Py_ssize_t width, Py_ssize_t cells) noexcept nogil:
    """Allocate working rows for `width` samples and `cells` cells in a line."""
    s.column_sums = <uint32_t*> malloc(width * sizeof(uint32_t))
    s.square_x = <float*> malloc(width * sizeof(float))
    s.fraction = <float*> malloc(width * sizeof(float))
    s.level = <uint8_t*> malloc(width)
    s.cell = <Py_ssize_t*> malloc(width * sizeof(Py_ssize_t))
    s.above = <float*> malloc(width * sizeof(float))
    s.below = <float*> malloc(width * sizeof(float))
    s.prefix = <int64_t*> malloc((cells + 1) * sizeof(int64_t))
    s.line = <int64_t*> malloc(cells * sizeof(int64_t))
    return (
        s.column_sums != NULL and s.square_x != NULL and s.fraction != NULL and s.level != NULL
        and s.cell != NULL and s.above != NULL and s.below != NULL and s.prefix != NULL
        and s.line != NULL
    )


cdef void free_scratch(Scratch* s) noexcept nogil:
    free(s.column_sums)
    free(s.square_x)
    free(s.fraction)
    free(s.level)
    free(s.cell)
    free(s.above)
    free(s.below)
    free(s.prefix)
    free(s.line)


cdef void redact_shapes(
    uint8_t* plane, Py_ssize_t stride, int sample_px, const double[:, ::1] ellipses,
    const int64_t[:, ::1] grids, Levels levels, bint smooth, float* cells, Scratch* scratch,
) noexcept nogil:
    """Average the cells of one shape after the other, and paint them before the next is read."""
    cdef Py_ssize_t i, k
    cdef Span across, down
    cdef const int64_t* g
    for i in range(grids.shape[0]):
        g = &grids[i, 0]
        across = filled_cells(g[READ_X0], g[READ_X1], g[GRID_X0], g[GRID_X1], g[COLUMNS])
        down = filled_cells(g[READ_Y0], g[READ_Y1], g[GRID_Y0], g[GRID_Y1], g[ROWS])
        for k in range(g[COLUMNS] * g[ROWS]):
            cells[k] = levels.fill * 256 if levels.fill >= 0 else 0
        if levels.fill < 0:
            average_cells(plane, stride, g, levels, across, down, cells, scratch.column_sums)
        if g[REACH_X] > 0:
            blur_cells(g, across, down, cells, scratch)
        paint(
            plane, stride, sample_px, &ellipses[i, 0], g, across, down, smooth, cells, scratch
        )


def redact_plane(
    uint8_t[:, :] plane, int sample_px, const double[:, ::1] ellipses,
    const int64_t[:, ::1] grids, int step, int lowest, int highest, int fill, bint smooth,
):
    """Redact shapes in one plane whose samples are `sample_px` luma pixels wide.

    `ellipses` is (N, 6), `grids` (N, 16); see the enumerations above. Rows may be
    padded, samples of a row lie side by side.
    """
    cdef Py_ssize_t i, width = 1, line = 1, most = 1
    cdef Levels levels = Levels(step, lowest, highest, fill)
    cdef Scratch scratch
    cdef float* cells
    cdef bint complete
    if grids.shape[0] == 0:
        return
    for i in range(grids.shape[0]):
        width = max(width, grids[i, READ_X1] - grids[i, READ_X0])
        width = max(width, grids[i, CLIP_X1] - grids[i, CLIP_X0])
        line = max(line, max(grids[i, COLUMNS], grids[i, ROWS]))
        most = max(most, grids[i, COLUMNS] * grids[i, ROWS])
    with nogil:
        cells = <float*> malloc(most * sizeof(float))
        complete = take_scratch(&scratch, width, line) and cells != NULL
        if complete:
            redact_shapes(
                &plane[0, 0], plane.strides[0], sample_px, ellipses, grids, levels, smooth, cells,
                &scratch,
            )
        free_scratch(&scratch)
        free(cells)
    if not complete:
        raise MemoryError("no memory to redact a frame")
