"""The codec."""

import random
import unittest

from shoal_plugin.wire import HEAD_SIZE, MESSAGE, WireError, decode, decode_records, encode, record_head, varint


class WireTest(unittest.TestCase):
    def test_goes_there_and_back(self) -> None:
        message = {
            "id": 2**40,
            "publish": {
                "path": "a/ä",
                "tracks": [{"id": 1, "kind": "video", "codec": "avc1", "description": b"\x01", "width": 640, "height": 360}],
                "takeover": True,
            },
        }
        back = decode(encode(message))
        self.assertEqual(back["id"], 2**40)
        self.assertEqual(back["publish"]["path"], "a/ä")
        self.assertIs(back["publish"]["takeover"], True)
        self.assertEqual(back["publish"]["job"], 0)
        self.assertEqual(back["publish"]["tracks"][0]["channels"], 0)

    def test_empty_parts_are_present(self) -> None:
        self.assertEqual(decode(encode({"id": 3, "cancel": {}})), {"id": 3, "cancel": {}})

    def test_unknown_fields_are_skipped(self) -> None:
        later = varint(99 << 3) + varint(300) + varint(100 << 3 | 2) + varint(2) + b"ab" + varint(101 << 3 | 5) + bytes(4) + varint(102 << 3 | 1) + bytes(8)
        self.assertEqual(decode(later + encode({"id": 3, "shutdown": {}})), {"id": 3, "shutdown": {}})

    def test_varints(self) -> None:
        for value in (0, 1, 127, 128, 300, 2**32, 2**53):
            self.assertEqual(decode(b"\x08" + varint(value))["id"], value)

    def test_bad_bytes_are_wire_errors(self) -> None:
        for bad in (b"\x08", b"\x12\x05a", b"\x0b", b"\xff" * 20, b"\x3d\x00", b"\x12\x03\x1a\x01\xff"):
            with self.assertRaises(WireError, msg=bad):
                decode(bad)

    def test_random_bytes_raise_nothing_else(self) -> None:
        source = random.Random(7)
        samples = [encode({"id": 5, name: {}}) for name in MESSAGE if name != "id"]
        samples.append(encode({"id": 1, "hello": {"version": 1, "agent": "x", "plugin": {"name": "n", "kinds": ["a", "b"]}}}))
        for _ in range(20000):
            data = bytearray(source.choice(samples) if source.random() < 0.5 else source.randbytes(source.randrange(40)))
            if data:
                data[source.randrange(len(data))] = source.randrange(256)
            try:
                decode(bytes(data))
            except WireError:
                pass

    def test_records(self) -> None:
        data = b"".join(
            [
                record_head(1, 1_000_000, True, 3, None, None) + b"abc",
                record_head(65_535, -5, False, 0, -45, 40_000),
            ]
        )
        first, second = decode_records(data)
        self.assertEqual(first, (1, 1_000_000, True, b"abc", None, None))
        self.assertEqual(second, (65_535, -5, False, b"", -45, 40_000))
        self.assertEqual(HEAD_SIZE, 32)
        for bad in (data[:-1], data[:40], b"\x02" + data[1:]):
            with self.assertRaises(WireError):
                decode_records(bad)


if __name__ == "__main__":
    unittest.main()
