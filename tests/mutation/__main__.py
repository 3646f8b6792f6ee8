"""Changes the rules a little, one change at a time, and says which change no test notices.

It works on a copy, so that the files here stay as they are.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.house.project import LEFT_BY_TOOLS, ROOMS, ROOT

with TemporaryDirectory(prefix="award-desk-mutation-") as folder:
    for name in (*ROOMS, "tests"):
        left = shutil.ignore_patterns(*LEFT_BY_TOOLS)
        shutil.copytree(ROOT / name, Path(folder) / name, ignore=left)
    shutil.copy(ROOT / "pyproject.toml", folder)
    # By the copy's own rooms, whichever are installed: the folder in which Python starts comes first.
    tried = subprocess.run([sys.executable, "-m", "tests.mutation.trial", *sys.argv[1:]], cwd=folder, check=False)
sys.exit(tried.returncode)
