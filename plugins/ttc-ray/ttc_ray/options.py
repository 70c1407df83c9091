"""The options of an alias that Ray takes; the inner backend takes the others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ttc.options import OptionReader

PREFIX = "ray_"
MOST = 1_000_000
ADDRESS = "HOST:PORT, as `ray start --head` prints it"


@dataclass(frozen=True, slots=True)
class Options:
    """Where the replicas run and what each gets; None leaves it to the cluster.

    `ray_address`: HOST:PORT of a cluster's head; None starts a cluster of this machine alone.
    `ray_replicas`: their number. `ray_cpus` and `ray_gpus`: what Ray reserves for each.
    `ray_slots`: the most draws that a replica has at a time, waiting ones included.
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
        ours = {name: text for name in cls.__slots__ if (text := _environment(name)) is not None}
        ours |= {name: value for name, value in given.items() if name.startswith(PREFIX)}
        others = {name: value for name, value in given.items() if not name.startswith(PREFIX)}
        read = OptionReader("ray", ours)
        found = cls(
            ray_address=read.value("ray_address", None, _address, ADDRESS),
            ray_replicas=read.whole("ray_replicas", None, 1, MOST),
            ray_cpus=read.number("ray_cpus", None, least=0, most=MOST),
            ray_gpus=read.number("ray_gpus", None, least=0, most=MOST),
            ray_slots=read.whole("ray_slots", None, 1, MOST),
        )
        read.end()
        if found.ray_address is None:
            # The name by which Ray's own programs find a cluster.
            read = OptionReader("ray", os.environ)
            address = read.value("RAY_ADDRESS", None, _address, ADDRESS)
            found = replace(found, ray_address=address)
        return found, others


def _environment(name: str) -> Any:
    return os.environ.get(f"TTC_{name.upper()}")


def _address(given: Any) -> str:
    host, colon, port = str(given).rpartition(":")
    if not colon or not host or "/" in host or not port.isdecimal():
        raise ValueError
    return str(given)


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
