"""Messages out of a pipe, whatever pieces they come in."""

import os
import threading
import unittest

from shoal_plugin.reader import Reader
from shoal_plugin.wire import WireError, decode, encode, read_payload, reply_message, varint


def framed(body: bytes) -> bytes:
    return varint(len(body)) + body


class ReaderTest(unittest.TestCase):
    def setUp(self) -> None:
        self.read, self.write = os.pipe()
        self.reader = Reader(self.read, 1 << 20)

    def tearDown(self) -> None:
        os.close(self.read)

    def test_cuts_messages_wherever_the_pieces_end(self) -> None:
        bodies = [b"a", b"", b"b" * 127, b"c" * 128, b"d" * 70_000, b"e" * 300_000, b"f"]
        whole = b"".join(framed(body) for body in bodies)

        def pour() -> None:
            at = 0
            for size in [1, 2, 3, 200, 5_000, 64, 100_000] * 100:
                if at >= len(whole):
                    break
                at += os.write(self.write, whole[at : at + size])
            os.close(self.write)

        threading.Thread(target=pour, daemon=True).start()
        self.assertEqual([bytes(self.reader.next() or b"") for _ in bodies], bodies)
        self.assertIsNone(self.reader.next())

    def test_ends_within_a_message(self) -> None:
        for start in (b"\x80", b"\x05abc"):
            read, write = os.pipe()
            os.write(write, start)
            os.close(write)
            self.assertIsNone(Reader(read, 100).next())
            os.close(read)
        os.close(self.write)

    def test_refuses_lengths_that_are_too_much(self) -> None:
        os.write(self.write, varint((1 << 20) + 1))
        self.assertRaises(WireError, self.reader.next)
        os.close(self.write)
        read, write = os.pipe()
        os.write(write, b"\xff" * 10)
        os.close(write)
        self.assertRaises(WireError, Reader(read, 100).next)
        os.close(read)


class PayloadTest(unittest.TestCase):
    def test_reads_what_the_tables_read(self) -> None:
        for number in (1, 127, 128, 1 << 40):
            for size in (0, 1, 127, 128, 70_000):
                payload = {"peer": "pä", "kind": "a.b", "body": b"x" * size}
                found = read_payload(encode({"id": number, "payload": payload}))
                self.assertEqual(found, (varint(number), "pä", "a.b", b"x" * size))
                parts = reply_message(varint(number), b"y" * size)
                whole = b"".join(parts)
                start = next(at for at in range(1, 6) if whole[at - 1] < 0x80)
                message = decode(whole[start:])
                self.assertEqual((message["id"], message["answer"]["body"], message["answer"]["code"]), (number, b"y" * size, ""))

    def test_leaves_the_rest_to_the_tables(self) -> None:
        whole = encode({"id": 1, "payload": {"peer": "p", "kind": "k", "body": b"x"}})
        others = [encode({"id": 1, "cancel": {}}), encode({"hello": {"version": 1}}), whole + b"\x20\x01"]
        for body in others + [whole[:at] for at in range(len(whole))]:
            self.assertIsNone(read_payload(body), body)
