"""`pytest.approx` for tests, with pytest's rules: a relative tolerance of 1e-6, at least 1e-12."""

from __future__ import annotations

import cmath
import math
import sys
from collections.abc import Mapping, Sequence, Set, Sized
from decimal import Decimal
from numbers import Complex
from typing import Any

_RELATIVE, _ABSOLUTE = 1e-6, 1e-12


class approx:  # noqa: N801
    """Equal to `expected` within a tolerance: a number, or a list, tuple, dict or array of them."""

    __array_ufunc__ = None  # numpy asks this object, not each of its own items
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        expected: Any,
        rel: Any = None,
        abs: Any = None,  # noqa: A002
        nan_ok: bool = False,
    ) -> None:
        self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok
        for name, value in (("relative", rel), ("absolute", abs)):
            if value is not None and (value < 0 or math.isnan(value)):
                raise ValueError(f"{name} tolerance can't be negative or NaN: {value}")
        if isinstance(expected, Mapping):
            parts = list(expected.values())
        elif _is_array(expected) or _is_sequence(expected):
            parts = list(expected.flat) if _is_array(expected) else list(expected)
        elif isinstance(expected, Set) or (hasattr(expected, "__iter__") and _is_lazy(expected)):
            raise TypeError(f"pytest.approx() only supports ordered sequences, got {expected!r}")
        else:
            return
        for part in parts:
            if isinstance(part, (list, tuple, dict, set)):
                raise TypeError(f"pytest.approx() does not support nested data: {expected!r}")

    def __eq__(self, found: object) -> bool:
        expected = self.expected
        if _is_array(expected) or _is_array(found):
            return self._arrays(found)
        if isinstance(expected, Mapping):
            if not isinstance(found, Mapping) or set(found) != set(expected):
                return False
            return all(self._near(found[key], value) for key, value in expected.items())
        if _is_sequence(expected):
            items: Any = found
            if not (isinstance(found, Sized) and hasattr(found, "__getitem__")):
                return False
            if isinstance(found, (str, bytes, Mapping)) or len(found) != len(expected):
                return False
            return all(map(self._near, items, expected))
        return self._near(found, expected)

    def __ne__(self, found: object) -> bool:
        return not self == found

    def _arrays(self, found: Any) -> bool:
        numpy = sys.modules["numpy"]
        expected = self.expected
        if numpy.ndim(expected) == 0:
            return all(self._near(each, expected) for each in numpy.asarray(found).flat)
        try:
            found = numpy.asarray(found)
        except Exception:  # noqa: BLE001
            return False
        wanted = numpy.asarray(expected)
        return found.shape == wanted.shape and all(map(self._near, found.flat, wanted.flat))

    def _near(self, found: Any, expected: Any) -> bool:
        if isinstance(expected, (bool, type(None), str, bytes)) or isinstance(found, bool):
            return bool(found == expected) and isinstance(found, bool) == isinstance(expected, bool)
        try:
            if found == expected:
                return True
        except ValueError:
            return False
        numeric = isinstance(expected, (Complex, Decimal)) or type(expected).__module__ == "numpy"
        if not numeric or (not isinstance(found, (Complex, Decimal)) and not _is_scalar(found)):
            return False
        absolute = abs if not isinstance(expected, Complex) else cmath_abs
        if math.isnan(absolute(expected)):
            return self.nan_ok and math.isnan(absolute(found))
        if math.isinf(absolute(expected)):
            return False
        try:
            return bool(abs(expected - found) <= self._tolerance(expected))
        except TypeError:  # a Decimal and a float
            return False

    def _tolerance(self, expected: Any) -> Any:
        kind = Decimal if isinstance(expected, Decimal) else float
        least = kind(str(_ABSOLUTE)) if self.abs is None else self.abs
        if self.rel is None and self.abs is not None:
            return least
        relative = kind(str(_RELATIVE)) if self.rel is None else self.rel
        return max(relative * abs(expected), least)

    def __bool__(self) -> bool:
        raise AssertionError("approx() is not supported in a boolean context.")

    def __repr__(self) -> str:
        return f"approx({self.expected!r})"


def cmath_abs(value: Any) -> float:
    """Return the absolute value; infinite where a part is."""
    return math.inf if cmath.isinf(value) else abs(value)


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def _is_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _is_sequence(value: Any) -> bool:
    if isinstance(value, (str, bytes)):
        return False
    return isinstance(value, Sequence) or (
        hasattr(value, "__getitem__") and isinstance(value, Sized) and not _is_scalar(value)
    )


def _is_lazy(value: Any) -> bool:
    return not isinstance(value, (str, bytes)) and not hasattr(value, "__getitem__")
