"""Shared storage: outputs written once, by version, with a manifest each (decisions 57 to 63, 100).

Two roots: one for people, one for the service alone. Each is a folder of this machine or any fsspec
URL (s3, sftp, webdav, smb as extras). A file appears whole or not at all, and never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import rfc8785

from plr.adapters.disk import Disk, LocalFolder
from plr.adapters.remote import RemoteFolder
from plr.domain.outputs import Manifest, Root, checked_folder, checked_name
from plr.errors import InvalidConfigError, Problem


@dataclass(frozen=True, slots=True)
class Written:
    """A file in storage: name, SHA-256 (hexadecimal), size in bytes, whether it was there before."""

    name: str
    sha256: str
    size: int
    adopted: bool


class Folder(Protocol):
    """A storage root, near or far."""

    def prepare(self) -> None:
        """Make the root folder if it is not there."""

    def probe(self) -> None:
        """Raise UnavailableError when nothing can be written now."""

    def write(self, parts: tuple[str, ...], name: str, data: bytes) -> bool:
        """Write a file once; true when the same file was there already."""

    def read(self, parts: tuple[str, ...], name: str) -> bytes | None:
        """Return the content of a file, or nothing when there is none."""


class Storage:
    """The two roots of shared storage. Every call may raise UnavailableError, with a remedy."""

    def __init__(
        self,
        url: str,
        restricted_url: str,
        options: Mapping[str, object] | None = None,
        restricted_options: Mapping[str, object] | None = None,
        *,
        disk: Disk | None = None,
    ) -> None:
        """Take two plain paths, `file:` URLs or fsspec URLs; options go to the fsspec file system.

        Without options of its own the restricted root takes those of the other. Nothing is opened yet.
        """
        _apart(url, restricted_url)
        disk = disk or Disk()
        further = options if restricted_options is None else restricted_options
        self._roots: dict[Root, Folder] = {
            Root.OUTPUTS: _folder(url, options or {}, disk, private=False),
            Root.RESTRICTED: _folder(restricted_url, further or {}, disk, private=True),
        }

    def prepare(self) -> None:
        """Make both root folders where they are missing. Done once, so that an unmounted share is noticed."""
        for root in self._roots.values():
            root.prepare()

    def probe(self) -> None:
        """Raise UnavailableError when one of the two roots cannot be used now."""
        for root in self._roots.values():
            root.probe()

    def write_once(self, root: Root, folder: str, name: str, data: bytes) -> Written:
        """Write a file that stays as it is for ever, or adopt the same file left by a run that was stopped.

        Raises OutputDiffersError when the name is taken by other content: write the next version.
        Raises ValueError for a folder or name that could lead out of the root (reliability T10).
        """
        parts = checked_folder(folder)
        adopted = self._roots[root].write(parts, checked_name(name), data)
        return Written(name=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data), adopted=adopted)

    def write_manifest(self, root: Root, manifest: Manifest) -> Written:
        """Write an output's manifest at the root the output lies under, as canonical JSON (RFC 8785)."""
        text = rfc8785.dumps(manifest.to_mapping())
        return self.write_once(root, manifest.own_folder, manifest.own_name, text)

    def read(self, root: Root, folder: str, name: str) -> bytes | None:
        """Return a file's content, or nothing when it is not there."""
        return self._roots[root].read(checked_folder(folder), checked_name(name))

    def exists(self, root: Root, folder: str, name: str) -> bool:
        """Say whether a file is there."""
        return self.read(root, folder, name) is not None

    def verify(self, root: Root, folder: str, name: str, sha256: str) -> str | None:
        """Compare a file with the SHA-256 on record; return the fault as a sentence, or nothing."""
        data = self.read(root, folder, name)
        if data is None:
            return f"{name}: the file is not in storage. Bring it back from a backup."
        if hashlib.sha256(data).hexdigest() != sha256:
            return f"{name}: the file was changed after it was written. Bring it back from a backup."
        return None


def _folder(url: str, options: Mapping[str, object], disk: Disk, *, private: bool) -> Folder:
    path = _local(url)
    return RemoteFolder(url, options) if path is None else LocalFolder(path, disk, private=private)


def _local(url: str) -> Path | None:
    """Return the folder a plain path or `file:` URL names, or nothing for a server."""
    if url.startswith("file:"):
        return Path(unquote(urlsplit(url).path)).absolute()
    return None if "://" in url else Path(url).absolute()


def _apart(url: str, restricted_url: str) -> None:
    """Refuse two roots of which one holds the other: restricted outputs must not lie among the rest."""
    one, other = _place(url), _place(restricted_url)
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        raise InvalidConfigError(
            [
                Problem(
                    field="storage.restricted_url",
                    problem="This folder and the one of storage.url are the same, or one lies in the other.",
                    remedy="Choose a folder of its own, readable by the service alone.",
                )
            ],
            source="configuration",
        )


def _place(url: str) -> tuple[str, ...]:
    path = _local(url)
    if path is not None:
        return ("file", *path.resolve().parts)
    parts = urlsplit(url)
    return (parts.scheme, parts.netloc, *(part for part in parts.path.split("/") if part))
