"""
Service slots that a plugin fills: objects with the methods of these classes. Times are seconds. Methods may be called in several
threads at once, those of :class:`Logger` and :class:`Monitoring` in one thread and in order.
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from typing import Any, Callable, Deque, Dict, Iterable, List, Mapping, Optional, Protocol, Tuple, Union

from .connection import Message
from .errors import ShoalError
from .service_json import dump, load

#: ``kind`` (``owner``, ``peer``, ``client``), ``id``, and where they are known ``address`` and ``local``.
Principal = Mapping[str, Any]
#: ``via``, and where they were shown ``token``, ``user``, ``password``, ``address``, ``local``.
Credentials = Mapping[str, Any]
#: ``action`` (``stream.read``, ``stream.publish``, ``payload.send``, ``api.call``) and ``target``.
Action = Mapping[str, Any]


class Authentication(Protocol):
    """Slot ``authentication``."""

    def authenticate(self, credentials: Credentials) -> Union[Principal, None, bool]:
        """Who is it. None: not mine to judge. False: mine, and wrong."""


class Permission(Protocol):
    """Slot ``permission``."""

    def allows(self, who: Principal, what: Action) -> Union[bool, str]:
        """True, or False, or a sentence for the person. Whatever it raises is a refusal."""


class Cache(Protocol):
    """Slot ``cache``."""

    def get(self, key: str) -> Optional[bytes]:
        """The value, or None."""

    def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keeps a value for ``ttl`` seconds; with 0 it is gone at once."""

    def delete(self, key: str) -> None:
        """Removes a key that may be there."""

    def clear(self) -> None:
        """Removes everything."""


class Storage(Protocol):
    """Slot ``storage``: keys and values of name spaces that cannot see each other."""

    def get(self, namespace: str, key: str) -> Optional[bytes]:
        """The value, or None."""

    def set(self, namespace: str, key: str, value: bytes) -> None:
        """Durable when it returns."""

    def delete(self, namespace: str, key: str) -> None:
        """Removes a key that may be there."""

    def entries(self, namespace: str, prefix: str, after: str) -> Iterable[Tuple[str, bytes]]:
        """Entries whose key starts with ``prefix`` and comes after ``after``, in the order of the keys' UTF-8 bytes. Read as far as one page goes."""

    def clear(self, namespace: str) -> None:
        """Removes everything in it."""


class Locks(Protocol):
    """Slot ``locks``."""

    def get(self, name: str, timeout: float) -> Optional[str]:
        """The token of the lock, greater than those before as a text; None when somebody has it."""

    def release(self, name: str, token: str) -> None:
        """Gives it back."""


class Logger(Protocol):
    """Slot ``logger``."""

    def write(self, line: Mapping[str, Any]) -> None:
        """A line: ``level``, ``time`` (ms since 1970), ``module``, ``msg``, ``fields``."""

    def flush(self) -> None:
        """Returns when everything is written."""


class Monitoring(Protocol):
    """Slot ``monitoring``. Methods that are not there are not called."""

    def on_error(self, line: Mapping[str, Any]) -> None:
        """A line of level ``warn`` or more."""

    def on_login(self, logins: Mapping[str, Any]) -> None:
        """Logins of one sort."""

    def on_payload(self, payloads: Mapping[str, Any]) -> None:
        """Payloads of one sort."""

    def on_stream(self, events: Mapping[str, Any]) -> None:
        """What happened to streams."""


#: Entries and bytes of one page.
_page_entries = 500
_page_bytes = 1 << 20

#: One-way calls that wait; further ones are left out.
_max_notices = 10_000

_notices = {
    ("logger", "write"): "write",
    ("monitoring", "onError"): "on_error",
    ("monitoring", "onLogin"): "on_login",
    ("monitoring", "onPayload"): "on_payload",
    ("monitoring", "onStream"): "on_stream",
}


class Services:
    """The slots that a plugin fills."""

    def __init__(self) -> None:
        self.slots: Dict[str, Any] = {}
        #: One-way calls that were left out because the plugin was too slow.
        self.dropped = 0
        self._waiting: Deque[Callable[[], None]] = deque()
        self._change = threading.Condition()
        self._thread: Optional[threading.Thread] = None

    def call(self, message: Message) -> Message:
        """Serves a call; the answer. Raises what the service raises."""
        slot, method = message["slot"], message["method"]
        service = self.slots.get(slot)
        serve = _methods.get((slot, method))
        if service is None or serve is None:
            raise ShoalError("ERR_USAGE", f"The plugin has no {slot}.{method}.")
        values = load(message["arguments"], message["blobs"]) or []
        if (slot, method) == ("logger", "flush"):
            self._drain()
        return serve(service, values)

    def notice(self, message: Message) -> None:
        """Takes a one-way call; it is served in a thread of its own, in order."""
        name = _notices.get((message["slot"], message["method"]))
        handler = getattr(self.slots.get(message["slot"]), name, None) if name else None
        if handler is None:
            return
        with self._change:
            if len(self._waiting) >= _max_notices:
                self.dropped += 1
                return
            self._waiting.append(lambda: handler(*load(message["arguments"], message["blobs"])))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="shoal notices", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _serve(self) -> None:
        while True:
            with self._change:
                while not self._waiting:
                    self._change.wait()
                handle = self._waiting.popleft()
            try:
                handle()
            except BaseException:  # noqa: BLE001 - nobody waits for it
                traceback.print_exc()

    def _drain(self) -> None:
        """Returns when everything that waits now was served."""
        served = threading.Event()
        with self._change:
            if self._thread is None:
                return
            self._waiting.append(served.set)
            self._change.notify_all()
        served.wait()


def _result(value: Any) -> Message:
    if value is None:
        return {}
    body, blobs = dump(value)
    return {"body": body, "blobs": blobs}


def _entries(service: Any, values: List[Any]) -> Message:
    entries: List[Message] = []
    size = 0
    for key, value in service.entries(*values):
        if len(entries) >= _page_entries or (entries and size + len(value) > _page_bytes):
            return {"entries": entries, "flag": True}
        entries.append({"key": key, "value": bytes(value)})
        size += len(value)
    return {"entries": entries}


_methods: Dict[Tuple[str, str], Callable[[Any, List[Any]], Message]] = {
    ("authentication", "authenticate"): lambda service, values: _result(service.authenticate(*values)),
    ("permission", "allows"): lambda service, values: _result(service.allows(*values)),
    ("cache", "get"): lambda service, values: _result(service.get(*values)),
    ("cache", "set"): lambda service, values: _result(service.set(values[0], values[1], values[2] / 1000)),
    ("cache", "delete"): lambda service, values: _result(service.delete(*values)),
    ("cache", "clear"): lambda service, values: _result(service.clear()),
    ("storage", "get"): lambda service, values: _result(service.get(*values)),
    ("storage", "set"): lambda service, values: _result(service.set(*values)),
    ("storage", "delete"): lambda service, values: _result(service.delete(*values)),
    ("storage", "entries"): _entries,
    ("storage", "clear"): lambda service, values: _result(service.clear(*values)),
    ("locks", "get"): lambda service, values: _result(_token(service.get(values[0], values[1] / 1000))),
    ("locks", "release"): lambda service, values: _result(service.release(*values)),
    ("logger", "flush"): lambda service, values: _result(service.flush() if hasattr(service, "flush") else None),
}


def _token(token: Optional[str]) -> Optional[Message]:
    return None if token is None else {"token": token}
