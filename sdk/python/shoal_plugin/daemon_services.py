"""Service slots of the daemon that a plugin calls. Times are seconds."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Deque, Dict, Iterator, List, Optional, Union

from .connection import Connection, Message
from .errors import ShoalError
from .service_json import dump, load
from .services import Action, Credentials, Principal

#: Events that wait for a reader; further ones are counted and left out.
_max_events = 1024


class EventStream:
    """Events, one after the other: iterate. A reader that falls behind gets ``{"type": "lagged", "missed": n}`` and goes on."""

    def __init__(self, slots: "Slots", number: int) -> None:
        self._slots = slots
        self._number = number
        self._events: Deque[Any] = deque()
        self._missed = 0
        self._over = False
        self._change = threading.Condition()
        #: Why it ended, when that was no ordinary end.
        self.error: Optional[ShoalError] = None

    def __iter__(self) -> Iterator[Any]:
        while True:
            with self._change:
                while not self._events and not self._missed and not self._over:
                    self._change.wait()
                if self._events:
                    event = self._events.popleft()
                elif self._missed:
                    event = {"type": "lagged", "missed": self._missed}
                    self._missed = 0
                elif self.error is not None:
                    raise self.error
                else:
                    return
            yield event

    def close(self) -> None:
        """Ends it. Idempotent."""
        if self._finish(None):
            self._slots.close(self._number)

    def __enter__(self) -> "EventStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, event: Any) -> None:
        with self._change:
            if self._over:
                return
            if len(self._events) >= _max_events:
                self._missed += 1
            else:
                self._events.append(event)
            self._change.notify_all()

    def _finish(self, error: Optional[ShoalError]) -> bool:
        with self._change:
            if self._over:
                return False
            self._over = True
            self.error = error
            self._change.notify_all()
        return True


class HeldLock:
    """A lock that is held; gives itself back at the end of ``with``."""

    def __init__(self, slots: "Slots", number: int, name: str, token: str) -> None:
        self._slots = slots
        self._number = number
        self.name = name
        #: Fencing token: the later of two grants has the greater one.
        self.token = token
        #: Set when the lock is lost or released.
        self.lost = threading.Event()

    def release(self) -> None:
        """Gives it back. Idempotent."""
        if self.lost.is_set():
            return
        self.lost.set()
        self._slots.forget(self._number)
        self._slots.call("locks", "release", self._number)

    def __enter__(self) -> "HeldLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self, event: Any) -> None:
        pass

    def _finish(self, error: Optional[ShoalError]) -> bool:
        self.lost.set()
        return True


Opened = Union[EventStream, HeldLock]


class Slots:
    """Calls of slots, and what they opened."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._opened: Dict[int, Opened] = {}

    def call(self, slot: str, method: str, *values: Any) -> Any:
        """Calls a method; its result."""
        answer = self._connection.call(_message(slot, method, values))
        return load(answer["body"], answer["blobs"])

    def open(self, slot: str, method: str, *values: Any) -> EventStream:
        """Calls a method that opens a stream of events."""
        opened: List[EventStream] = []

        def take(number: int, _: Message) -> None:
            stream = EventStream(self, number)
            self._opened[number] = stream
            opened.append(stream)

        self._connection.call(_message(slot, method, values), opened=take)
        return opened[0]

    def lock(self, name: str, timeout: float) -> Optional[HeldLock]:
        """Tries to get a lock."""
        opened: List[HeldLock] = []

        def take(number: int, answer: Message) -> None:
            grant = load(answer["body"], answer["blobs"])
            if grant is not None:
                opened.append(HeldLock(self, number, name, grant["token"]))
                self._opened[number] = opened[0]

        self._connection.call(_message("locks", "get", (name, int(timeout * 1000))), opened=take)
        return opened[0] if opened else None

    def close(self, number: int) -> None:
        """Ends a stream of events."""
        self.forget(number)
        self._connection.send({"id": number, "close": {}})

    def forget(self, number: int) -> None:
        """Nobody reads it any more."""
        self._opened.pop(number, None)

    def message(self, message: Message) -> bool:
        """An event, or the end of something; False when it is neither."""
        opened = self._opened.get(message["id"]) if message["id"] else None
        if opened is None:
            return False
        if "notice" in message:
            notice = message["notice"]
            opened._take(load(notice["arguments"], notice["blobs"]))
        elif "close" in message:
            self.forget(message["id"])
            code = message["close"]["code"]
            opened._finish(ShoalError(code, message["close"]["message"]) if code else None)
        else:
            return False
        return True

    def end(self) -> None:
        """The daemon is gone."""
        for opened in list(self._opened.values()):
            opened._finish(None)


def _message(slot: str, method: str, values: Any) -> Message:
    arguments, blobs = dump(list(values))
    return {"service": {"slot": slot, "method": method, "arguments": arguments, "blobs": blobs}}


class DaemonCache:
    """The slot ``cache``: fast data that may vanish."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def get(self, key: str) -> Optional[bytes]:
        """The value, or None."""
        value: Optional[bytes] = self._slots.call("cache", "get", key)
        return value

    def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keeps a value for ``ttl`` seconds."""
        self._slots.call("cache", "set", key, value, int(ttl * 1000))

    def delete(self, key: str) -> None:
        """Removes a key that may be there."""
        self._slots.call("cache", "delete", key)

    def clear(self) -> None:
        """Removes everything, of everybody."""
        self._slots.call("cache", "clear")


class DaemonLocks:
    """The slot ``locks``: locks over all members of the cluster."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def get(self, name: str, timeout: float = 0) -> Optional[HeldLock]:
        """The lock, or None when somebody has it or no answer came in time (0: the daemon's default)."""
        return self._slots.lock(name, timeout)


class DaemonAuthentication:
    """The slot ``authentication``."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def authenticate(self, credentials: Credentials) -> Union[Principal, None, bool]:
        """Who is it: a principal; False and None are refusals."""
        verdict: Union[Principal, None, bool] = self._slots.call("authentication", "authenticate", dict(credentials))
        return verdict


class DaemonPermission:
    """The slot ``permission``."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def allows(self, who: Principal, what: Action) -> Union[bool, str]:
        """True; anything else is a refusal."""
        verdict: Union[bool, str] = self._slots.call("permission", "allows", dict(who), dict(what))
        return verdict

    def changes(self) -> EventStream:
        """An event whenever an answer may have become another one."""
        return self._slots.open("permission", "changes")


class ClusterNode:
    """The slot ``clusterNode``: messages to the other members, at most once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def send(self, topic: str, body: bytes) -> None:
        """To all other members; returns when each has it or cannot get it."""
        self._slots.call("clusterNode", "send", topic, body)

    def send_direct(self, peer: str, topic: str, body: bytes) -> None:
        """To one other member. Raises ShoalError: ERR_PEER_UNREACHABLE, ERR_OVERLOADED."""
        self._slots.call("clusterNode", "sendDirect", peer, topic, body)

    def subscribe(self, topic: str) -> EventStream:
        """``{"type": "message", "peer": …, "body": …}`` from now on."""
        return self._slots.open("clusterNode", "subscribe", topic)


class ClusterRegistry:
    """The slot ``clusterRegistry``: who is in the cluster."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def members(self) -> Dict[str, Any]:
        """``self``, ``members`` (peer ids in order) and ``leader``."""
        members: Dict[str, Any] = self._slots.call("clusterRegistry", "members")
        return members

    def events(self) -> EventStream:
        """``{"type": "joined", "left" or "leader", "peer": …}`` from now on."""
        return self._slots.open("clusterRegistry", "events")
