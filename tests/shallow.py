"""The bundled model cut to its first layers: the same tokens and code, at a fifth of the time.

What it says is no sense, and nothing that uses it depends on that.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

LAYERS = 4


def shallow(source: Path, factory: pytest.TempPathFactory) -> Path:
    """Return the GGUF file of the first layers of `source`; made once for all workers.

    Where the package gguf is not installed, `source` itself.
    """
    try:
        import gguf
    except ImportError:
        return source
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / f"shallow-{source.name}"
    if path.exists():
        return path
    part = path.with_suffix(f".{os.getpid()}")
    read, write = gguf.GGUFReader(source), gguf.GGUFWriter(part, "llama")
    for field in read.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            kind, *of = field.types
            value = LAYERS if field.name == "llama.block_count" else field.contents()
            write.add_key_value(field.name, value, kind, *of[-1:])
    for tensor in read.tensors:
        name, _, rest = tensor.name.partition(".")
        if name != "blk" or int(rest.partition(".")[0]) < LAYERS:
            write.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    write.write_header_to_file()
    write.write_kv_data_to_file()
    write.write_tensors_to_file()
    write.close()
    part.replace(path)
    return path
