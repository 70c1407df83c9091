"""The Ray backend of ttc: replicas of any other backend on the machines of a cluster.

    -m ray:llamacpp:smollm2    -m ray:vllm:/models/some-model

Ray itself is imported with the first request, so a run that finds all its samples in the store
costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttc.backends import Backend

__all__ = ["open_ray"]


def open_ray(model: str, options: Mapping[str, Any]) -> Backend:
    """Open replicas of BACKEND:MODEL on a Ray cluster; none is started before the first request.

    Raises UsageError for an invalid option, and whatever the inner backend raises for its model.
    """
    from ttc_ray.backend import RayBackend

    return RayBackend.open(model, options)
