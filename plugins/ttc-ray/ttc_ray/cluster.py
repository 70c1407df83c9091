"""The Ray cluster: an existing one, or one on this machine for as long as it is needed.

Ray prints messages, installs a handler for SIGTERM, and tries a head that does not answer for
minutes. None of that is wanted in a command that others pipe.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import tempfile
import threading
from types import ModuleType
from typing import Any

from ttc.errors import BackendError, Stopped
from ttc_ray.head import TOKEN_HINT, check_head, connect, reason
from ttc_ray.options import Options
from ttc_ray.quiet import first_line, keep_signals, muted_stderr, print_logs_with

MISSED = 3  # attempts in a row to reach a head that was up
OBJECTS = 100 * 2**20  # bytes of shared memory; requests and completions are small
NODES_WITHIN = 10.0  # seconds in which a live head lists its nodes


def load() -> ModuleType:
    """Import Ray and silence it. Raises BackendError if the import fails."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except (ImportError, OSError) as error:
        raise BackendError(
            f"ray cannot be imported: {error}; pip install 'ray>=2.40' (as ttc-ray does)"
        ) from error
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    module: ModuleType = ray
    return module


class Cluster:
    """A connection to Ray. `close` ends what `open` started, and nothing else."""

    def __init__(self, ray: Any, begun: bool, folder: str | None) -> None:
        self.ray = ray
        self._begun = begun
        self._folder = folder
        self._missed = 0
        self._ended = ""
        # Ray prints reports of the cluster, such as a lost worker, to stdout.
        self._printer = print_logs_with(lambda *args, **kwargs: None) if begun else None

    @property
    def gone(self) -> bool:
        """Whether the head did not answer several times in a row, or our own node has died."""
        return self._missed >= MISSED or bool(self._ended)

    @property
    def own(self) -> bool:
        """Whether the cluster is this machine alone, so that no machine will join it."""
        return self._folder is not None

    @classmethod
    def open(cls, options: Options) -> Cluster:
        """Connect to the cluster of the options, or start one here. Raises BackendError."""
        ray: Any = load()
        address = options.ray_address
        if ray.is_initialized():
            _check_same(ray, address)
            return cls(ray, begun=False, folder=None)
        if address is not None:
            check_head(address)
            how: dict[str, Any] = {"address": address}
            return cls._begin(ray, how, f"{address} cannot be joined ({TOKEN_HINT})", None)
        # Paths of sockets are limited to about a hundred bytes, and Ray's own part is long.
        short = "/tmp" if os.path.isdir("/tmp") else None
        folder = tempfile.mkdtemp(prefix="ttc-ray-", dir=short)
        how = {
            "address": "local",
            "num_cpus": max(os.cpu_count() or 1, _wanted_cpus(options)),
            "include_dashboard": False,
            "object_store_memory": OBJECTS,
            "_temp_dir": folder,
        }
        return cls._begin(ray, how, "no local Ray could be started", folder)

    @classmethod
    def _begin(cls, ray: Any, how: dict[str, Any], what: str, folder: str | None) -> Cluster:
        cluster = cls(ray, begun=True, folder=folder)
        try:
            with keep_signals(), muted_stderr():
                ray.init(
                    **how,
                    configure_logging=False,
                    logging_level=logging.CRITICAL,
                    log_to_driver=False,
                )
        except Exception as error:
            cluster.close()
            raise BackendError(f"ray: {what}: {first_line(error)}") from error
        except SystemExit as ended:
            # Ray had already installed its handler.
            cluster.close()
            raise Stopped(signal.SIGTERM) from ended
        except BaseException:
            cluster.close()
            raise
        return cluster

    def check(self) -> None:
        """Check that the head answers; raise BackendError once it is gone.

        Ray itself would wait for the head and then end the process.
        """
        address = self.ray.get_runtime_context().gcs_address
        try:
            connect(address).close()
        except OSError as error:
            self._missed += 1
            if self.gone:
                raise BackendError(f"ray: the head {address} is gone ({reason(error)})") from error
            return
        self._check_node(address)

    def _check_node(self, address: str) -> None:
        """Check that this process's node is alive: without its raylet nothing arrives any more, and
        Ray does not report it."""
        alive: list[Any] = []

        def ask() -> None:
            with contextlib.suppress(Exception):
                here = self.ray.get_runtime_context().get_node_id()
                alive.append([n["Alive"] for n in self.ray.nodes() if n["NodeID"] == here])

        asking = threading.Thread(target=ask, name="ttc-ray-nodes", daemon=True)
        asking.start()
        asking.join(NODES_WITHIN)
        if asking.is_alive():
            self._missed += 1
            if self.gone:
                raise BackendError(f"ray: the head {address} no longer answers")
            return
        self._missed = 0
        if alive and alive[0] == [False]:
            self._ended = "ray: the node of this process has died (its raylet ended)"
            raise BackendError(f"{self._ended}; start Ray there again")

    def close(self) -> None:
        """Leave the cluster; end it if it was started here."""
        if self._begun:
            self._begun = False
            with keep_signals():
                self._shut_down()
            print_logs_with(self._printer)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _shut_down(self) -> None:
        """Disconnect from Ray; if the node has died, that may never return, so it has a limit."""
        if not self._ended:
            self.ray.shutdown()
            return
        leaving = threading.Thread(target=self.ray.shutdown, name="ttc-ray-end", daemon=True)
        leaving.start()
        leaving.join(NODES_WITHIN)


def _wanted_cpus(options: Options) -> int:
    """Return the CPUs that replicas ask for: Ray only counts them, so any number is allowed."""
    wanted = (options.ray_replicas or 1) * (options.ray_cpus if options.ray_cpus is not None else 1)
    return int(-(-wanted // 1))


def _check_same(ray: Any, address: str | None) -> None:
    there = ray.get_runtime_context().gcs_address
    if address is not None and address != there:
        raise BackendError(
            f"ray: this process is in the cluster {there} and cannot join {address} as well"
        )
