"""The recorder core: media, detection, de-identification. Imports nothing of Jupyter."""

__version__ = "0.1.0"
__all__ = ["__version__"]
