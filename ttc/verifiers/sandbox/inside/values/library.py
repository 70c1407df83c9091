"""The standard library's types that cross by value."""

from __future__ import annotations

import re
from array import array
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import (
    PosixPath,
    PurePosixPath,
    PureWindowsPath,
)
from typing import Any
from uuid import UUID

from ttc.verifiers.sandbox.inside.values.codec import DECODERS, ENCODERS, MUTABLE, Codec

_NO: dict[Any, Any] = {}
_PATHS = {each.__name__: each for each in (PosixPath, PurePosixPath, PureWindowsPath)}


def _encode_pairs(codec: Codec, value: Any) -> list[Any]:
    return [[codec.encode(key), codec.encode(item)] for key, item in value.items()]


def _fill(codec: Codec, made: Any, pairs: Any) -> Any:
    codec.shared.add(made)
    for key, item in pairs:
        key = codec.decode(key)
        made[key] = codec.decode(item)
    return made


def _decode_defaultdict(codec: Codec, content: Any) -> Any:
    made: defaultdict[Any, Any] = defaultdict()
    codec.shared.add(made)
    factory, pairs = content
    made.default_factory = codec.decode(factory)
    if not (made.default_factory is None or callable(made.default_factory)):
        raise ValueError("no default factory")
    for key, item in pairs:
        key = codec.decode(key)
        made[key] = codec.decode(item)
    return made


def _decode_deque(codec: Codec, content: Any) -> Any:
    maxlen, items = content
    made: deque[Any] = deque(maxlen=maxlen)
    codec.shared.add(made)
    made.extend(codec.several(items))
    return made


def _decode_array(codec: Codec, content: Any) -> Any:
    code, raw = content
    made = array(code)
    codec.shared.add(made)
    made.frombytes(bytes.fromhex(raw))
    return made


def _encode_zone(codec: Codec, zone: tzinfo | None) -> Any:
    return None if zone is None else codec.encode(zone)


def _zone(codec: Codec, content: Any) -> Any:
    zone = codec.decode(content)
    if zone is not None and not isinstance(zone, tzinfo):
        raise ValueError("no time zone")
    return zone


def _encode_time(codec: Codec, value: Any) -> Any:
    fields = [value.hour, value.minute, value.second, value.microsecond]
    return {"time": [fields, value.fold, _encode_zone(codec, value.tzinfo)]}


def _encode_datetime(codec: Codec, value: Any) -> Any:
    fields = [value.year, value.month, value.day, value.hour, value.minute]
    fields += [value.second, value.microsecond]
    return {"datetime": [fields, value.fold, _encode_zone(codec, value.tzinfo)]}


def _decode_time(codec: Codec, content: Any) -> Any:
    (hour, minute, second, fraction), fold, zone = content
    return time(hour, minute, second, fraction, _zone(codec, zone), fold=fold)


def _decode_datetime(codec: Codec, content: Any) -> Any:
    (year, month, day, *clock), fold, zone = content
    hour, minute, second, fraction = clock
    return datetime(year, month, day, hour, minute, second, fraction, _zone(codec, zone), fold=fold)


def _encode_timezone(codec: Codec, value: Any) -> Any:
    offset, *name = value.__getinitargs__()
    return {"timezone": [codec.encode(offset), *name]}


def _decode_timezone(codec: Codec, content: Any) -> Any:
    offset, *name = content
    return timezone(codec.decode(offset), *name)


def _encode_view(tag: str, take: Any) -> Any:
    return lambda codec, value: {tag: [codec.encode(each) for each in take(value)]}


def _memoryview(codec: Codec, content: Any) -> Any:
    raw, form, shape = content
    flat = memoryview(bytes.fromhex(raw))
    return flat if form == "B" and len(shape) == 1 else flat.cast(form, shape)


ENCODERS.update(
    {
        Decimal: lambda _, value: {"decimal": str(value)},
        Fraction: lambda codec, value: {
            "fraction": [codec.encode(value.numerator), codec.encode(value.denominator)]
        },
        date: lambda _, value: {"date": [value.year, value.month, value.day]},
        time: _encode_time,
        datetime: _encode_datetime,
        timedelta: lambda _, value: {"delta": [value.days, value.seconds, value.microseconds]},
        timezone: _encode_timezone,
        UUID: lambda _, value: {"uuid": value.hex},
        re.Pattern: lambda codec, value: {"re": [codec.encode(value.pattern), value.flags]},
        OrderedDict: lambda codec, value: {"od": _encode_pairs(codec, value)},
        Counter: lambda codec, value: {"counter": _encode_pairs(codec, value)},
        defaultdict: lambda codec, value: {
            "dd": [codec.encode(value.default_factory), _encode_pairs(codec, value)]
        },
        deque: lambda codec, value: {"deque": [value.maxlen, codec.items(value)]},
        ChainMap: lambda codec, value: {"chain": [codec.encode(each) for each in value.maps]},
        array: lambda _, value: {"array": [value.typecode, value.tobytes().hex()]},
        memoryview: lambda _, value: {
            "memory": [value.tobytes().hex(), value.format, list(value.shape)]
        },
        type(_NO.keys()): _encode_view("keys", list),
        type(_NO.values()): _encode_view("vals", list),
        type(_NO.items()): _encode_view("pairs", list),
    }
)
for _kind in _PATHS.values():
    ENCODERS[_kind] = lambda _, value: {"path": [type(value).__name__, str(value)]}
DECODERS.update(
    {
        "decimal": lambda _, content: Decimal(content),
        "fraction": lambda codec, content: Fraction(*codec.several(content)),
        "date": lambda _, content: date(*content),
        "time": _decode_time,
        "datetime": _decode_datetime,
        "delta": lambda _, content: timedelta(*content),
        "timezone": _decode_timezone,
        "uuid": lambda _, content: UUID(hex=content),
        "re": lambda codec, content: re.compile(codec.decode(content[0]), content[1]),
        "od": lambda codec, content: _fill(codec, OrderedDict(), content),
        "counter": lambda codec, content: _fill(codec, Counter(), content),
        "dd": _decode_defaultdict,
        "deque": _decode_deque,
        "chain": lambda codec, content: ChainMap(*codec.several(content)),
        "array": _decode_array,
        "memory": _memoryview,
        "keys": lambda codec, content: dict.fromkeys(codec.several(content)).keys(),
        "vals": lambda codec, content: dict(enumerate(codec.several(content))).values(),
        "pairs": lambda codec, content: dict(codec.several(content)).items(),
        "path": lambda _, content: _PATHS[content[0]](content[1]),
    }
)
MUTABLE |= {OrderedDict, Counter, defaultdict, deque, array}
