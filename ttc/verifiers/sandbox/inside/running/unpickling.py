"""Pickles that tests load: a program may have written them, and a pickle can call anything."""

from __future__ import annotations

import io
import pickle
from typing import Any

_ALLOWED = {
    "builtins": "set frozenset complex range slice bytearray list dict tuple str int float bytes "
    "bool object",
    "collections": "OrderedDict Counter defaultdict deque",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "uuid": "UUID",
    "pathlib": "Path PosixPath PurePosixPath PureWindowsPath",
    "copyreg": "_reconstructor",
    "_codecs": "encode",
    "numpy": "ndarray dtype",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
}
_CLASSES = {(module, name) for module, names in _ALLOWED.items() for name in names.split()}


def _find(find: Any) -> Any:
    def find_class(self: Any, module: str, name: str) -> Any:
        """Return a class that only holds data."""
        if (module, name) not in _CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} is not loaded from a pickle here")
        return find(self, module, name)

    return find_class


class Unpickler(pickle.Unpickler):
    """Loads plain data and the standard library's containers, nothing else."""

    find_class = _find(pickle.Unpickler.find_class)


def restrict() -> None:
    """Let the tests, and libraries that they use, load only such pickles."""
    pickle._Unpickler.find_class = _find(pickle._Unpickler.find_class)  # type: ignore[method-assign]
    pickle.Unpickler = Unpickler  # type: ignore[misc]

    def load(file: Any, **options: Any) -> Any:
        return Unpickler(file, **options).load()

    def loads(data: Any, /, **options: Any) -> Any:
        return Unpickler(io.BytesIO(data), **options).load()

    pickle.load, pickle.loads = load, loads
