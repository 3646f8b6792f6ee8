"""Document stores that tests register with fsspec, as any other is: one is away when a test says so, one remembers."""

from __future__ import annotations

from typing import Any, ClassVar

from fsspec.implementations.memory import MemoryFileSystem


class ServiceError(Exception):
    """What a store's own client raises: no OSError."""


class AwayFiles(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Keeps bytes in memory; with `fails` nothing works any more, without `opens` it cannot even be opened."""

    protocol = ("away",)
    cachable = False
    fails: ClassVar[bool] = False
    opens: ClassVar[bool] = True

    def __init__(self, *given: Any, **named: Any) -> None:
        if not self.opens:
            raise ServiceError
        super().__init__(*given, **named)

    def _ask(self) -> None:
        if self.fails:
            raise ServiceError("the bucket does not answer,\ntry later")

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        self._ask()
        super().makedirs(path, exist_ok)

    def _open(self, *given: Any, **named: Any) -> Any:
        self._ask()
        return super()._open(*given, **named)

    def cat_file(self, *given: Any, **named: Any) -> Any:
        self._ask()
        return super().cat_file(*given, **named)

    def rm_file(self, path: str) -> None:
        self._ask()
        super()._rm(path)

    def find(self, *given: Any, **named: Any) -> Any:
        self._ask()
        return super().find(*given, **named)


class RememberingFiles(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Keeps bytes in memory, and remembers what it has listed until it is told to forget: as stores of clouds do."""

    protocol = ("remembering",)
    cachable = False

    def ls(self, path: str, detail: bool = True, **named: Any) -> Any:
        folder = self._strip_protocol(path)
        if folder not in self.dircache:
            self.dircache[folder] = super().ls(path, detail=True, **named)
        found = self.dircache[folder]
        return found if detail else [one["name"] for one in found]

    def invalidate_cache(self, path: str | None = None) -> None:
        """As s3fs does: of a path, it and what it is in are forgotten, not what is in it."""
        if path is None:
            self.dircache.clear()
        while path:
            self.dircache.pop(path, None)
            path = path.rpartition("/")[0]
