"""Service slots, tasks and attaching, against a daemon that these tests play."""

import json
import os
import socket
import tempfile
import threading
import unittest
from typing import Any, Dict, List
from unittest import mock

from shoal_plugin import Plugin
from shoal_plugin.daemon_services import EventStream, _max_events
from shoal_plugin.service_json import dump, load
from shoal_plugin.wire import WireError

from .test_plugin import Daemon


class Store:
    def __init__(self) -> None:
        self.values: Dict[str, bytes] = {}

    def get(self, key: str) -> Any:
        if key == "bad":
            raise KeyError(key)
        return self.values.get(key)

    def set(self, key: str, value: bytes, ttl: float) -> None:
        self.values[key] = value + str(ttl).encode()

    def entries(self, namespace: str, prefix: str, after: str) -> Any:
        for number in range(2000):
            key = f"{number:05}"
            if key > after:
                yield key, b"x" * 10


class Lines:
    def __init__(self) -> None:
        self.lines: List[Any] = []

    def write(self, line: Any) -> None:
        self.lines.append(line["msg"])


class ServicesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Plugin("example", uses=["cache", "locks", "clusterNode"])
        self.lines = Lines()
        for slot in ("cache", "storage"):
            self.plugin.provide(slot, Store())
        self.plugin.provide("logger", self.lines)
        self.daemon = Daemon(self.plugin)
        self.daemon.start()
        self.daemon.read()

    def tearDown(self) -> None:
        self.assertTrue(self.daemon.close())

    def call(self, slot: str, method: str, *values: Any) -> Any:
        arguments, blobs = dump(list(values))
        self.daemon.send({"id": 7, "service": {"slot": slot, "method": method, "arguments": arguments, "blobs": blobs}})
        return self.daemon.read("answer")["answer"]

    def test_says_what_it_fills_and_uses(self) -> None:
        described = self.daemon.hello["plugin"]
        self.assertEqual(described["provides"], ["cache", "storage", "logger"])
        self.assertEqual(described["uses"], ["cache", "locks", "clusterNode"])

    def test_serves_methods(self) -> None:
        self.assertEqual(self.call("cache", "get", "k")["body"], b"")
        self.call("cache", "set", "k", b"\xff", 1500)
        answer = self.call("cache", "get", "k")
        self.assertEqual(load(answer["body"], answer["blobs"]), b"\xff1.5")
        self.assertEqual(self.call("cache", "get", "bad")["code"], "ERR_PLUGIN_FAILED")
        for slot, method in (("cache", "fly"), ("permission", "allows")):
            self.assertEqual(self.call(slot, method)["code"], "ERR_USAGE")

    def test_pages_entries(self) -> None:
        first = self.call("storage", "entries", "space", "", "")
        self.assertEqual((len(first["entries"]), first["flag"]), (500, True))
        last = self.call("storage", "entries", "space", "", "01600")
        self.assertEqual((last["entries"][0]["key"], len(last["entries"]), last["flag"]), ("01601", 399, False))

    def test_takes_lines_in_order(self) -> None:
        for number in range(300):
            line = json.dumps([{"msg": number}]).encode()
            self.daemon.send({"notice": {"slot": "logger", "method": "write", "arguments": line}})
        self.call("logger", "flush")
        self.assertEqual(self.lines.lines, list(range(300)))

    def test_calls_slots_of_the_daemon(self) -> None:
        ctx = self.plugin.ctx
        found: List[Any] = []
        thread = threading.Thread(target=lambda: found.append(ctx.cache.get("k")))
        thread.start()
        call = self.daemon.read("service")
        self.assertEqual((call["service"]["method"], call["service"]["arguments"]), ("get", b'["k"]'))
        body, blobs = dump(b"value")
        self.daemon.send({"id": call["id"], "answer": {"body": body, "blobs": blobs}})
        thread.join(5)
        self.assertEqual(found, [b"value"])

    def test_reads_events_until_the_stream_ends(self) -> None:
        heard: List[Any] = []

        def listen() -> None:
            heard.extend(self.plugin.ctx.cluster_node.subscribe("topic"))

        thread = threading.Thread(target=listen)
        thread.start()
        number = self.daemon.read("service")["id"]
        self.daemon.send({"id": number, "answer": {}})
        body, blobs = dump({"type": "message", "peer": "p", "body": b"x"})
        self.daemon.send({"id": number, "notice": {"arguments": body, "blobs": blobs}})
        self.daemon.send({"id": number, "close": {}})
        thread.join(5)
        self.assertEqual(heard, [{"type": "message", "peer": "p", "body": b"x"}])

    def test_loses_a_lock(self) -> None:
        held: List[Any] = []
        thread = threading.Thread(target=lambda: held.append(self.plugin.ctx.locks.get("one")))
        thread.start()
        number = self.daemon.read("service")["id"]
        self.daemon.send({"id": number, "answer": {"body": b'{"token":"7"}'}})
        thread.join(5)
        self.assertEqual((held[0].token, held[0].lost.is_set()), ("7", False))
        self.daemon.send({"id": number, "close": {"code": "ERR_ABORTED", "message": "lost"}})
        self.assertTrue(held[0].lost.wait(5))
        held[0].release()

    def test_reports_tasks(self) -> None:
        with self.assertRaises(ValueError), self.plugin.ctx.task("copy") as task:
            task.progress("half", 1, 2)
            raise ValueError("disk full")
        reports = [self.daemon.read("task")["task"] for _ in range(3)]
        self.assertEqual([report["state"] for report in reports], ["running", "running", "failed"])
        self.assertEqual((reports[1]["done"], reports[1]["total"], reports[2]["text"]), (1, 2, "disk full"))


class EventStreamTest(unittest.TestCase):
    def test_counts_what_it_cannot_keep(self) -> None:
        stream = EventStream(mock.Mock(), 1)
        for number in range(_max_events + 5):
            stream._take(number)
        stream._finish(None)
        events = list(stream)
        self.assertEqual((len(events), events[-1]), (_max_events + 1, {"type": "lagged", "missed": 5}))


class JsonTest(unittest.TestCase):
    def test_keeps_bytes_beside(self) -> None:
        value = ["k", b"\x00", {"deep": [b"\x01", None, 1.5]}]
        self.assertEqual(load(*dump(value)), value)
        self.assertEqual(load(b'{"$blob":0}', []), {"$blob": 0})
        self.assertIsNone(load(b"", []))
        for text in (b'{"$blob":1}', b'{"$blob":-1}', b"{"):
            self.assertRaises(WireError, load, text, [b"x"])


class AttachTest(unittest.TestCase):
    def test_connects_to_the_socket_of_the_environment(self) -> None:
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
            path = os.path.join(folder, "a.sock")
            server.bind(path)
            server.listen(1)
            with mock.patch.dict(os.environ, {"SHOAL_PLUGIN_SOCKET": path}):
                thread = threading.Thread(target=Plugin("attached").run)
                thread.start()
                link, _ = server.accept()
            with link:
                link.sendall(b"\x04\x12\x02\x08\x01")
                self.assertIn(b"attached", link.recv(4096))
            thread.join(5)
            self.assertFalse(thread.is_alive())
