"""The version, where every module can read it without knowing of the Python API that the package itself offers."""

__version__ = "0.1.0"
