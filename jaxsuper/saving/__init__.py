"""Circuits, allocations, networks, programs and measurements on disk, one file each."""

from ._classes import classes, register
from ._saving import contents, load, save


__all__ = ["classes", "contents", "load", "register", "save"]
