"""What the tests need of the system's own packages: they bring it themselves where they may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from tests.locks import locked, one_at_a_time


def can_install() -> bool:
    """Whether this is a Debian on which we may install."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> None:
    """Install these packages. Raises CalledProcessError where that fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-y", "-q", *packages]):
        subprocess.run(
            ["apt-get", *arguments],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def bring(there: Callable[[], bool], *packages: str) -> bool:
    """Install these packages unless what they bring is there already; answers whether it is there then.

    One process at a time: the system's package manager takes no two at once.
    """
    with locked(one_at_a_time("packages")):
        if not there() and can_install():
            install(*packages)
        return there()
