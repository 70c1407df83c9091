"""Problems from files or standard input, and how a question is put to the model.

`dataset` reads and checks a whole source; `readers` has the formats, one function each.
"""

from __future__ import annotations

from ttc.problems.dataset import (
    MAPPABLE,
    Data,
    Dataset,
    ReadOptions,
    each,
    merge,
    one,
    question,
    read,
    render,
    select,
)

__all__ = [
    "MAPPABLE",
    "Data",
    "Dataset",
    "ReadOptions",
    "each",
    "merge",
    "one",
    "question",
    "read",
    "render",
    "select",
]
