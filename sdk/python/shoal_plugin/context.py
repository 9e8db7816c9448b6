"""What a plugin can do."""

from __future__ import annotations

import json
import threading
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from .connection import Connection, Message
from .daemon_services import ClusterNode, ClusterRegistry, DaemonAuthentication, DaemonCache, DaemonLocks, DaemonPermission, Slots
from .streams import Publication, Subscription, Track, _Stream, track_message
from .tasks import Task
from .wire import plain

Start = Union[str, int]


class Log:
    """Log lines of the plugin, in the daemon's log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _write(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        told = json.dumps(fields, default=str).encode() if fields else b""
        # more than the daemon keeps of them
        line = {"level": level, "message": plain(message[:8000]), "fields": told if len(told) <= 1 << 20 else b'{"fields":"too large"}'}
        self._connection.send({"log": line})

    def trace(self, message: str, **fields: object) -> None:
        """For those who look very closely."""
        self._write("trace", message, fields)

    def debug(self, message: str, **fields: object) -> None:
        """For those who look closely."""
        self._write("debug", message, fields)

    def info(self, message: str, **fields: object) -> None:
        """Something worth knowing."""
        self._write("info", message, fields)

    def warn(self, message: str, **fields: object) -> None:
        """Something that may need a look."""
        self._write("warn", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Something went wrong."""
        self._write("error", message, fields)


class Store:
    """The plugin's own keys and values in the daemon's database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> Optional[bytes]:
        """The value, or None."""
        answer = self._connection.call({"store": {"op": 1, "key": key}})
        return answer["body"] if answer["flag"] else None

    def set(self, key: str, value: bytes) -> None:
        """Durable when it returns."""
        self._connection.call({"store": {"op": 2, "key": key, "value": value}})

    def delete(self, key: str) -> None:
        """Removes a key that may be there."""
        self._connection.call({"store": {"op": 3, "key": key}})

    def entries(self, prefix: str = "") -> Iterator[Tuple[str, bytes]]:
        """Keys that start with ``prefix`` and their values, in order of the keys."""
        after = ""
        while True:
            answer = self._connection.call({"store": {"op": 4, "key": prefix, "after": after}})
            for entry in answer["entries"]:
                yield entry["key"], entry["value"]
            if not answer["flag"]:
                return
            after = answer["entries"][-1]["key"]

    def clear(self) -> None:
        """Removes everything."""
        self._connection.call({"store": {"op": 5}})


class Payloads:
    """Messages to plugins on other nodes. ``timeout`` in seconds; 0 = the daemon's default."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, peer: str, kind: str, body: bytes, timeout: float = 0) -> None:
        """Returns when the far plugin has handled it."""
        self._connection.call({"send": {"mode": 0, "peer": peer, "kind": kind, "body": body, "timeout": int(timeout * 1000)}})

    def request(self, peer: str, kind: str, body: bytes, timeout: float = 0) -> bytes:
        """Returns the far plugin's reply."""
        answer = self._connection.call({"send": {"mode": 1, "peer": peer, "kind": kind, "body": body, "timeout": int(timeout * 1000)}})
        reply: bytes = answer["body"]
        return reply

    def broadcast(self, kind: str, body: bytes, timeout: float = 0) -> List[Dict[str, Any]]:
        """To every connected peer that handles the kind; what came of it at each."""
        answer = self._connection.call({"send": {"mode": 2, "kind": kind, "body": body, "timeout": int(timeout * 1000)}})
        outcomes: List[Dict[str, Any]] = json.loads(answer["body"])
        return outcomes


class Context:
    """The daemon, as a plugin sees it."""

    def __init__(self, connection: Connection, start: Message) -> None:
        self._connection = connection
        self._streams: Dict[int, _Stream] = {}
        self._window = start["limits"]["window"]
        #: The configuration, checked against the schema, with defaults filled in.
        #: What the JSON Schema of the plugin's `config` says, with defaults filled in.
        self.config: Any = json.loads(start["config"] or b"{}")
        self.node_id: str = start["node_id"]
        self.node_name: str = start["node_name"]
        #: The plugin's own folder for data.
        self.data_dir: str = start["data_dir"]
        self.log = Log(connection)
        self.store = Store(connection)
        self.payloads = Payloads(connection)
        self._slots = Slots(connection)
        #: Service slots; those that the plugin names in ``uses``.
        self.cache = DaemonCache(self._slots)
        self.locks = DaemonLocks(self._slots)
        self.authentication = DaemonAuthentication(self._slots)
        self.permission = DaemonPermission(self._slots)
        self.cluster_node = ClusterNode(self._slots)
        self.cluster_registry = ClusterRegistry(self._slots)
        #: Set when the plugin stops.
        self.stopping = threading.Event()

    def task(self, name: str) -> Task:
        """A piece of work that ``shoal tasks`` shows: ``with ctx.task("copy") as task: task.progress(done=1, total=2)``."""
        return Task(self._connection, name)

    def changed(self, slot: str) -> None:
        """Says that an answer of the plugin's ``permission`` or ``authentication`` may have become another one."""
        self._connection.send({"notice": {"slot": slot, "method": "changed", "arguments": b"[]"}})

    def lock_lost(self, name: str, token: str) -> None:
        """Says that a lock which the plugin's ``locks`` granted is lost."""
        self._connection.send({"notice": {"slot": "locks", "method": "lost", "arguments": json.dumps([name, token]).encode()}})

    def peers(self) -> List[Dict[str, Any]]:
        """The trusted peers."""
        peers: List[Dict[str, Any]] = json.loads(self._connection.call({"query": {"topic": "peers"}})["body"])
        return peers

    def streams(self) -> List[Dict[str, Any]]:
        """The streams of this node."""
        streams: List[Dict[str, Any]] = json.loads(self._connection.call({"query": {"topic": "streams"}})["body"])
        return streams

    def sign(self, data: bytes) -> bytes:
        """This node's signature."""
        signature: bytes = self._connection.call({"sign": {"bytes": data}})["body"]
        return signature

    def publish(self, path: str, tracks: Sequence[Track], takeover: bool = False, idle_timeout: float = 0) -> Publication:
        """Opens a stream for writing. Raises ShoalError: ERR_PATH_INVALID, ERR_STREAM_TAKEN, ERR_LIMIT."""
        wire = {"path": path, "tracks": [track_message(track) for track in tracks], "takeover": takeover, "idle_timeout": int(idle_timeout * 1000)}
        return self._publish(wire)

    def subscribe(
        self, path: str, start: Start = "latest", kinds: Sequence[str] = (), max_latency: float = 0, wait: float = 0
    ) -> Subscription:
        """
        Opens a stream for reading. ``start``: ``latest``, ``next-key``, or so many microseconds back. ``wait``: seconds to wait for
        a publisher. Raises ShoalError: ERR_STREAM_NOT_FOUND, ERR_PATH_INVALID, ERR_LIMIT.
        """
        return self._subscribe({"path": path, **_reading(start, kinds, max_latency, wait)})

    def _publish(self, wire: Message) -> Publication:
        opened: List[Publication] = []

        def take(number: int, answer: Message) -> None:
            publication = Publication(self._connection, number, answer["path"], _tracks(answer), self._window)
            self._keep(number, publication)
            opened.append(publication)

        self._connection.call({"publish": wire}, opened=take)
        return opened[0]

    def _subscribe(self, wire: Message) -> Subscription:
        opened: List[Subscription] = []

        def take(number: int, answer: Message) -> None:
            subscription = Subscription(self._connection, number, answer["path"], _tracks(answer))
            self._keep(number, subscription)
            opened.append(subscription)

        self._connection.call({"subscribe": wire}, opened=take)
        return opened[0]

    def _keep(self, number: int, stream: _Stream) -> None:
        def forget() -> None:
            self._streams.pop(number, None)

        self._streams[number] = stream
        stream._forget = forget

    def _stream_message(self, message: Message) -> bool:
        if self._slots.message(message):
            return True
        stream = self._streams.get(message["id"])
        if "frames" in message:
            if isinstance(stream, Subscription):
                stream._received(message["frames"])
        elif "credit" in message:
            if isinstance(stream, Publication):
                stream._credited(message["credit"]["bytes"])
        elif "key_wanted" in message:
            if isinstance(stream, Publication):
                stream._key_wanted.set()
        elif "tracks" in message:
            if isinstance(stream, Subscription):
                stream._retracked(_tracks(message["tracks"]))
        elif "close" in message:
            if stream is not None:
                stream._closed(message["close"])
        else:
            return False
        return True

    def _end(self) -> None:
        self.stopping.set()
        for stream in list(self._streams.values()):
            stream._finish(None)
        self._slots.end()


class Job:
    """One try of a pull or a push. Return when it is over; raise to be tried again later; stop when ``stopping`` is set."""

    def __init__(self, ctx: Context, number: int, message: Message) -> None:
        self._number = number
        self._opened: List[_Stream] = []
        self.ctx = ctx
        self.log = ctx.log
        self.url: str = message["url"]
        self.path: str = message["path"]
        self.options: Mapping[str, Any] = json.loads(message["options"] or b"{}")
        #: Set when the job shall stop.
        self.stopping = threading.Event()

    def publish(self, tracks: Sequence[Track]) -> Publication:
        """Opens the stream of a pull, once the tracks are known."""
        publication = self.ctx._publish({"job": self._number, "tracks": [track_message(track) for track in tracks]})
        self._opened.append(publication)
        self._check()
        return publication

    def subscribe(self, start: Start = "latest", kinds: Sequence[str] = (), max_latency: float = 0, wait: float = 0) -> Subscription:
        """Reads the stream of a push."""
        subscription = self.ctx._subscribe({"job": self._number, **_reading(start, kinds, max_latency, wait)})
        self._opened.append(subscription)
        self._check()
        return subscription

    def wait(self, seconds: float) -> bool:
        """Waits; True when the job shall stop."""
        return self.stopping.wait(seconds)

    def _check(self) -> None:
        if self.stopping.is_set():
            self._stop()

    def _stop(self) -> None:
        self.stopping.set()
        for stream in list(self._opened):
            stream.close()


def _reading(start: Start, kinds: Sequence[str], max_latency: float, wait: float) -> Message:
    mode = {"latest": 0, "next-key": 1}.get(start, 0) if isinstance(start, str) else 2
    return {
        "start": mode,
        "buffered": start if isinstance(start, int) else 0,
        "kinds": list(kinds),
        "max_latency": int(max_latency * 1000),
        "wait": int(wait * 1000),
    }


def _tracks(message: Message) -> List[Track]:
    return [Track(**track) for track in message["tracks"]]
