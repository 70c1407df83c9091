"""The standard library's classes, functions and modules, which cross by name.

The candidate may name only what is listed here. It could otherwise let the judge import anything,
or hand a function such as `os._exit` to a test that calls what it gets.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import types
from typing import Any

# Modules of which a candidate may name classes: types of values and abstract classes.
_CLASSES = """abc array builtins collections collections.abc datetime decimal enum fractions
functools itertools numbers operator pathlib string types typing uuid zoneinfo"""
# Modules of which a candidate may name exceptions.
_ERRORS = """_csv _pickle _struct asyncio.exceptions binascii builtins concurrent.futures._base
configparser copy dataclasses decimal email.errors graphlib http.client io ipaddress json.decoder
queue _queue re sre_constants re._constants shlex shutil socket sqlite3 ssl statistics struct
subprocess tokenize unicodedata urllib.error xml.etree.ElementTree xml.parsers.expat zipfile zlib
zoneinfo._common concurrent.futures.process concurrent.futures.thread asyncio.queues"""
# Modules of which a candidate may name functions: they compute, and do nothing else.
_FUNCTIONS = """math cmath _operator operator statistics _statistics heapq _heapq bisect _bisect
string unicodedata"""
_BUILTINS = """abs all any ascii bin callable chr divmod format hash hex isinstance issubclass iter
len max min next oct ord pow repr reversed round sorted sum"""
# What calls others.
_CALLING = frozenset({"call", "methodcaller", "attrgetter"})
# Types that builtins has no name for, such as that of None.
_UNNAMED = {kind: ["types", name] for name, kind in vars(types).items() if isinstance(kind, type)}
_CLASS_MODULES, _ERROR_MODULES = frozenset(_CLASSES.split()), frozenset(_ERRORS.split())
_FUNCTION_MODULES = frozenset(_FUNCTIONS.split())
_MODULES = _CLASS_MODULES | _ERROR_MODULES | _FUNCTION_MODULES
_FUNCTION = (types.FunctionType, types.BuiltinFunctionType)


def name_of(value: Any, *, listed: bool) -> list[str] | None:
    """Return module and name of an object of the standard library, None for others.

    `listed`: only what a candidate may name.
    """
    if isinstance(value, types.ModuleType):
        found = [value.__name__, ""]
    elif isinstance(value, (type, *_FUNCTION)):
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        found = [module, name]  # type: ignore[list-item]
    else:
        return None
    if found[0] == "builtins" and found[1] not in vars(builtins):
        found = _UNNAMED.get(value, found)
    try:
        return found if find(found, listed=listed) is value else None
    except Exception:  # noqa: BLE001
        return None


def find(named: Any, *, listed: bool) -> Any:
    """Return the object of this module and name; ValueError if there is none that is listed."""
    module, name = named
    if type(module) is not str or type(name) is not str or not _standard(module):
        raise ValueError("not of the standard library")
    if listed and not (name and module in _MODULES):
        raise ValueError(f"{module} is not listed")
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in filter(None, name.split(".")):
        found = vars(found)[part]
    if listed and not _may(module, name, found):
        raise ValueError(f"{module}.{name} is not listed")
    return found


def _may(module: str, name: str, found: Any) -> bool:
    if isinstance(found, type):
        listed = _ERROR_MODULES if issubclass(found, BaseException) else _CLASS_MODULES
        return (
            module in listed and found.__module__ in (module, "builtins") and name not in _CALLING
        )
    if not isinstance(found, _FUNCTION) or getattr(found, "__qualname__", None) != name:
        return False
    if module == "builtins":
        return name in _BUILTINS.split() and found is vars(builtins).get(name)
    return module in _FUNCTION_MODULES and name[0] != "_" and name not in _CALLING


def _standard(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names and top not in ("antigravity", "this", "test", "idlelib")
