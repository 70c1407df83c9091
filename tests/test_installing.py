"""Commands that install: telling them changes nothing in the process."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys

class Recorder:
    names = []
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        cls.names.append(name)

sys.meta_path.insert(0, Recorder)
from ttc.plugins import installing
installing.install("ttc-vllm[cpu]")
installing.rebuild("pip")
print([name for name in Recorder.names if name.split(".")[0] in ("pip", "distutils", "setuptools")])
"""


def test_pip_is_not_looked_for_as_a_module() -> None:
    """setuptools' hook would take the process for pip, after which torch's extensions fail."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
