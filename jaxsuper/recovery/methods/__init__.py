"""Methods that look for circuits in exported networks; each hands in an answer to be scored."""

from ._options import Options
from ._registry import Method, METHODS, recover


__all__ = ["METHODS", "Method", "Options", "recover"]
