"""Pieces of work that lists of tasks show."""

from __future__ import annotations

from typing import Optional

from .connection import Connection
from .wire import plain


class Task:
    """A piece of work that ``shoal tasks`` shows; ends with its ``with``."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        self._tell("running", "", 0, 0)

    def progress(self, text: str = "", done: int = 0, total: int = 0) -> None:
        """So much of ``total`` is done; 0 = not known."""
        self._tell("running", text, done, total)

    def waits(self, text: str = "") -> None:
        """It waits to try again."""
        self._tell("backoff", text, 0, 0)

    def end(self, error: Optional[BaseException] = None) -> None:
        """It is over."""
        self._tell("done" if error is None else "failed", "" if error is None else str(error) or type(error).__name__, 0, 0)

    def __enter__(self) -> "Task":
        return self

    def __exit__(self, kind: object, error: Optional[BaseException], trace: object) -> None:
        self.end(error)

    def _tell(self, state: str, text: str, done: int, total: int) -> None:
        report = {"name": plain(self.name[:100]), "state": state, "text": plain(text[:200]), "done": done, "total": total}
        self._connection.send({"task": report})
