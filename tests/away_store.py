"""A document store that is away when a test says so: registered with fsspec, as any other is, under `away://`."""

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
