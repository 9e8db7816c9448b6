"""The one error class."""

from __future__ import annotations


class ShoalError(Exception):
    """An error with a stable code: one the daemon answered, or one that a handler raises to choose its code."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message or code
