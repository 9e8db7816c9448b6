"""The plugin: what it is, and what happens to it."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .connection import Connection, Message
from .context import Context, Job
from .errors import ShoalError
from .services import Services
from .wire import plain

JobHandler = Callable[[Job], None]
Route = Callable[[Dict[str, Any]], Any]

_version = 1
_environment = "SHOAL_PLUGIN_PROTOCOL"
_attach = "SHOAL_PLUGIN_SOCKET"


class Plugin:
    """
    A Shoal plugin. Make one, or derive from it; then call :meth:`run`. Handlers may be called in several threads at once, but the
    payloads of one peer and kind come one at a time, in order.
    """

    name: str = ""
    version: str = ""
    description: str = ""
    author: str = ""
    #: Payload kinds it handles, by custom ``PLUGIN.WHAT``.
    payload_kinds: Sequence[str] = ()
    #: JSON Schema of its configuration.
    config: Optional[Mapping[str, Any]] = None
    #: Events it wants: ``peers``, ``streams``.
    events: Sequence[str] = ()
    #: Service slots of the daemon that it calls: ``cache``, ``locks``, ``authentication``, ``permission``, ``clusterNode``, ``clusterRegistry``.
    uses: Sequence[str] = ()

    def __init__(self, name: str = "", **members: object) -> None:
        if name:
            self.name = name
        for member, value in members.items():
            if not hasattr(type(self), member):
                raise TypeError(f"A plugin has no {member}.")
            setattr(self, member, value)
        self._pullers: List[Tuple[str, str, JobHandler]] = []
        self._pushers: List[Tuple[str, str, JobHandler]] = []
        self._routes: List[Tuple[Dict[str, Any], Route]] = []
        self._services = Services()
        self._jobs: Dict[int, Job] = {}
        self._connection: Optional[Connection] = None
        self._context: Optional[Context] = None
        self._stopped = threading.Lock()

    @property
    def ctx(self) -> Context:
        """The daemon; there from ``start`` on."""
        if self._context is None:
            raise ShoalError("ERR_NOT_READY", "The plugin has not been started yet.")
        return self._context

    def start(self, ctx: Context) -> None:
        """Called once. Raise to say that the plugin cannot start."""

    def handle_payload(self, src: str, kind: str, body: bytes) -> Optional[bytes]:
        """A payload of a trusted peer. What it returns is the reply; what it raises reaches the sender as an error."""
        raise ShoalError("ERR_PAYLOAD_REJECTED", f"{self.name} does not handle {kind}.")

    def on_peer_forgotten(self, peer: str) -> None:
        """A peer was forgotten: remove what is kept of it."""

    def on_event(self, topic: str, event: Dict[str, Any]) -> None:
        """One of the events that ``events`` asks for. Called in the thread that reads: do not wait in it."""

    def shutdown(self) -> None:
        """Called once. Afterwards the process ends."""

    def puller(self, protocol: str, prefix: str = "") -> Callable[[JobHandler], JobHandler]:
        """Registers what makes URLs of a scheme into streams: ``@plugin.puller("myproto")``. Before :meth:`run`."""

        def register(handler: JobHandler) -> JobHandler:
            self._pullers.append((protocol, prefix, handler))
            return handler

        return register

    def pusher(self, protocol: str, prefix: str = "") -> Callable[[JobHandler], JobHandler]:
        """Registers what sends streams to URLs of a scheme. Before :meth:`run`."""

        def register(handler: JobHandler) -> JobHandler:
            self._pushers.append((protocol, prefix, handler))
            return handler

        return register

    def route(self, method: str, path: str, summary: str = "", public: bool = False) -> Callable[[Route], Route]:
        """Registers a JSON route under ``/PLUGIN/``. The handler gets ``params``, ``query`` and ``body``. Before :meth:`run`."""

        def register(handler: Route) -> Route:
            self._routes.append(({"method": method, "path": path, "summary": summary, "public": public}, handler))
            return handler

        return register

    def provide(self, slot: str, service: object) -> None:
        """Fills a service slot with an object that has the methods of the slot; see :mod:`shoal_plugin.services`. Before :meth:`run`."""
        self._services.slots[slot] = service

    def run(self) -> None:
        """
        Talks to the daemon over stdin and stdout until it is over. What the program prints goes to the daemon's log. With
        ``SHOAL_PLUGIN_SOCKET`` in the environment it talks over that unix socket, and stdin and stdout stay as they are.
        """
        if os.environ.get(_attach):
            link = socket.socket(socket.AF_UNIX)
            link.connect(os.environ[_attach])
            read_fd = link.detach()
            write_fd = os.dup(read_fd)
            self._run(read_fd, write_fd)
            os.close(write_fd)
            return
        if _environment not in os.environ:
            sys.stderr.write(f"This is the Shoal plugin {self.name}. It is run by the Shoal daemon, not by hand.\n")
            sys.exit(2)
        read_fd, write_fd = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        self._run(read_fd, write_fd)
        # threads of handlers that hang do not keep the process
        sys.stderr.flush()
        os._exit(0)

    def _run(self, read_fd: int, write_fd: int) -> None:
        connection = Connection(read_fd, write_fd)
        self._connection = connection
        connection.quick = self._quick
        connection.slow = self._slow
        connection.start()
        connection.closed.wait()
        self._stop()

    def _describe(self) -> Message:
        def text(name: str) -> str:
            return str(getattr(self, name))

        return {
            **{name: text(name) for name in ("name", "version", "description", "author")},
            "kinds": list(self.payload_kinds),
            "config_schema": b"" if self.config is None else json.dumps(self.config).encode(),
            "pullers": [{"protocol": protocol, "prefix": prefix} for protocol, prefix, _ in self._pullers],
            "pushers": [{"protocol": protocol, "prefix": prefix} for protocol, prefix, _ in self._pushers],
            "routes": [route for route, _ in self._routes],
            "provides": list(self._services.slots),
            "events": list(self.events),
            "uses": list(self.uses),
        }

    def _quick(self, message: Message) -> bool:
        """What has to stay in order. False: it may wait, and is served outside of the reading."""
        if self._context is not None and self._context._stream_message(message):
            return True
        if "hello" in message:
            hello = {"version": _version, "min_version": _version, "agent": "shoal-python/0.1.0", "plugin": self._describe()}
            self._send({"hello": hello})
        elif "start" in message:
            assert self._connection is not None
            self._connection.max_message = message["start"]["limits"]["max_message"]
            self._connection.allow(message["start"]["limits"]["calls"])
            self._context = Context(self._connection, message["start"])
            self._connection.failure = self._failure
            self._connection.payload = self._reply
            return False
        elif "job" in message:
            self._start_job(message["id"], message["job"])
        elif "cancel" in message:
            job = self._jobs.get(message["id"])
            if job is not None:
                # it writes, and whoever reads must not wait for that
                threading.Thread(target=job._stop, daemon=True).start()
        elif "notice" in message:
            self._services.notice(message["notice"])
        elif "event" in message:
            self._tell(message["event"])
        else:
            return not any(part in message for part in ("payload", "service", "forgotten", "http", "shutdown"))
        return True

    def _slow(self, message: Message) -> None:
        number = message["id"]
        try:
            answer = self._services.call(message["service"]) if "service" in message else self._perform(message)
            self._send({"id": number, "answer": answer})
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is told to the daemon, an exit too
            self._send({"id": number, "answer": self._failure(error)})

    def _perform(self, message: Message) -> Message:
        body = self._body_of(message)
        return {"body": body} if body else {}

    def _body_of(self, message: Message) -> Optional[bytes]:
        if "payload" in message:
            payload = message["payload"]
            return self._reply(payload["peer"], payload["kind"], payload["body"])
        if "http" in message:
            _, handler = self._routes[message["http"]["route"]]
            return json.dumps(handler(json.loads(message["http"]["request"]))).encode()
        if "forgotten" in message:
            self.on_peer_forgotten(message["forgotten"]["peer"])
        elif "start" in message:
            self.start(self.ctx)
        elif "shutdown" in message:
            self._stop()
        return None

    def _reply(self, peer: str, kind: str, body: bytes) -> Optional[bytes]:
        reply = self.handle_payload(peer, kind, body)
        if reply is None or type(reply) is bytes:
            return reply
        if not isinstance(reply, (bytearray, memoryview)):
            raise TypeError("handle_payload returned neither bytes nor None")
        return bytes(reply)

    def _failure(self, error: BaseException) -> Message:
        if not isinstance(error, ShoalError):
            traceback.print_exc()
        # that of an exit is a number
        code = getattr(error, "code", None)
        text = f"{error}" if isinstance(error, Exception) else f"{type(error).__name__} {error}".strip()
        return {"code": plain(code) if isinstance(code, str) else "ERR_PLUGIN_FAILED", "message": plain(text[:1000]) or type(error).__name__}

    def _start_job(self, number: int, message: Message) -> None:
        handlers = self._pushers if message["push"] else self._pullers
        _, _, handler = handlers[message["factory"]]
        job = Job(self.ctx, number, message)
        self._jobs[number] = job
        threading.Thread(target=self._run_job, args=(number, job, handler), name=f"job {job.url}", daemon=True).start()

    def _run_job(self, number: int, job: Job, handler: JobHandler) -> None:
        try:
            handler(job)
            answer: Message = {}
        except BaseException as error:  # noqa: BLE001 - the daemon tries again later
            answer = self._failure(error) if not job.stopping.is_set() else {}
        self._jobs.pop(number, None)
        job._stop()
        self._send({"id": number, "answer": answer})

    def _tell(self, event: Message) -> None:
        try:
            self.on_event(event["topic"], json.loads(event["event"]))
        except BaseException:  # noqa: BLE001 - an event is nobody's call
            traceback.print_exc()

    def _stop(self) -> None:
        if not self._stopped.acquire(blocking=False) or self._context is None:
            return
        for job in list(self._jobs.values()):
            job._stop()
        try:
            self.shutdown()
        finally:
            self._context._end()

    def _send(self, message: Message) -> None:
        assert self._connection is not None
        self._connection.send(message)
