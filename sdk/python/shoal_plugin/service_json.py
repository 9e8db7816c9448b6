"""Arguments and results of service methods: JSON, with bytes beside it instead of within."""

from __future__ import annotations

import json
from typing import Any, List, Sequence, Tuple

from .wire import WireError


def dump(value: Any) -> Tuple[bytes, List[bytes]]:
    """A value as JSON and the bytes that it refers to."""
    blobs: List[bytes] = []

    def split(item: Any) -> Any:
        if isinstance(item, (bytes, bytearray, memoryview)):
            blobs.append(bytes(item))
            return {"$blob": len(blobs) - 1}
        raise TypeError(f"a {type(item).__name__} is not JSON")

    return json.dumps(value, default=split).encode(), blobs


def load(data: bytes, blobs: Sequence[bytes]) -> Any:
    """The value that JSON and blobs stand for; nothing = None. Raises WireError."""
    if not data:
        return None
    try:
        value = json.loads(data)
    except ValueError as error:
        raise WireError("arguments or a result are not JSON") from error
    return _join(value, blobs) if blobs else value


def _join(value: Any, blobs: Sequence[bytes]) -> Any:
    if isinstance(value, list):
        return [_join(item, blobs) for item in value]
    if not isinstance(value, dict):
        return value
    number = value.get("$blob")
    if len(value) == 1 and isinstance(number, int):
        if not 0 <= number < len(blobs):
            raise WireError("a value refers to bytes that are not there")
        return blobs[number]
    return {name: _join(item, blobs) for name, item in value.items()}
