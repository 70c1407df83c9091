"""The law of the mean of given values under Dirichlet weights, by quadrature.

With gamma variables G_i of shapes a_i the weights are G_i / Σ G, so that the mean of values v_i
exceeds t if Q = Σ G_i (v_i − t) > 0. Inverting the moment generating function of Q gives

    P(mean > t) = 1/(2πi) ∫ Π_i (1 − s·(v_i − t))^(−a_i) ds/s

along any path that separates the poles 1/(v_i − t) > 0 from 0 and the negative ones. This one is
the parabola that fits the path of steepest descent through the saddle point. With the height above
the real line ∝ sinh x the trapezoidal rule in x converges exponentially.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ttc.selectors.exact.subsets import Floats

NODES = 40
LOST = 25.0  # −log of the integrand, relative to its peak, where the rule ends
TOGETHER = 8  # factors whose product can be neither 0 nor infinite
ROOM = 1 << 15  # numbers in an array, so that it stays in the processor's cache


def mean_exceeds(values: Floats, shapes: Floats, t: Floats) -> Floats:
    """Return P(mean ≥ t) for each row of `values` and `shapes`, (rows, values), and `t`, (rows,).

    A value of shape 0 has no weight. The error is about 1e-7 at most.
    """
    apart = np.where(shapes > 0, values - t[:, None], 0.0)
    most, least = apart.max(axis=1), apart.min(axis=1)
    found = np.where(least >= 0, 1.0, 0.0)
    inside = (most > 0) & (least < 0)
    if inside.any():
        scaled = apart[inside] / most[inside, None]  # the first positive pole is 1
        found[inside] = _tail(scaled, np.broadcast_to(shapes, values.shape)[inside])
    return found


def _tail(apart: Floats, shapes: Floats) -> Floats:
    c = _saddle(apart, shapes)[:, None]
    ratio = apart / (1 - c * apart)
    second = (shapes * ratio**2).sum(axis=1, keepdims=True) + 1 / c**2
    third = 2 * (shapes * ratio**3).sum(axis=1, keepdims=True)
    unit = bool((shapes == 1).all())
    bend, width = third / (6 * second), 1 / np.sqrt(second)
    peak = -(shapes * np.log1p(-c * apart)).sum(axis=1, keepdims=True) - np.log(c)

    def path(x: Floats) -> tuple[Floats, Floats]:
        """Return the height above the real line and, relative to the saddle, where s is."""
        y = width * np.sinh(x)
        return y, 1j * y + bend * y**2

    def log(x: Floats) -> Floats:
        """Return the log of the integrand relative to its peak, at (rows, nodes)."""
        _, at = path(x)
        total = -np.log1p(at / c)
        chunk = TOGETHER * max(1, ROOM // (TOGETHER * total.size))
        for start in range(0, apart.shape[1], chunk):
            columns = slice(start, start + chunk)
            factors = 1 - at[:, :, None] * ratio[:, None, columns]
            if unit:
                # One logarithm for several: a multiple of 2πi that is lost changes no e^total.
                starts = range(0, factors.shape[2], TOGETHER)
                total -= np.log(np.multiply.reduceat(factors, starts, axis=2)).sum(axis=2)
            else:
                total -= (np.log(factors) * shapes[:, None, columns]).sum(axis=2)
        return total

    low, high = np.zeros_like(c), np.full_like(c, 40.0)
    for _ in range(10):
        middle = (low + high) / 2
        lost = log(middle).real < -LOST
        low, high = np.where(lost, low, middle), np.where(lost, middle, high)
    step = high / NODES
    x = step * np.arange(NODES + 1)
    y, _ = path(x)
    speed = (1j + 2 * bend * y) * width * np.cosh(x)
    terms = (np.exp(np.maximum(log(x) + peak, -700)) * speed).imag
    terms[:, 0] /= 2
    found: Floats = np.clip(terms.sum(axis=1) * step[:, 0] / np.pi, 0.0, 1.0)
    return found


def _saddle(apart: Floats, shapes: Floats) -> Floats:
    """Return about where the integrand is least between its poles 0 and 1, on the real line."""
    low, high = np.full(len(apart), -30.0), np.full(len(apart), 30.0)  # log c/(1 − c)
    for _ in range(12):
        middle = (low + high) / 2
        c = 1 / (1 + np.exp(-middle))
        slope = (shapes * apart / (1 - c[:, None] * apart)).sum(axis=1) - 1 / c
        low, high = np.where(slope < 0, middle, low), np.where(slope < 0, high, middle)
    return np.asarray(1 / (1 + np.exp(-(low + high) / 2)))


def mean_quantile(values: Floats, shapes: Floats, tail: float) -> float:
    """Return the t that the mean of `values` exceeds with probability `tail`.

    `values` and `shapes` have one dimension.
    """
    return float(mean_quantiles(values[None], shapes[None], tail)[0])


def mean_quantiles(values: Floats, shapes: Floats, tail: float) -> Floats:
    """Return the t that the mean exceeds with probability `tail`, for each row.

    `values` and `shapes` have the shape (rows, values); a value of shape 0 has no weight. The roots
    are found by the secant method on the normal quantiles of the tail, in which the law is nearly
    straight, within a bracket.
    """
    kept = shapes > 0
    low = np.where(kept, values, np.inf).min(axis=1)
    high = np.where(kept, values, -np.inf).max(axis=1)
    total = shapes.sum(axis=1)
    mean = (shapes * values).sum(axis=1) / total
    spread = np.sqrt((shapes * (values - mean[:, None]) ** 2).sum(axis=1) / (total * (total + 1)))
    goal, exact = NormalDist().inv_cdf(1 - tail), 1e-10 * (high - low)
    found: Floats = low.copy()
    t = mean + goal * spread
    last_t, last_z = np.full_like(t, np.nan), np.full_like(t, np.nan)
    left = np.flatnonzero(high > low)
    for step in range(60):
        if not left.size:
            return found
        a, b, at = low[left], high[left], t[left]
        at = np.where((a < at) & (at < b), at, (a + b) / 2)
        p = mean_exceeds(values[left], shapes[left], at)
        a, b = np.where(p > tail, at, a), np.where(p > tail, b, at)
        z = _normal_quantiles(1 - p)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (at - last_t[left]) / (z - last_z[left]) if step else spread[left]
        slope = np.where(np.isfinite(slope), slope, 0.0)
        following = at + (goal - z) * slope
        narrow = b - a < exact[left]
        done = narrow | ((slope != 0) & (np.abs(following - at) < exact[left]))
        root = np.where(narrow, (a + b) / 2, np.clip(following, a, b))
        # Every fourth step halves the bracket, so that a root near its end is found as well.
        halved = (slope == 0) | (step % 4 == 2)
        low[left], high[left], found[left] = a, b, root
        last_t[left], last_z[left] = at, z
        t[left] = np.where(halved, (a + b) / 2, following)
        left = left[~done]
    found[left] = (low[left] + high[left]) / 2
    return found


def _normal_quantiles(p: Floats) -> Floats:
    """Return the normal quantile of each probability, those of 0 and 1 within reach."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(min(max(each, 1e-15), 1 - 1e-15)) for each in p.tolist()])
