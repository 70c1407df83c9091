"""The values of formulas at a few points, and tests whether two formulas have the same ones."""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, NamedTuple

from ttc.verifiers.workers.pool import Reply

# With the widest range of exponents: 10^(10^10) is a value like any other.
_EXACT = Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_NEAR = Decimal("1e-50")  # relative; the values have 60 digits
_WHOLE = Decimal("1e-40")
_FEWEST = 2  # points at which both formulas must have a value
_ROUGHLY = 1e-9

Complex = tuple[Decimal, Decimal]


class Values(NamedTuple):
    """The value of a formula at each point, or the status and detail of why it has none.

    A constant has a single point. `real` says at which points the formula is real without leaving
    the reals on the way. `rough` is the first value as a float, if it has a real one: enough to
    distinguish most formulas. `terms` are the points of the first three members of a family.
    """

    points: tuple[Complex | None, ...] = ()
    real: tuple[bool, ...] = ()
    rough: complex | None = None
    infinity: str = ""
    opaque: bool = False
    terms: tuple[tuple[Complex | None, ...], ...] = ()
    status: str = "ok"
    detail: str = ""


def from_reply(reply: Reply) -> Values:
    """Return the values in a worker's reply, which is not trusted to be well-formed."""
    if reply.status != "ok":
        return Values(status=reply.status, detail=reply.detail)
    found = reply.value if isinstance(reply.value, dict) else {}
    points = found.get("points")
    if not isinstance(points, list):
        return Values(opaque=found.get("opaque") is True)
    if points and points[0] in ("oo", "-oo"):
        return Values(infinity=points[0])
    read = tuple(map(_point, points))
    branches = [isinstance(each, list) and len(each) == 3 and each[2] is True for each in points]
    members = found.get("terms")
    terms = tuple(tuple(map(_point, each)) for each in members) if members else ()
    return _values(read, tuple(map(_is_real, read, branches)))._replace(terms=terms)


def constant(value: Fraction) -> Values:
    """Return the values of a constant."""
    return _values(((decimal(value), Decimal(0)),), (True,))


def decimal(value: Fraction) -> Decimal:
    """Return a rational rounded to a hundred digits."""
    return _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def same(first: Values, second: Values) -> bool:
    """Return whether two formulas have the same values where both are real; or, if there are too
    few such points, wherever both have a value.

    √(ab) is √a·√b, and ln(x²) is 2 ln x: where only one side is real, the other has no say.
    """
    if first.infinity or second.infinity:
        return first.infinity == second.infinity
    if first.rough is not None and second.rough is not None:
        size = max(abs(first.rough), abs(second.rough))
        if abs(first.rough - second.rough) > _ROUGHLY * size:
            return False
    common = _common(first, second)
    return len(common) >= _fewest(first, second) and all(_near(a, b) for a, b in common)


def same_family(first: Values, second: Values) -> bool:
    """Return whether two families a + bk have the same members, k being all integers.

    That is so if they have the same step, or the opposite one, and a member in common. Other
    families are equal only if they are written alike.
    """
    if same(first, second):
        return True
    rows, others = list(zip(*first.terms, strict=False)), list(zip(*second.terms, strict=False))
    size = max(len(rows), len(others))
    if not rows or not others or {len(rows), len(others)} - {1, size}:
        return False
    return all(map(_shifted, _spread(tuple(rows), size), _spread(tuple(others), size)))


def _shifted(row: tuple[Complex | None, ...], other: tuple[Complex | None, ...]) -> bool:
    numbers = [value[0] for value in (*row, *other) if value is not None and not value[1]]
    if len(numbers) != len(row) + len(other) or len(numbers) != 6:
        return False
    a, b, c, d, e, f = numbers
    minus = _EXACT.subtract
    step, theirs = minus(b, a), minus(e, d)
    tiny = _EXACT.multiply(_NEAR, max(map(abs, numbers)))
    even = abs(minus(minus(c, b), step)) <= tiny and abs(minus(minus(f, e), theirs)) <= tiny
    if not even or not step or abs(minus(abs(step), abs(theirs))) > tiny:
        return False
    apart = _EXACT.divide(minus(d, a), step)
    return abs(minus(apart, apart.to_integral_value())) <= _WHOLE


def proportional(first: Values, second: Values, *, either: bool) -> bool:
    """Return whether one formula is a multiple of the other; by a positive factor unless `either`.

    2x = 6 is x = 3 (either sign), whereas −x < −3 is not x < 3.
    """
    common = _common(first, second)
    if len(common) < _fewest(first, second) or not _size(common[0][0]) or not _size(common[0][1]):
        return False
    (a, _), (b, _) = common[0]
    if not either and (a > 0) != (b > 0):
        return False
    return all(
        _near(_product(one, common[0][1]), _product(other, common[0][0])) for one, other in common
    )


def apart(first: Values, second: Values) -> tuple[Decimal, Decimal] | None:
    """Return the absolute and the relative distance of a real constant to a second one.

    None if one of them is not a real constant. Only zero has a relative distance to zero.
    """
    one, other = _real(first), _real(second)
    if one is None or other is None:
        return None
    distance = _EXACT.subtract(one, other).copy_abs()
    if not distance:
        return distance, distance
    relative = _EXACT.divide(distance, other.copy_abs())
    return (distance, relative) if relative.is_finite() else None


def _values(points: tuple[Complex | None, ...], real: tuple[bool, ...]) -> Values:
    first = points[0] if points and real[0] else None
    rough = None if first is None else complex(float(first[0]), float(first[1]))
    # No rough value beyond the range of floats, or where it would underflow to 0.
    usable = rough is not None and math.isfinite(abs(rough)) and abs(rough) > 1e-300
    return Values(points, real, rough if usable else None)


def _point(found: Any) -> Complex | None:
    try:
        real, imaginary = map(Decimal, found[:2])
    except (InvalidOperation, TypeError, ValueError):
        return None
    return (real, imaginary) if real.is_finite() and imaginary.is_finite() else None


def _is_real(point: Complex | None, branch: bool) -> bool:
    return branch and point is not None and _near(point, (point[0], Decimal(0)))


def _common(first: Values, second: Values) -> list[tuple[Complex, Complex]]:
    """Return the values at the points that decide."""
    size = max(len(first.points), len(second.points))
    rows = [
        (a, b, real and other)
        for a, b, real, other in zip(
            *(_spread(part, size) for part in (first.points, second.points)),
            *(_spread(part, size) for part in (first.real, second.real)),
            strict=False,
        )
        if a is not None and b is not None
    ]
    real = [(a, b) for a, b, both in rows if both]
    return real if len(real) >= _fewest(first, second) else [(a, b) for a, b, _ in rows]


def _spread(part: tuple[Any, ...], size: int) -> tuple[Any, ...]:
    return part * size if len(part) == 1 else part


def _fewest(first: Values, second: Values) -> int:
    return 1 if len(first.points) == len(second.points) == 1 else _FEWEST


def _near(one: Complex, other: Complex) -> bool:
    bound = _EXACT.multiply(_NEAR, max(_size(one), _size(other)))
    pairs = zip(one, other, strict=True)
    return all(_EXACT.subtract(a, b).copy_abs() <= bound for a, b in pairs)


def _size(value: Complex) -> Decimal:
    return max(value[0].copy_abs(), value[1].copy_abs())


def _product(one: Complex, other: Complex) -> Complex:
    (a, b), (c, d) = one, other
    times, plus, minus = _EXACT.multiply, _EXACT.add, _EXACT.subtract
    return minus(times(a, c), times(b, d)), plus(times(a, d), times(b, c))


def _real(values: Values) -> Decimal | None:
    """Return the value of a real constant, or None."""
    if not values.points or values.points[0] is None or values.points[0][1]:
        return None
    first = values.points[0]
    constant = all(point is not None and _near(point, first) for point in values.points)
    return first[0] if constant else None
