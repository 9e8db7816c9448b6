"""
Messages to and from the daemon. The thread that reads a call also serves it, because waking another one costs more than most calls;
when a call waits, or takes longer than a few milliseconds, another thread goes on reading.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from typing import Any, Callable, Dict, List, Optional

from .errors import ShoalError
from .reader import Reader
from .wire import decode, encode, read_payload, reply_message, varint

Message = Dict[str, Any]

#: Threads that wait for their turn; more than these end.
_spare_threads = 4

#: Calls to the daemon that may be open, until it says its own limit.
_calls = 1024

#: Seconds after which a call counts as one that takes long.
_patience = 0.005


class Spare:
    """A thread that waits for its turn."""

    __slots__ = ("ident", "turn")

    def __init__(self, ident: int) -> None:
        self.ident = ident
        self.turn = threading.Event()


class Call:
    """A call to the daemon, until it is answered."""

    __slots__ = ("event", "answer")

    def __init__(self) -> None:
        self.event = threading.Event()
        self.answer: Optional[Message] = None


class Connection:
    """The plugin's end of the pipe. ``quick`` handles what must stay in order and must not wait; ``slow`` may wait."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._input = Reader(read_fd, (8 << 20) + (1 << 20))
        self._input_fd = read_fd
        self._largest = (8 << 20) + (192 << 10)
        self._output = write_fd
        self._write_lock = threading.Lock()
        self._call_lock = threading.Lock()
        self._state_lock = threading.Lock()
        self._calls: Dict[int, Call] = {}
        #: For the calls that may be open; further ones wait.
        self._room = threading.Semaphore(_calls)
        self._last = 0
        self._reader = 0
        self._busy = 0.0
        self._spare: List[Spare] = []
        self._called = threading.Event()
        #: The same as a plain value, which costs less to look at.
        self._quiet = True
        self.closed = threading.Event()
        self.quick: Callable[[Message], bool] = lambda message: False
        self.slow: Callable[[Message], None] = lambda message: None
        #: Answers a payload; undefined answers are told by raising. None until the plugin has started.
        self.payload: Optional[Callable[[str, str, bytes], Optional[bytes]]] = None
        self.failure: Callable[[BaseException], Message] = lambda error: {"code": "ERR_PLUGIN_FAILED", "message": str(error)}

    def send(self, message: Message) -> None:
        """Writes a message. After the end it does nothing. Raises ShoalError: ERR_PAYLOAD_TOO_LARGE."""
        body = encode(message)
        self._check(len(body))
        self._write([varint(len(body)) + body])

    def send_frames(self, stream: int, parts: List[bytes], size: int) -> None:
        """Writes frames of a stream; ``parts`` are the records, of ``size`` bytes in all, and are not copied."""
        inner = b"\x0a" + varint(size)
        outer = b"\x08" + varint(stream) + b"\xf2\x01" + varint(len(inner) + size) + inner
        self._write([varint(len(outer) + size) + outer, *parts])

    def call(self, part: Message, timeout: Optional[float] = None, opened: Optional[Callable[[int, Message], None]] = None) -> Message:
        """
        Calls the daemon and returns the answer. ``opened`` is called with the id and the answer before any later message is
        read. Raises ShoalError with the daemon's code, or ERR_TIMEOUT after ``timeout`` seconds.
        """
        call = Call() if opened is None else OpeningCall(opened)
        room = self._room
        if not room.acquire(blocking=False):
            self.hand_over()
            if not room.acquire(timeout=timeout):
                raise ShoalError("ERR_TIMEOUT", f"Other calls of the plugin took more than {timeout} s.")
        try:
            return self._call(call, part, timeout)
        finally:
            room.release()

    def _call(self, call: Call, part: Message, timeout: Optional[float]) -> Message:
        # ids have to rise on the wire, so the number is drawn where the message is written
        with self._call_lock:
            if self.closed.is_set():
                raise ShoalError("ERR_STOPPING", "The daemon is gone.")
            self._last += 1
            number = self._last
            self._calls[number] = call
            try:
                self.send({"id": number, **part})
            except Exception:
                self._calls.pop(number, None)
                raise
        self.hand_over()
        if not call.event.wait(timeout):
            self._calls.pop(number, None)
            self.send({"id": number, "cancel": {}})
            raise ShoalError("ERR_TIMEOUT", f"The daemon did not answer within {timeout} s.")
        answer = call.answer
        if answer is None:
            raise ShoalError("ERR_STOPPING", "The daemon is gone.")
        if answer["code"]:
            raise ShoalError(answer["code"], answer["message"])
        return answer

    @property
    def max_message(self) -> int:
        """Bytes of the largest message."""
        return self._largest

    @max_message.setter
    def max_message(self, limit: int) -> None:
        self._largest = limit
        self._input.limit = limit + (1 << 20)

    def allow(self, calls: int) -> None:
        """So many calls may be open. Before the first one."""
        self._room = threading.Semaphore(max(1, calls))

    def start(self) -> None:
        """Reads, in threads of its own, until the daemon closes the pipe; then ``closed`` is set."""
        with self._state_lock:
            self._reader = self._start_thread()
        threading.Thread(target=self._relieve, name="shoal relief", daemon=True).start()

    def hand_over(self) -> None:
        """Lets another thread read, where this is the one that does: it is going to wait."""
        if threading.get_ident() == self._reader:
            self._replace(self._reader, self._busy)

    def _start_thread(self) -> int:
        thread = threading.Thread(target=self._serve, name="shoal", daemon=True)
        # it takes its turn when it is named the reader, which is after it has a name
        thread.start()
        return thread.ident or 0

    def _replace(self, reader: int, busy: float) -> None:
        with self._state_lock:
            # it may have come back meanwhile, and read again
            if self._reader != reader or self._busy != busy or self.closed.is_set():
                return
            self._busy = 0.0
            if self._spare:
                spare = self._spare.pop()
                self._reader = spare.ident
                spare.turn.set()
            else:
                self._reader = 0
                self._reader = self._start_thread()

    def _relieve(self) -> None:
        """Replaces a reader that has been busy with a call for a while. Sleeps while nothing is called."""
        quiet = 0
        while not self.closed.is_set():
            reader, busy = self._reader, self._busy
            if busy and time.monotonic() - busy > _patience:
                self._replace(reader, busy)
            quiet = 0 if busy else quiet + 1
            if quiet < 200:
                time.sleep(_patience)
                continue
            self._called.clear()
            self._quiet = True
            if not self._busy:
                self._called.wait()
            quiet = 0

    def _serve(self) -> None:
        try:
            self._take_turns()
        except Exception:  # noqa: BLE001 - a message that cannot be read: say so, and end
            traceback.print_exc()
            self._end()

    def _take_turns(self) -> None:
        me = threading.get_ident()
        # its starter holds the lock until it is named the reader
        with self._state_lock:
            pass
        while not self.closed.is_set():
            if self._reader != me:
                if not self._rest(me):
                    return
                # woken by the end as well as by a turn: the number of the pipe may be another file's by then
                continue
            body = self._input.next()
            if body is None:
                self._end()
                return
            call = read_payload(body) if self.payload is not None else None
            message = None if call is not None else self._sort(decode(body))
            if call is None and message is None:
                continue
            self._busy = time.monotonic()
            if self._quiet:
                self._quiet = False
                self._called.set()
            if call is not None:
                self._reply(*call)
            else:
                self.slow(message)  # type: ignore[arg-type]
            with self._state_lock:
                if self._reader == me:
                    self._busy = 0.0

    def _rest(self, me: int) -> bool:
        """Waits for a turn; false when there are enough who do."""
        with self._state_lock:
            if self.closed.is_set() or len(self._spare) >= _spare_threads:
                return False
            spare = Spare(me)
            self._spare.append(spare)
        spare.turn.wait()
        return True

    def _sort(self, message: Message) -> Optional[Message]:
        """Handles what has to stay in order; gives back a call that may wait."""
        if "answer" in message:
            self._answered(message)
        elif not self.quick(message):
            return message
        return None

    def _reply(self, number: bytes, peer: str, kind: str, body: bytes) -> None:
        try:
            reply = self.payload(peer, kind, body)  # type: ignore[misc]
            self._check(len(reply or b"") + 64)
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is told to the daemon, an exit too
            answer = encode({"answer": self.failure(error)})
            self._write([varint(1 + len(number) + len(answer)) + b"\x08" + number + answer])
            return
        self._write(reply_message(number, reply))

    def _check(self, size: int) -> None:
        if size > self._largest:
            raise ShoalError("ERR_PAYLOAD_TOO_LARGE", f"A message of {size} bytes is over the limit of {self._largest} bytes.")

    def _answered(self, message: Message) -> None:
        call = self._calls.pop(message["id"], None)
        if call is None:
            return
        call.answer = message["answer"]
        if isinstance(call, OpeningCall) and not call.answer["code"]:
            call.opened(message["id"], call.answer)
        call.event.set()

    def _write(self, parts: List[bytes]) -> None:
        with self._write_lock:
            if self.closed.is_set():
                return
            try:
                _write_all(self._output, parts)
            except OSError:
                # the reader sees the end too, and says so
                pass

    def _end(self) -> None:
        with self._call_lock:
            if self.closed.is_set():
                return
            self.closed.set()
            calls = list(self._calls.values())
            self._calls.clear()
        self._called.set()
        try:
            os.close(self._input_fd)
        except OSError:
            pass
        with self._state_lock:
            for spare in self._spare:
                spare.turn.set()
        for call in calls:
            call.event.set()


class OpeningCall(Call):
    """A call that opens a stream: it has to be known before its first frames are read."""

    __slots__ = ("opened",)

    def __init__(self, opened: Callable[[int, Message], None]) -> None:
        super().__init__()
        self.opened = opened


def _write_all(fd: int, parts: List[bytes]) -> None:
    if len(parts) == 1:
        # by far the most messages
        sent = os.write(fd, parts[0])
        if sent == len(parts[0]):
            return
        parts = [parts[0][sent:]]
    views = [memoryview(part) for part in parts if len(part) > 0]
    while views:
        count = os.writev(fd, views[:512])
        while views and count >= len(views[0]):
            count -= len(views.pop(0))
        if count:
            views[0] = views[0][count:]
