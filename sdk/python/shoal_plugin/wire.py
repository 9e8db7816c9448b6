"""The messages of the portable protocol (proto/portable.proto), encoded and decoded by tables of fields."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

UINT, BOOL, BYTES, TEXT = "uint", "bool", "bytes", "text"

#: name -> (field number, kind or table of a message, repeated)
Table = Dict[str, Tuple[int, Any, bool]]

_track: Table = {
    "id": (1, UINT, False),
    "kind": (2, TEXT, False),
    "codec": (3, TEXT, False),
    "description": (4, BYTES, False),
    "width": (5, UINT, False),
    "height": (6, UINT, False),
    "sample_rate": (7, UINT, False),
    "channels": (8, UINT, False),
}
_factory: Table = {"protocol": (1, TEXT, False), "prefix": (2, TEXT, False)}
_route: Table = {"method": (1, TEXT, False), "path": (2, TEXT, False), "summary": (3, TEXT, False), "public": (4, BOOL, False)}
_entry: Table = {"key": (1, TEXT, False), "value": (2, BYTES, False)}
_limits: Table = {"max_message": (1, UINT, False), "window": (2, UINT, False), "calls": (3, UINT, False), "streams": (4, UINT, False)}
_description: Table = {
    "name": (1, TEXT, False),
    "version": (2, TEXT, False),
    "description": (3, TEXT, False),
    "author": (4, TEXT, False),
    "kinds": (5, TEXT, True),
    "config_schema": (6, BYTES, False),
    "pullers": (7, _factory, True),
    "pushers": (8, _factory, True),
    "routes": (9, _route, True),
    "provides": (10, TEXT, True),
    "events": (11, TEXT, True),
    "uses": (12, TEXT, True),
}
_hello: Table = {"version": (1, UINT, False), "min_version": (2, UINT, False), "agent": (3, TEXT, False), "plugin": (4, _description, False)}
_answer: Table = {
    "code": (1, TEXT, False),
    "message": (2, TEXT, False),
    "body": (3, BYTES, False),
    "flag": (4, BOOL, False),
    "entries": (5, _entry, True),
    "path": (6, TEXT, False),
    "tracks": (7, _track, True),
    "blobs": (8, BYTES, True),
}
_service: Table = {"slot": (1, TEXT, False), "method": (2, TEXT, False), "arguments": (3, BYTES, False), "blobs": (4, BYTES, True)}
_task: Table = {
    "name": (1, TEXT, False),
    "state": (2, TEXT, False),
    "text": (3, TEXT, False),
    "done": (4, UINT, False),
    "total": (5, UINT, False),
}
_start: Table = {
    "config": (1, BYTES, False),
    "node_id": (2, TEXT, False),
    "node_name": (3, TEXT, False),
    "data_dir": (4, TEXT, False),
    "limits": (5, _limits, False),
}
_job: Table = {
    "factory": (1, UINT, False),
    "push": (2, BOOL, False),
    "url": (3, TEXT, False),
    "path": (4, TEXT, False),
    "options": (5, BYTES, False),
}
_publish: Table = {
    "path": (1, TEXT, False),
    "tracks": (2, _track, True),
    "takeover": (3, BOOL, False),
    "publish_timeout": (4, UINT, False),
    "idle_timeout": (5, UINT, False),
    "job": (6, UINT, False),
}
_subscribe: Table = {
    "path": (1, TEXT, False),
    "start": (2, UINT, False),
    "buffered": (3, UINT, False),
    "kinds": (4, TEXT, True),
    "max_latency": (5, UINT, False),
    "wait": (6, UINT, False),
    "job": (7, UINT, False),
}
_send: Table = {
    "mode": (1, UINT, False),
    "peer": (2, TEXT, False),
    "kind": (3, TEXT, False),
    "body": (4, BYTES, False),
    "timeout": (5, UINT, False),
}

#: One message: an id and one part.
MESSAGE: Table = {
    "id": (1, UINT, False),
    "hello": (2, _hello, False),
    "answer": (3, _answer, False),
    "cancel": (4, {}, False),
    "start": (10, _start, False),
    "payload": (11, {"peer": (1, TEXT, False), "kind": (2, TEXT, False), "body": (3, BYTES, False)}, False),
    "forgotten": (12, {"peer": (1, TEXT, False)}, False),
    "shutdown": (13, {}, False),
    "job": (14, _job, False),
    "http": (15, {"route": (1, UINT, False), "request": (2, BYTES, False)}, False),
    "event": (16, {"topic": (1, TEXT, False), "event": (2, BYTES, False)}, False),
    "send": (20, _send, False),
    "store": (21, {"op": (1, UINT, False), "key": (2, TEXT, False), "value": (3, BYTES, False), "after": (4, TEXT, False)}, False),
    "query": (22, {"topic": (1, TEXT, False)}, False),
    "sign": (23, {"bytes": (1, BYTES, False)}, False),
    "publish": (24, _publish, False),
    "subscribe": (25, _subscribe, False),
    "log": (26, {"level": (1, TEXT, False), "message": (2, TEXT, False), "fields": (3, BYTES, False)}, False),
    "task": (27, _task, False),
    "frames": (30, {"records": (1, BYTES, False), "dropped": (2, UINT, False)}, False),
    "tracks": (31, {"tracks": (1, _track, True)}, False),
    "credit": (32, {"bytes": (1, UINT, False)}, False),
    "close": (33, {"code": (1, TEXT, False), "message": (2, TEXT, False)}, False),
    "key_wanted": (34, {}, False),
    "service": (35, _service, False),
    "notice": (36, _service, False),
}

_shapes: Dict[int, Tuple[Dict[int, Tuple[str, Any, bool]], Dict[str, Any], List[str]]] = {}
_empty = {UINT: 0, BOOL: False, BYTES: b"", TEXT: ""}


class WireError(ValueError):
    """Bytes that are no message."""


def varint(value: int) -> bytes:
    """A natural number in 7 bits a byte, the lowest first."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(value: Dict[str, Any], table: Table = MESSAGE) -> bytes:
    """A message as bytes, without its length. Names that are absent are left out."""
    out = bytearray()
    for name, given in value.items():
        number, kind, repeated = table[name]
        for item in given if repeated else (given,):
            if kind is UINT or kind is BOOL:
                out += varint(number << 3)
                out += varint(int(item))
                continue
            body = item if kind is BYTES else item.encode("utf-8") if kind is TEXT else encode(item, kind)
            out += varint(number << 3 | 2)
            out += varint(len(body))
            out += body
    return bytes(out)


def decode(data: Union[bytes, bytearray, memoryview], table: Table = MESSAGE) -> Dict[str, Any]:
    """Bytes as a message. Absent scalars of a part have their empty value; unknown fields are skipped. Raises WireError."""
    view = memoryview(data)
    fields, scalars, lists = _shape(table)
    value = scalars.copy()
    for name in lists:
        value[name] = []
    at, end = 0, len(view)
    while at < end:
        tag = view[at]
        at += 1
        if tag > 0x7F:
            tag, at = _read_varint(view, at - 1)
        found = fields.get(tag >> 3)
        form = tag & 7
        if form == 0:
            number, at = _read_varint(view, at)
            if found and (found[1] is UINT or found[1] is BOOL):
                value[found[0]] = bool(number) if found[1] is BOOL else number
            continue
        if form != 2:
            at = _skip(form, at)
            if at > end:
                raise WireError("a message ends within a field")
            continue
        length, at = _read_varint(view, at)
        if length > end - at:
            raise WireError("a message ends within a field")
        if found:
            _take(value, found, view[at : at + length])
        at += length
    return value


def plain(text: str) -> str:
    """A text that can be written: what is no Unicode, as in names of files that are none, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def read_payload(body: Union[bytes, bytearray]) -> Optional[Tuple[bytes, str, str, bytes]]:
    """
    Id (as it is written), peer, kind and data of a message that is a payload, as the daemon writes it; None for any other, which
    :func:`decode` reads. What comes most often is read without tables.
    """
    try:
        if body[0] != 8:
            return None
        at = 1
        while body[at] > 0x7F:
            at += 1
        at += 1
        number = bytes(body[1:at])
        if body[at] != 0x5A:
            return None
        length, at = _read_varint(body, at + 1)
        if at + length != len(body) or body[at] != 0x0A:
            return None
        length, at = _read_varint(body, at + 1)
        peer = body[at : at + length]
        at += length
        if body[at] != 0x12:
            return None
        length, at = _read_varint(body, at + 1)
        kind = body[at : at + length]
        at += length
        if at == len(body):
            return number, peer.decode(), kind.decode(), b""
        if body[at] != 0x1A:
            return None
        length, at = _read_varint(body, at + 1)
        if at + length != len(body):
            return None
        return number, peer.decode(), kind.decode(), bytes(body[at:])
    except (IndexError, ValueError):
        return None


def reply_message(number: bytes, reply: Optional[bytes]) -> List[bytes]:
    """The answer to a payload, with its length in front; the parts are written one after the other. ``number``: as it was read."""
    if not reply:
        return [bytes((len(number) + 3,)) + b"\x08" + number + b"\x1a\x00"]
    size = len(reply)
    inner = b"\x1a" + varint(size)
    outer = b"\x08" + number + b"\x1a" + varint(len(inner) + size) + inner
    head = varint(len(outer) + size) + outer
    return [head + reply] if size < 4096 else [head, reply]


def _take(value: Dict[str, Any], found: Tuple[str, Any, bool], body: memoryview) -> None:
    name, kind, repeated = found
    if kind is UINT or kind is BOOL:
        return
    try:
        item = bytes(body) if kind is BYTES else str(body, "utf-8") if kind is TEXT else decode(body, kind)
    except UnicodeDecodeError as error:
        raise WireError("a text is not UTF-8") from error
    if repeated:
        value[name].append(item)
    else:
        value[name] = item


def _shape(table: Table) -> Tuple[Dict[int, Tuple[str, Any, bool]], Dict[str, Any], List[str]]:
    """Fields by number, empty values, and the names of lists; made once for each table. Parts of a message have no empty value."""
    shape = _shapes.get(id(table))
    if shape is None:
        fields = {number: (name, kind, repeated) for name, (number, kind, repeated) in table.items()}
        scalars = {name: _empty[kind] for name, (_, kind, repeated) in table.items() if isinstance(kind, str) and not repeated}
        shape = (fields, scalars, [name for name, (_, _, repeated) in table.items() if repeated])
        _shapes[id(table)] = shape
    return shape


def _read_varint(view: Union[bytes, bytearray, memoryview], at: int) -> Tuple[int, int]:
    result = shift = 0
    try:
        while True:
            byte = view[at]
            at += 1
            if byte < 0x80 and not shift:
                return byte, at
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result, at
            shift += 7
            if shift > 63:
                raise WireError("a number is too long")
    except IndexError:
        raise WireError("a message ends within a number") from None


def _skip(form: int, at: int) -> int:
    if form == 1:
        return at + 8
    if form == 5:
        return at + 4
    raise WireError(f"a field has the form {form}")


class Record(NamedTuple):
    """A frame as it travels."""

    track: int
    timestamp: int
    key: bool
    data: bytes
    decode_time: Optional[int] = None
    duration: Optional[int] = None


_head = struct.Struct(">BBHIIqiII")
HEAD_SIZE = _head.size


def record_head(track: int, timestamp: int, key: bool, size: int, decode_time: Optional[int], duration: Optional[int]) -> bytes:
    """The 32 bytes in front of a frame's data."""
    flags = (1 if key else 0) | (0 if decode_time is None else 2) | (0 if duration is None else 4)
    offset = 0 if decode_time is None else timestamp - decode_time
    return _head.pack(1, flags, track, 0, 0, timestamp, offset, duration or 0, size)


def decode_records(data: bytes) -> List[Record]:
    """The frames of a batch. Raises WireError."""
    records: List[Record] = []
    at, end = 0, len(data)
    while at < end:
        if end - at < HEAD_SIZE:
            raise WireError("a batch ends within a header")
        kind, flags, track, _, _, timestamp, offset, duration, size = _head.unpack_from(data, at)
        at += HEAD_SIZE
        if kind != 1 or size > end - at:
            raise WireError("a batch holds something else than whole frames")
        body = data[at : at + size]
        at += size
        records.append(
            Record(track, timestamp, bool(flags & 1), body, timestamp - offset if flags & 2 else None, duration if flags & 4 else None)
        )
    return records
