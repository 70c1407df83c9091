"""Values as JSON: scalars and lists unchanged, other types tagged.

A decoded value has an exact standard type and its own honest methods, whatever was sent: no method
of the other side gets here. What has no value form goes to `Codec.refer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ttc.verifiers.sandbox.inside.values.kept import Kept
from ttc.verifiers.sandbox.inside.values.shared import Shared, dict_of

_SAFE = 1 << 53  # larger integers are sent in base 16, which takes linear time
_PLAIN = frozenset({str, float, bool, type(None)})
_AS_IS = frozenset({str, float, bool})


class Codec:
    """Encodes and decodes the values of one connection."""

    def __init__(self) -> None:
        self.shared, self.kept = Shared(), Kept()

    def encode(self, value: Any) -> Any:
        """Return a value as JSON."""
        kind = type(value)
        if value is None or kind in _AS_IS:
            return value
        if kind is int:
            return value if -_SAFE < value < _SAFE else {"i": hex(value)}
        if kind is list:
            return self._list(value)
        encoder = ENCODERS.get(kind)
        if encoder is None:
            return self.refer(value)
        if kind in MUTABLE:
            return self.once(value) or encoder(self, value)
        return encoder(self, value)

    def _list(self, value: list[Any]) -> Any:
        return self.once(value) or self.items(value)

    def once(self, container: Any) -> dict[str, Any] | None:
        """Return a reference to a container that has a number; number a new one."""
        if (number := self.shared.numbers.get(id(container))) is not None:
            return {"=": number}
        if self.kept.ids and (number := self.kept.ids.get(id(container))) is not None:
            return {"~": number}
        self.shared.add(container)
        return None

    def items(self, items: Any) -> list[Any]:
        """Return the values of a sequence or set as JSON."""
        kinds = set(map(type, items))
        if kinds <= _PLAIN:
            return list(items)
        if len(kinds) == 1 and int in kinds and min(items) > -_SAFE and max(items) < _SAFE:
            return list(items)
        return [self.encode(item) for item in items]

    def decode(self, value: Any) -> Any:
        """Return the value of an `encode` result; an exception of any kind for nonsense."""
        kind = type(value)
        if kind is list:
            self.shared.add(value)
            if not _PLAIN_JSON.issuperset(map(type, value)):
                value[:] = map(self.decode, value)
            return value
        if kind is not dict:
            return value
        ((tag, content),) = value.items()
        decoder = DECODERS.get(tag)
        return self.resolve(tag, content) if decoder is None else decoder(self, content)

    def several(self, items: Any) -> list[Any]:
        """Return the values of a list that is not itself a value."""
        if type(items) is not list:
            raise ValueError("no list")
        if _PLAIN_JSON.issuperset(map(type, items)):
            return items
        return [self.decode(item) for item in items]

    def refer(self, value: Any) -> Any:
        """Return what stands for an object that has no value form."""
        raise NotImplementedError

    def resolve(self, tag: str, content: Any) -> Any:
        """Return the object that a result of `refer` stands for."""
        raise NotImplementedError

    def content(self, container: Any) -> Any:
        """Return what a container holds, as JSON."""
        if isinstance(container, dict):
            base = dict_of(container)
            pairs = zip(base.keys(container), base.values(container), strict=True)
            return [[self.encode(key), self.encode(value)] for key, value in pairs]
        if isinstance(container, (list, set)) or hasattr(container, "maxlen"):
            return self.items(list(container) if type(container) is not list else container)
        raw = container.tobytes() if hasattr(container, "tobytes") else bytes(container)
        return raw.hex()

    def uncontent(self, container: Any, content: Any) -> Any:
        """Return the decoded form of a `content` result for `shared.assign`."""
        if isinstance(content, str):
            return bytes.fromhex(content)
        if isinstance(container, dict):
            return [(self.decode(key), self.decode(value)) for key, value in content]
        return self.several(content)


Encoder = Callable[[Codec, Any], Any]
ENCODERS: dict[type, Encoder] = {}
DECODERS: dict[str, Encoder] = {}
MUTABLE: set[type] = {list}
_PLAIN_JSON = _PLAIN | {int}


def _encode_dict(codec: Codec, value: dict[Any, Any]) -> Any:
    if set(map(type, value)) == {str}:
        return {"m": dict(zip(value, codec.items(value.values()), strict=True))}
    return {"d": [[codec.encode(key), codec.encode(item)] for key, item in value.items()]}


def _decode_mapping(codec: Codec, content: Any) -> Any:
    codec.shared.add(content)
    if type(content) is not dict:
        raise ValueError("no mapping")
    if not _PLAIN_JSON.issuperset(map(type, content.values())):
        for key, item in content.items():
            content[key] = codec.decode(item)
    return content


def _decode_dict(codec: Codec, content: Any) -> Any:
    made: dict[Any, Any] = {}
    codec.shared.add(made)
    for key, item in content:
        key = codec.decode(key)  # before the item, as when it was encoded
        made[key] = codec.decode(item)
    return made


def _decode_set(codec: Codec, content: Any) -> Any:
    made: set[Any] = set()
    codec.shared.add(made)
    made.update(codec.several(content))
    return made


def _decode_bytearray(codec: Codec, content: Any) -> Any:
    made = bytearray.fromhex(content)
    codec.shared.add(made)
    return made


ENCODERS.update(
    {
        tuple: lambda codec, value: {"t": codec.items(value)},
        dict: _encode_dict,
        set: lambda codec, value: {"s": codec.items(value)},
        frozenset: lambda codec, value: {"f": codec.items(value)},
        bytes: lambda _, value: {"b": value.hex()},
        bytearray: lambda _, value: {"B": value.hex()},
        complex: lambda _, value: {"c": [value.real, value.imag]},
        range: lambda codec, value: {"range": codec.items([value.start, value.stop, value.step])},
        slice: lambda codec, value: {
            "slice": [codec.encode(each) for each in (value.start, value.stop, value.step)]
        },
        type(Ellipsis): lambda _, value: {"one": "..."},
        type(NotImplemented): lambda _, value: {"one": "NotImplemented"},
    }
)
DECODERS.update(
    {
        "i": lambda _, content: int(content, 16),
        "t": lambda codec, content: tuple(codec.several(content)),
        "m": _decode_mapping,
        "d": _decode_dict,
        "s": _decode_set,
        "f": lambda codec, content: frozenset(codec.several(content)),
        "b": lambda _, content: bytes.fromhex(content),
        "B": _decode_bytearray,
        "c": lambda _, content: complex(*content),
        "range": lambda codec, content: range(*codec.several(content)),
        "slice": lambda codec, content: slice(*codec.several(content)),
        "one": lambda _, content: {"...": Ellipsis, "NotImplemented": NotImplemented}[content],
        "~": lambda codec, content: codec.kept.get(_number(content)),
        "=": lambda codec, content: codec.shared.objects[_number(content)],
    }
)
MUTABLE |= {dict, set, bytearray}


def _number(content: Any) -> int:
    if type(content) is not int or content < 0:
        raise ValueError("no number of a container")
    return content
