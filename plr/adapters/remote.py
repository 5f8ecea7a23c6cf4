"""A folder on a storage server, by any fsspec URL: exclusive create, read back, compare (reliability 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO, Protocol

import fsspec

from plr.errors import OutputDiffersError, PlrError, UnavailableError


class FileSystem(Protocol):
    """What is used of an fsspec file system."""

    def open(self, path: str, mode: str) -> BinaryIO:
        """Open a file."""

    def exists(self, path: str) -> bool:
        """Say whether something is there."""

    def makedirs(self, path: str, *, exist_ok: bool) -> None:
        """Make a folder and those above it."""

    def rm_file(self, path: str) -> None:
        """Remove a file."""

    def invalidate_cache(self) -> None:
        """Forget what was listed before."""


class RemoteFolder:
    """One storage root on a server. Connects when first used, and anew after each failure."""

    def __init__(self, url: str, options: Mapping[str, object]) -> None:
        self._url = url
        self._options = dict(options)
        self._connection: tuple[FileSystem, str] | None = None

    def prepare(self) -> None:
        """Make the root folder if it is not there."""
        with self._connected() as (files, root):
            files.makedirs(root, exist_ok=True)

    def probe(self) -> None:
        """Ask the server whether the root is there."""
        with self._connected() as (files, root):
            files.invalidate_cache()
            # A bucket has no empty folders: there the bucket itself must do.
            if not files.exists(root) and not files.exists(root.split("/")[0] or root):
                raise UnavailableError(
                    "The storage server has no such folder or bucket. Have it made, then try again."
                )

    def write(self, parts: tuple[str, ...], name: str, data: bytes) -> bool:
        """Write a file once; true when the same file was there already."""
        with self._connected() as (files, root):
            folder = "/".join([root, *parts])
            path = f"{folder}/{name}"
            found = _content(files, path)
            if found is None:
                files.makedirs(folder, exist_ok=True)
                found, adopted = _create(files, path, data)
            else:
                adopted = True
            if found != data:
                raise OutputDiffersError(
                    "A file of that name is in storage with other content. It stays; write the next version."
                )
            return adopted

    def read(self, parts: tuple[str, ...], name: str) -> bytes | None:
        """Return the content of a file, or nothing when there is none."""
        with self._connected() as (files, root):
            return _content(files, "/".join([root, *parts, name]))

    @contextmanager
    def _connected(self) -> Iterator[tuple[FileSystem, str]]:
        try:
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection
        except PlrError:
            raise
        except ImportError:
            raise UnavailableError(
                "The program part for this kind of storage is not installed. Install the extra named in "
                "the documentation (s3, sftp, smb or webdav), then start again."
            ) from None
        except Exception:  # noqa: BLE001 - each kind of server has its own errors; all mean the same here
            self._connection = None
            raise UnavailableError(
                "The storage server does not answer, is full or refuses us; nothing was saved. Check its "
                "address, its free space and our right to write there, then try again."
            ) from None

    def _connect(self) -> tuple[FileSystem, str]:
        files, root = fsspec.core.url_to_fs(self._url, skip_instance_cache=True, **self._options)
        if not root.strip("/"):
            raise UnavailableError(
                "The address of the storage names no folder or bucket. Add one, then start again."
            )
        return files, root.rstrip("/")


def _create(files: FileSystem, path: str, data: bytes) -> tuple[bytes | None, bool]:
    """Create the file; return what the server then holds, and whether another writer had made it."""
    ours = False
    try:
        stream = files.open(path, "xb")
        # Some servers make the empty file now, some make the whole file at the end. Only the first is
        # ours to take away if the rest does not arrive.
        ours = _content(files, path) == b""
        stream.write(data)
        stream.close()
    except Exception:
        if ours:
            with suppress(Exception):
                files.rm_file(path)
            raise
        found = _content(files, path)
        if found is None:
            raise
        return found, True
    return _content(files, path), False


def _content(files: FileSystem, path: str) -> bytes | None:
    files.invalidate_cache()
    try:
        with files.open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
