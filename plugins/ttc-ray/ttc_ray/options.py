"""What is Ray's among the options of an alias; the others are the inner backend's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ttc.errors import UsageError

PREFIX = "ray_"


@dataclass(frozen=True, slots=True)
class Options:
    """Where the replicas run and what each gets; None leaves it to the cluster.

    `ray_address`: HOST:PORT of a cluster's head; None starts a cluster of this machine alone.
    `ray_replicas`: how many. `ray_cpus` and `ray_gpus`: what Ray sets aside for each.
    `ray_slots`: draws that a replica holds at a time, those that wait in it included.
    """

    ray_address: str | None = None
    ray_replicas: int | None = None
    ray_cpus: float | None = None
    ray_gpus: float | None = None
    ray_slots: int | None = None

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> tuple[Options, dict[str, Any]]:
        """Split the options of an alias into ours, over TTC_RAY_…, and the inner backend's.

        UsageError names the option that is wrong.
        """
        ours: dict[str, Any] = {}
        for name in cls.__slots__:
            if (text := os.environ.get(f"TTC_{name.upper()}")) is not None:
                ours[name] = _checked(name, text)
        others = {}
        for name, value in given.items():
            if name.startswith(PREFIX):
                ours[name] = _checked(name, value)
            else:
                others[name] = value
        # The name by which Ray's own programs find a cluster.
        if "ray_address" not in ours and (text := os.environ.get("RAY_ADDRESS")):
            ours["ray_address"] = _address("RAY_ADDRESS", text)
        return cls(**ours), others


_NUMBERS: dict[str, tuple[type, float, str]] = {
    "ray_replicas": (int, 1, "a whole number, 1 or more"),
    "ray_slots": (int, 1, "a whole number, 1 or more"),
    "ray_cpus": (float, 0, "0 or more"),
    "ray_gpus": (float, 0, "0 or more"),
}


def _checked(name: str, value: Any) -> Any:
    if name == "ray_address":
        return _address(name, value)
    if name not in _NUMBERS:
        near = get_close_matches(name, Options.__slots__, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"ray: no option {name!r}; {hint}there are {', '.join(Options.__slots__)}")
    kind, least, need = _NUMBERS[name]
    try:
        number = float(value)
        if isinstance(value, bool) or kind(number) != number or not least <= number < 1e6:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"ray: {name} must be {need}, not {value!r}") from None
    return kind(number)


def _address(name: str, value: Any) -> str:
    host, colon, port = str(value).rpartition(":")
    if not colon or not host or "/" in host or not port.isdecimal():
        raise UsageError(
            f"ray: {name} must be HOST:PORT, as `ray start --head` prints it, not {value!r}"
        )
    return str(value)


def resources(ray: Any, options: Options) -> tuple[int, dict[str, float]]:
    """Return how many replicas to run, and what each is to have.

    By default one to a GPU or, without any, one to a machine with all of its CPUs.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = options.ray_gpus
    if gpus is None:
        gpus = 1.0 if any(node.get("GPU", 0) for node in nodes) else 0.0
    count = options.ray_replicas
    if count is None:
        places = sum(node.get("GPU", 0) // gpus for node in nodes) if gpus else len(nodes)
        count = max(int(places), 1)
    cpus = options.ray_cpus
    if cpus is None:
        smallest = min((node.get("CPU", 0) for node in nodes), default=1)
        cpus = 1.0 if gpus else max(smallest * len(nodes) // count, 1.0)
    return count, {"num_cpus": cpus, "num_gpus": gpus}
