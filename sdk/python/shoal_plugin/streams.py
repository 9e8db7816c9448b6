"""Streams: what a plugin writes and reads. The words are those of WebCodecs; times are integer microseconds."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Callable, Deque, Dict, Iterable, Iterator, List, Optional, Tuple

from .connection import Connection, Message
from .errors import ShoalError
from .wire import HEAD_SIZE, Record, decode_records, record_head

#: Bytes of the largest frame that the daemon takes.
_max_frame = 8 << 20

#: Bytes and frames that are sent in one message; a larger frame goes alone.
_batch_bytes = 192 << 10
_batch_frames = 1024

#: One access unit, audio packet or message: track, timestamp, key, data, decode_time, duration.
Frame = Record


@dataclass(frozen=True)
class Track:
    """One elementary stream."""

    id: int
    kind: str
    codec: str
    description: bytes = b""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0


def _check_size(data: bytes) -> None:
    if len(data) > _max_frame:
        raise ShoalError("ERR_FRAME_INVALID", f"A frame has {len(data)} bytes; the daemon takes {_max_frame}.")


def track_message(track: Track) -> Dict[str, Any]:
    """A track for the wire."""
    return {name: value for name, value in vars(track).items() if value}


class _Stream:
    def __init__(self, connection: Connection, number: int, path: str, tracks: List[Track]) -> None:
        self._connection = connection
        self._number = number
        self._change = threading.Condition()
        self._over = False
        self._forget: Callable[[], None] = lambda: None
        #: Why it ended, where it did not end by itself.
        self.error: Optional[ShoalError] = None
        self.path = path
        self.tracks: Tuple[Track, ...] = tuple(tracks)

    @property
    def closed(self) -> bool:
        """Is it over?"""
        return self._over

    def close(self, error: Optional[Exception] = None) -> None:
        """Ends it. Idempotent."""
        if not self._finish(None):
            return
        code = "" if error is None else getattr(error, "code", "ERR_SOURCE_FAILED")
        self._connection.send({"id": self._number, "close": {"code": code, "message": "" if error is None else str(error)[:1000]}})

    def _finish(self, error: Optional[ShoalError]) -> bool:
        with self._change:
            if self._over:
                return False
            self._over = True
            self.error = error
            self._change.notify_all()
        self._forget()
        return True

    def _closed(self, message: Message) -> None:
        self._finish(ShoalError(message["code"], message["message"]) if message["code"] else None)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close(error if isinstance(error, Exception) else None)


class Publication(_Stream):
    """The writing end of a stream."""

    def __init__(self, connection: Connection, number: int, path: str, tracks: List[Track], window: int) -> None:
        super().__init__(connection, number, path, tracks)
        self._credit = self._window = window
        self._order = threading.Lock()
        self._key_wanted = threading.Event()

    def write(
        self, data: bytes, timestamp: int, key: bool = True, track: int = 1, decode_time: Optional[int] = None, duration: Optional[int] = None
    ) -> bool:
        """Writes one frame; waits while the daemon is behind. False when the stream is over."""
        _check_size(data)
        head = record_head(track, timestamp, key, len(data), decode_time, duration)
        return self._send([head, data], HEAD_SIZE + len(data))

    def write_batch(self, frames: Iterable[Frame]) -> bool:
        """Writes frames together, which is cheaper than one by one."""
        parts: List[bytes] = []
        size = 0
        for frame in frames:
            _check_size(frame.data)
            if parts and (size + HEAD_SIZE + len(frame.data) > _batch_bytes or len(parts) >= 2 * _batch_frames):
                if not self._send(parts, size):
                    return False
                parts, size = [], 0
            parts += [record_head(frame.track, frame.timestamp, frame.key, len(frame.data), frame.decode_time, frame.duration), frame.data]
            size += HEAD_SIZE + len(frame.data)
        return self._send(parts, size) if parts else not self._over

    def key_wanted(self) -> bool:
        """Does a reader wait for a key frame? True once for each wish, every half second at most; make one soon, if you can."""
        if not self._key_wanted.is_set():
            return False
        self._key_wanted.clear()
        return True

    def update(self, track: Track) -> None:
        """Announces a track that is new or has changed."""
        self.tracks = tuple(known for known in self.tracks if known.id != track.id) + (track,)
        self._connection.send({"id": self._number, "tracks": {"tracks": [track_message(track)]}})

    def _send(self, parts: List[bytes], size: int) -> bool:
        if size > self._window:
            raise ShoalError("ERR_FRAME_INVALID", f"A frame of {size} bytes is larger than what may be under way.")
        # not within the condition: the thread that reads must not wait for one that writes
        with self._order:
            with self._change:
                while self._credit < size and not self._over:
                    self._change.wait()
                if self._over:
                    return False
                self._credit -= size
            self._connection.send_frames(self._number, parts, size)
        return True

    def _credited(self, count: int) -> None:
        with self._change:
            self._credit += count
            self._change.notify_all()


class Subscription(_Stream):
    """The reading end of a stream: iterate over batches of frames."""

    def __init__(self, connection: Connection, number: int, path: str, tracks: List[Track]) -> None:
        super().__init__(connection, number, path, tracks)
        self._queue: Deque[Tuple[Optional[Tuple[Track, ...]], bytes, int]] = deque()
        self._next_tracks: Optional[Tuple[Track, ...]] = None
        #: Frames skipped so far because this reader was late.
        self.dropped = 0

    def __iter__(self) -> Iterator[List[Frame]]:
        while True:
            with self._change:
                while not self._queue and not self._over:
                    self._change.wait()
                if not self._queue:
                    if self.error is not None:
                        raise self.error
                    return
                tracks, records, dropped = self._queue.popleft()
            if tracks is not None:
                self.tracks = tracks
            self.dropped = dropped
            frames = decode_records(records)
            self._connection.send({"id": self._number, "credit": {"bytes": len(records)}})
            yield frames

    def want_key(self) -> None:
        """Asks the publisher for a key frame, soon; nothing happens where it cannot make one."""
        if not self._over:
            self._connection.send({"id": self._number, "key_wanted": {}})

    def close(self, error: Optional[Exception] = None) -> None:
        """Ends it; an iteration ends too."""
        super().close(error)
        with self._change:
            self._queue.clear()

    def _received(self, frames: Message) -> None:
        with self._change:
            if self._over:
                return
            self._queue.append((self._next_tracks, frames["records"], frames["dropped"]))
            self._next_tracks = None
            self._change.notify_all()

    def _retracked(self, tracks: List[Track]) -> None:
        with self._change:
            self._next_tracks = tuple(tracks)
