"""Messages out of a pipe or a socket: few system calls, and no copy of a large message beyond the first."""

from __future__ import annotations

import os
from typing import Optional, Union

from .wire import WireError

#: Bytes that are asked for at once; what is larger is read straight to where it stays.
_chunk = 65536


class Reader:
    """Cuts messages. For one thread at a time."""

    __slots__ = ("_fd", "_rest", "_at", "limit")

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._rest = b""
        self._at = 0
        #: Bytes of the largest message.
        self.limit = limit

    def next(self) -> Optional[Union[bytes, bytearray]]:
        """The next message, without its length; None at the end. Raises WireError."""
        while True:
            rest, at = self._rest, self._at
            end = len(rest)
            length = shift = 0
            while at < end:
                byte = rest[at]
                at += 1
                length |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 35:
                    raise WireError("a length is too long")
            else:
                # not even the length is there
                chunk = self._read()
                if not chunk:
                    return None
                self._rest = rest[self._at :] + chunk
                self._at = 0
                continue
            if length > self.limit:
                raise WireError(f"a message has {length} bytes")
            stop = at + length
            if stop > end:
                return self._finish(rest[at:], length)
            if stop == end:
                self._rest = b""
                self._at = 0
            else:
                self._at = stop
            return rest[at:stop]

    def _finish(self, start: bytes, length: int) -> Optional[bytearray]:
        body = bytearray(length)
        body[: len(start)] = start
        self._rest = b""
        self._at = 0
        at = len(start)
        view = memoryview(body)
        while at < length:
            try:
                count = os.readv(self._fd, [view[at:]])
            except OSError:
                return None
            if count == 0:
                return None
            at += count
        return body

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, _chunk)
        except OSError:
            return b""
