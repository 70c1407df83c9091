"""The Ray cluster: one that is there, or one of this machine alone for as long as it is needed.

Ray talks, installs a handler for SIGTERM, and tries a head that does not answer for minutes; none
of that is wanted in a command that others pipe.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from ttc.errors import BackendError, Stopped
from ttc_ray.options import Options

ANSWERS_WITHIN = 5.0  # seconds
MISSED = 3  # attempts to reach a head that was there
OBJECTS = 100 * 2**20  # bytes of shared memory; requests and completions are small
NODES_WITHIN = 10.0  # seconds in which a head that lives tells which nodes do
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
TOKEN = "if it has a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN; if not, neither"
SETTINGS = 4  # the type of the frame that an HTTP/2 server begins with


def load() -> ModuleType:
    """Import Ray, silenced. BackendError if it cannot be."""
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
    """A connection to Ray. `close` ends what `open` began, and nothing else."""

    def __init__(self, ray: Any, begun: bool, folder: str | None) -> None:
        self.ray = ray
        self._begun = begun
        self._folder = folder
        self._missed = 0
        self._ended = ""
        # What the cluster reports, such as a lost worker, Ray prints to stdout in any case.
        self._printer = _print_with(lambda *args, **kwargs: None) if begun else None

    @property
    def gone(self) -> bool:
        """Whether the head has not answered several times in a row, or our own node has died."""
        return self._missed >= MISSED or bool(self._ended)

    @property
    def own(self) -> bool:
        """Whether it is of this machine alone, so that nothing will ever join it."""
        return self._folder is not None

    @classmethod
    def open(cls, options: Options) -> Cluster:
        """Connect to the cluster of the options, or start one here. BackendError."""
        ray: Any = load()
        address = options.ray_address
        if ray.is_initialized():
            _check_same(ray, address)
            return cls(ray, begun=False, folder=None)
        if address is not None:
            _probe(address)
            how: dict[str, Any] = {"address": address}
            return cls._begin(ray, how, f"{address} cannot be joined ({TOKEN})", None)
        # Sockets have paths of about a hundred bytes at most, and Ray's own part is long.
        short = "/tmp" if os.path.isdir("/tmp") else None
        folder = tempfile.mkdtemp(prefix="ttc-ray-", dir=short)
        how = {
            "address": "local",
            "num_cpus": max(os.cpu_count() or 1, _asked(options)),
            "include_dashboard": False,
            "object_store_memory": OBJECTS,
            "_temp_dir": folder,
        }
        return cls._begin(ray, how, "no local Ray could be started", folder)

    @classmethod
    def _begin(cls, ray: Any, how: dict[str, Any], what: str, folder: str | None) -> Cluster:
        cluster = cls(ray, begun=True, folder=folder)
        try:
            with _own_signals(), _hushed():
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
            # Ray's handler was in place already.
            cluster.close()
            raise Stopped(signal.SIGTERM) from ended
        except BaseException:
            cluster.close()
            raise
        return cluster

    def check(self) -> None:
        """Look for the head; BackendError once it has gone, which Ray would wait for and then end
        the process."""
        address = self.ray.get_runtime_context().gcs_address
        try:
            _connect(address).close()
        except OSError as error:
            self._missed += 1
            if self.gone:
                raise BackendError(f"ray: the head {address} has gone ({_why(error)})") from error
            return
        self._check_node(address)

    def _check_node(self, address: str) -> None:
        """Look whether the node lives that this process is tied to: without its raylet nothing
        comes any more, and Ray says nothing of it."""
        told: list[Any] = []

        def ask() -> None:
            with contextlib.suppress(Exception):
                here = self.ray.get_runtime_context().get_node_id()
                told.append([n["Alive"] for n in self.ray.nodes() if n["NodeID"] == here])

        asking = threading.Thread(target=ask, name="ttc-ray-nodes", daemon=True)
        asking.start()
        asking.join(NODES_WITHIN)
        if asking.is_alive():
            self._missed += 1
            if self.gone:
                raise BackendError(f"ray: the head {address} does not answer any more")
            return
        self._missed = 0
        if told and told[0] == [False]:
            self._ended = "ray: the node that this process is on has died (its raylet ended)"
            raise BackendError(f"{self._ended}; start Ray there again")

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        if self._begun:
            self._begun = False
            with _own_signals():
                self._shut_down()
            _print_with(self._printer)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _shut_down(self) -> None:
        """Leave Ray; one whose node has died may never let go, and is not waited for."""
        if not self._ended:
            self.ray.shutdown()
            return
        leaving = threading.Thread(target=self.ray.shutdown, name="ttc-ray-end", daemon=True)
        leaving.start()
        leaving.join(NODES_WITHIN)


def _asked(options: Options) -> int:
    """Return the CPUs that replicas ask for: Ray only counts them, so any number can be had."""
    wanted = (options.ray_replicas or 1) * (options.ray_cpus if options.ray_cpus is not None else 1)
    return int(-(-wanted // 1))


def _print_with(printer: Any) -> Any:
    """Have Ray print reports by another function; return the one that it had."""
    from ray._private import worker

    before = getattr(worker, "print_worker_logs", None)
    if before is not None and printer is not None:
        worker.print_worker_logs = printer
    return before


def first_line(error: BaseException) -> str:
    """Return what an error of Ray's says, without the pages that follow."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _check_same(ray: Any, address: str | None) -> None:
    there = ray.get_runtime_context().gcs_address
    if address is not None and address != there:
        raise BackendError(
            f"ray: this process is part of the cluster {there} and cannot join {address} as well"
        )


def _connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), ANSWERS_WITHIN)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _probe(address: str) -> None:
    """Raise BackendError, soon, if no head answers there: Ray itself would try for minutes."""
    try:
        with _connect(address) as connection:
            if os.environ.get("RAY_USE_TLS", "0") == "1":
                return
            connection.settimeout(ANSWERS_WITHIN)
            connection.sendall(HTTP2)
            answer = connection.recv(9)
    except (OSError, OverflowError, UnicodeError) as error:
        raise BackendError(
            f"ray: {address} does not answer ({_why(error)}); start a head there with "
            "`ray start --head`, or leave ray_address out to use this machine"
        ) from error
    if len(answer) < 4 or answer[3] != SETTINGS:
        raise BackendError(
            f"ray: {address} answers, but is no Ray head; its port is printed by `ray start --head`"
        )


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Send what native code says on stderr nowhere: Ray's writes a line for every attempt."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep our handlers: Ray would end the process by an exit of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            if handler is not None:
                signal.signal(signum, handler)
