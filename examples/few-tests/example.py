"""Exit with 0 if a program passes the example of its docstring: example.py PROGRAM PROBLEMS."""

import doctest
import json
import os
import sys
from pathlib import Path

program, problems = map(Path, sys.argv[1:])
rows = map(json.loads, problems.read_text(encoding="utf-8").splitlines())
prompt = next(row["prompt"] for row in rows if row["task_id"] == os.environ["TTC_PROBLEM"])
text = prompt.partition('"""')[2].rpartition('"""')[0]
names: dict[str, object] = {}
exec(program.read_text(encoding="utf-8"), names)
test = doctest.DocTestParser().get_doctest(text, names, "example", None, None)
sys.exit(doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None).failed)
