"""The plugin, against a daemon that this test plays."""

import json
import os
import subprocess
import sys
import threading
import unittest
from typing import Any, Dict, List, Optional

from shoal_plugin import Context, Frame, Plugin, ShoalError, Track
from shoal_plugin.wire import decode, encode, record_head, varint

LIMITS = {"max_message": 8 << 20, "window": 1000, "calls": 10, "streams": 10}


class Daemon:
    """Both ends of a plugin in this process: what it writes is read here."""

    def __init__(self, plugin: Plugin) -> None:
        theirs_in, self._write = os.pipe()
        read, theirs_out = os.pipe()
        self._read = os.fdopen(read, "rb")
        self._thread = threading.Thread(target=plugin._run, args=(theirs_in, theirs_out), daemon=True)
        self._thread.start()

    def send(self, message: Dict[str, Any]) -> None:
        body = encode(message)
        os.write(self._write, varint(len(body)) + body)

    def read(self, part: Optional[str] = None) -> Dict[str, Any]:
        """The next message, or the next one with that part."""
        while True:
            length = shift = 0
            while True:
                byte = self._read.read(1)[0]
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            message = decode(self._read.read(length))
            if part is None or part in message:
                return message

    def start(self, config: Any = None) -> None:
        self.send({"hello": {"version": 1, "min_version": 1, "agent": "test"}})
        self.hello = self.read()["hello"]
        start = {"config": json.dumps(config or {}).encode(), "node_id": "me", "node_name": "node", "data_dir": "/nowhere", "limits": LIMITS}
        self.send({"id": 1, "start": start})

    def close(self) -> bool:
        """Closes stdin; did the plugin end?"""
        os.close(self._write)
        self._thread.join(5)
        self._read.close()
        return not self._thread.is_alive()


class Example(Plugin):
    name = "example"
    version = "2"
    payload_kinds = ["example.do"]
    config = {"type": "object"}
    events = ["peers"]

    def __init__(self) -> None:
        super().__init__()
        self.seen: List[Any] = []
        self.gate = threading.Event()

    def start(self, ctx: Context) -> None:
        self.seen.append(ctx.config)

    def handle_payload(self, src: str, kind: str, body: bytes) -> Any:
        if body == b"raise":
            raise ShoalError("ERR_FORBIDDEN", "not you")
        if body == b"bug":
            raise KeyError("oops")
        if body == b"exit":
            sys.exit(3)
        if body == b"odd":
            raise OSError("no file \udcff")
        if body == b"huge":
            return bytes((8 << 20) + 1)
        if body == b"text":
            return "text"
        if body == b"store":
            return self.ctx.store.get("key")
        if body == b"wait":
            self.gate.wait(5)
        return b"did " + body

    def on_event(self, topic: str, event: Dict[str, Any]) -> None:
        self.seen.append((topic, event))

    def shutdown(self) -> None:
        self.seen.append("shutdown")


class PluginTest(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Example()
        self.daemon = Daemon(self.plugin)

    def tearDown(self) -> None:
        self.plugin.gate.set()
        self.assertTrue(self.daemon.close())

    def payload(self, number: int, body: bytes) -> None:
        self.daemon.send({"id": number, "payload": {"peer": "far", "kind": "example.do", "body": body}})

    def test_describes_itself_and_starts(self) -> None:
        self.daemon.start({"a": 1})
        plugin = self.daemon.hello["plugin"]
        self.assertEqual((plugin["name"], plugin["version"], plugin["kinds"], plugin["events"]), ("example", "2", ["example.do"], ["peers"]))
        self.assertEqual(json.loads(plugin["config_schema"]), {"type": "object"})
        self.assertEqual(self.daemon.read()["id"], 1)
        self.assertEqual(self.plugin.seen, [{"a": 1}])

    def test_answers_payloads_and_errors(self) -> None:
        self.daemon.start()
        self.daemon.read()
        failed = "ERR_PLUGIN_FAILED"
        for body, code, reply in ((b"x", "", b"did x"), (b"raise", "ERR_FORBIDDEN", b""), (b"bug", failed, b""), (b"text", failed, b"")):
            self.payload(2, body)
            answer = self.daemon.read("answer")["answer"]
            self.assertEqual((answer["code"], answer["body"]), (code, reply))

    def test_an_exit_odd_text_and_too_large_a_reply_fail_their_call_alone(self) -> None:
        self.daemon.start()
        self.daemon.read()
        failed = "ERR_PLUGIN_FAILED"
        for body, code, text in (
            (b"exit", failed, "SystemExit 3"),
            (b"odd", failed, "no file ?"),
            (b"huge", "ERR_PAYLOAD_TOO_LARGE", "A message of"),
            (b"fine", "", ""),
        ):
            self.payload(2, body)
            answer = self.daemon.read("answer")["answer"]
            self.assertEqual(answer["code"], code)
            self.assertIn(text, answer["message"])

    def test_calls_the_daemon_within_a_handler(self) -> None:
        self.daemon.start()
        self.daemon.read()
        for number in range(2, 30):
            self.payload(number, b"store")
            call = self.daemon.read("store")
            self.assertEqual((call["store"]["op"], call["store"]["key"]), (1, "key"))
            self.daemon.send({"id": call["id"], "answer": {"flag": True, "body": b"value"}})
            answer = self.daemon.read("answer")
            self.assertEqual((answer["id"], answer["answer"]["body"]), (number, b"value"))

    def test_more_calls_than_the_daemon_takes_wait_for_their_turn(self) -> None:
        self.daemon.start()
        self.daemon.read()
        values: List[Any] = []
        threads = [threading.Thread(target=lambda: values.append(self.plugin.ctx.store.get("key"))) for _ in range(30)]
        for thread in threads:
            thread.start()
        numbers = [self.daemon.read("store")["id"] for _ in range(LIMITS["calls"])]
        self.payload(50, b"x")
        # no call has come in between
        self.assertEqual(self.daemon.read()["id"], 50)
        for left in range(30, 0, -1):
            self.daemon.send({"id": numbers.pop(0), "answer": {"flag": True, "body": b"v"}})
            if left > LIMITS["calls"]:
                numbers.append(self.daemon.read("store")["id"])
        for thread in threads:
            thread.join(5)
        self.assertEqual(values, [b"v"] * 30)

    def test_a_handler_that_waits_holds_nobody_up(self) -> None:
        self.daemon.start()
        self.daemon.read()
        for number in range(2, 12):
            self.payload(number, b"wait")
        self.payload(50, b"quick")
        self.assertEqual(self.daemon.read("answer")["id"], 50)
        self.plugin.gate.set()
        self.assertEqual({self.daemon.read("answer")["id"] for _ in range(10)}, set(range(2, 12)))

    def test_events_and_shutdown(self) -> None:
        self.daemon.start()
        self.daemon.read()
        self.daemon.send({"event": {"topic": "peers", "event": b'{"type":"connected"}'}})
        self.daemon.send({"id": 2, "shutdown": {}})
        self.assertEqual(self.daemon.read("answer")["id"], 2)
        self.assertEqual(self.plugin.seen[1:], [("peers", {"type": "connected"}), "shutdown"])

    def test_log(self) -> None:
        self.daemon.start()
        self.daemon.read()
        self.plugin.ctx.log.warn("careful", count=3)
        line = self.daemon.read("log")["log"]
        self.assertEqual((line["level"], line["message"], json.loads(line["fields"])), ("warn", "careful", {"count": 3}))
        self.plugin.ctx.log.info("odd \udcff", much="x" * (9 << 20))
        line = self.daemon.read("log")["log"]
        self.assertEqual((line["message"], json.loads(line["fields"])), ("odd ?", {"fields": "too large"}))

    def test_a_call_that_is_too_large_fails_alone(self) -> None:
        self.daemon.start()
        self.daemon.read()
        with self.assertRaises(ShoalError) as raised:
            self.plugin.ctx.store.set("key", bytes(9 << 20))
        self.assertEqual(raised.exception.code, "ERR_PAYLOAD_TOO_LARGE")
        self.payload(2, b"x")
        self.assertEqual(self.daemon.read("answer")["answer"]["body"], b"did x")


class StreamTest(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Plugin("streams")
        self.job: Any = None
        self.done = threading.Event()

        @self.plugin.puller("test")
        def pull(job: Any) -> None:
            self.job = job
            if job.options.get("fail"):
                raise ShoalError("ERR_SOURCE_FAILED", "nothing there")
            job.publish([Track(1, "data", "text")])
            job.stopping.wait(5)

        self.daemon = Daemon(self.plugin)
        self.daemon.start()
        self.daemon.read()

    def tearDown(self) -> None:
        self.assertTrue(self.daemon.close())

    def opened(self, call: Any, part: str) -> Any:
        """Runs a call that opens a stream, and answers it."""
        result: List[Any] = []
        thread = threading.Thread(target=lambda: result.append(call()))
        thread.start()
        number = self.daemon.read(part)["id"]
        self.daemon.send({"id": number, "answer": {"path": "a/b", "tracks": [{"id": 1, "kind": "data", "codec": "text"}]}})
        thread.join(5)
        return number, result[0]

    def test_publication_waits_for_credit(self) -> None:
        number, publication = self.opened(lambda: self.plugin.ctx.publish("a/b", [Track(1, "data", "text")]), "publish")
        self.assertEqual(publication.path, "a/b")
        self.assertTrue(publication.write(bytes(600), timestamp=1))
        written: List[bool] = []
        thread = threading.Thread(target=lambda: written.append(publication.write(bytes(600), timestamp=2)))
        thread.start()
        self.assertEqual(len(self.daemon.read("frames")["frames"]["records"]), 632)
        thread.join(0.05)
        self.assertTrue(thread.is_alive())
        self.daemon.send({"id": number, "credit": {"bytes": 632}})
        thread.join(5)
        self.assertEqual(written, [True])
        self.daemon.send({"id": number, "close": {"code": "ERR_STREAM_STOPPED", "message": "enough"}})
        while not publication.closed:
            pass
        self.assertFalse(publication.write(b"", timestamp=3))
        self.assertEqual(publication.error.code, "ERR_STREAM_STOPPED")

    def test_frames_that_cannot_pass_are_refused_and_many_are_sent_in_pieces(self) -> None:
        number, publication = self.opened(lambda: self.plugin.ctx.publish("a/b", [Track(1, "data", "text")]), "publish")
        for size in (1000, (8 << 20) + 1):
            with self.assertRaises(ShoalError) as raised:
                publication.write(bytes(size), timestamp=1)
            self.assertEqual(raised.exception.code, "ERR_FRAME_INVALID")
        publication._window = publication._credit = 16 << 20
        frames = [Frame(1, count, True, bytes(100_000)) for count in range(3)]
        thread = threading.Thread(target=lambda: publication.write_batch(frames))
        thread.start()
        sizes = [len(self.daemon.read("frames")["frames"]["records"]) for _ in range(3)]
        self.assertEqual(sizes, [100_032] * 3)
        thread.join(5)
        self.daemon.send({"id": number, "close": {}})

    def test_wishes_for_key_frames_go_both_ways(self) -> None:
        number, publication = self.opened(lambda: self.plugin.ctx.publish("a/b", [Track(1, "data", "text")]), "publish")
        self.assertFalse(publication.key_wanted())
        self.daemon.send({"id": number, "key_wanted": {}})
        self.assertTrue(publication._key_wanted.wait(5))
        self.assertEqual([publication.key_wanted(), publication.key_wanted()], [True, False])
        other, subscription = self.opened(lambda: self.plugin.ctx.subscribe("a/b"), "subscribe")
        subscription.want_key()
        self.assertEqual(self.daemon.read("key_wanted")["id"], other)
        subscription.close()
        subscription.want_key()
        self.assertEqual(self.daemon.read("close")["id"], other)

    def test_subscription_gives_credit_back(self) -> None:
        number, subscription = self.opened(lambda: self.plugin.ctx.subscribe("a/b"), "subscribe")
        records = record_head(1, 7, True, 2, None, None) + b"hi"
        self.daemon.send({"id": number, "frames": {"records": records, "dropped": 4}})
        self.daemon.send({"id": number, "tracks": {"tracks": [{"id": 2, "kind": "data", "codec": "json"}]}})
        self.daemon.send({"id": number, "frames": {"records": records + records}})
        self.daemon.send({"id": number, "close": {}})
        batches = iter(subscription)
        self.assertEqual([frame.data for frame in next(batches)], [b"hi"])
        self.assertEqual((subscription.dropped, subscription.tracks[0].codec), (4, "text"))
        self.assertEqual(len(next(batches)), 2)
        self.assertEqual(subscription.tracks[0].codec, "json")
        self.assertEqual(list(batches), [])
        self.assertEqual([self.daemon.read("credit")["credit"]["bytes"] for _ in range(2)], [34, 68])

    def test_a_pull_ends_when_it_is_cancelled(self) -> None:
        self.daemon.send({"id": 9, "job": {"url": "test://x/y", "path": "y", "options": b"{}"}})
        number = self.daemon.read("publish")["id"]
        self.daemon.send({"id": number, "answer": {"path": "y"}})
        self.daemon.send({"id": 9, "cancel": {}})
        self.assertEqual(self.daemon.read("close")["id"], number)
        answer = self.daemon.read("answer")
        self.assertEqual((answer["id"], answer["answer"]["code"]), (9, ""))

    def test_a_pull_that_fails_says_why(self) -> None:
        self.daemon.send({"id": 9, "job": {"url": "test://x/y", "path": "y", "options": b'{"fail": true}'}})
        answer = self.daemon.read("answer")["answer"]
        self.assertEqual((answer["code"], answer["message"]), ("ERR_SOURCE_FAILED", "nothing there"))


class ProcessTest(unittest.TestCase):
    def run_plugin(self, body: str, env: Optional[Dict[str, str]] = None, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        script = f"from shoal_plugin import Plugin\n{body}"
        path = os.pathsep.join(entry for entry in sys.path if entry)
        return subprocess.run([sys.executable, "-c", script], input=given, capture_output=True, timeout=20, env={"PYTHONPATH": path, **(env or {})})

    def test_is_not_run_by_hand(self) -> None:
        result = self.run_plugin("Plugin('x').run()")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"run by the Shoal daemon", result.stderr)

    def test_ends_with_its_stdin_and_prints_to_the_log(self) -> None:
        result = self.run_plugin("print('to the log', flush=True)\nPlugin('x').run()", {"SHOAL_PLUGIN_PROTOCOL": "1-1"})
        self.assertEqual(result.returncode, 0)

    def test_garbage_ends_it(self) -> None:
        result = self.run_plugin("Plugin('x').run()", {"SHOAL_PLUGIN_PROTOCOL": "1-1"}, b"\xff" * 100)
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"WireError", result.stderr)


if __name__ == "__main__":
    unittest.main()
