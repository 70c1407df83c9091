"""Problems from files or standard input, and how a question is put to the model.

`dataset` reads and checks a whole source; `readers` has the formats, one function each; `tagging`
has the fields that groups are made by, `rendering` the text around a question, and `joining`
makes one list of several sources.
"""

from __future__ import annotations

from ttc.problems.dataset import (
    MAPPABLE,
    Data,
    Dataset,
    ReadOptions,
    each,
    one,
    question,
    read,
    select,
)
from ttc.problems.joining import mapping_notes, merge, tag_notes
from ttc.problems.rendering import render

__all__ = [
    "MAPPABLE",
    "Data",
    "Dataset",
    "ReadOptions",
    "each",
    "mapping_notes",
    "merge",
    "one",
    "question",
    "read",
    "render",
    "select",
    "tag_notes",
]
