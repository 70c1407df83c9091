"""Kinds of files: how bytes become records.

`reading` has `read`, the one function by which files are read; `kinds` finds the kind of a file by
its first bytes, and `wrong_kinds` answers files that hold no records. Each kind is a file.
"""

from __future__ import annotations

from ttc.formats.files.hub import is_name as is_hub
from ttc.formats.files.kinds import is_kind
from ttc.formats.files.reading import about, name_of, read, text_lines

__all__ = ["about", "is_hub", "is_kind", "name_of", "read", "text_lines"]
