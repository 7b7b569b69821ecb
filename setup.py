"""Build of the Cython kernels; everything else is in pyproject.toml."""

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = {
    "recorder_core.detect._view_input_cy": "recorder_core/detect/_view_input_cy.pyx",
    "recorder_core.detect._nms_cy": "recorder_core/detect/_nms_cy.pyx",
    "recorder_core.deidentify._redaction_cy": "recorder_core/deidentify/_redaction_cy.pyx",
}

setup(
    ext_modules=cythonize(
        [
            Extension(
                name,
                [source],
                include_dirs=[numpy.get_include()],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
                extra_compile_args=["-O3", "-funroll-loops"],
            )
            for name, source in KERNELS.items()
        ],
        compiler_directives={
            "language_level": 3,
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
        },
    )
)
