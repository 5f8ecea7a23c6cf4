"""A local folder in which a file appears whole or not at all, and never changes (reliability 2, Outputs).

Every durable point goes through `Disk`, so that a test can stop the program before and after each.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plr.errors import OutputDiffersError, UnavailableError

_TEMPORARY = re.compile(r"\.plr-[0-9a-f]{16}\.part")
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_LINKED = {errno.ELOOP, errno.ENOTDIR}


class Disk:
    """The calls to the operating system that make a file durable, each relative to an open folder."""

    def make_folder(self, name: str, folder: int, mode: int) -> None:
        """Make a folder."""
        os.mkdir(name, mode, dir_fd=folder)

    def create(self, name: str, folder: int, mode: int) -> int:
        """Create a file that must not exist and return its descriptor."""
        return os.open(name, _OPEN_NEW, mode, dir_fd=folder)

    def write(self, file: int, data: memoryview) -> int:
        """Write some of the data and return how much."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Wait until the file or folder is on the disk."""
        os.fsync(file)

    def link(self, name: str, new: str, folder: int) -> None:
        """Give a file a second name that must not exist, in one move."""
        os.link(name, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)

    def remove(self, name: str, folder: int) -> None:
        """Take a name away."""
        os.unlink(name, dir_fd=folder)


class LocalFolder:
    """One storage root on this machine or on a mounted share."""

    def __init__(self, path: Path, disk: Disk, *, private: bool) -> None:
        self.path = path
        self._disk = disk
        self._folder_mode = 0o700 if private else 0o755
        self._file_mode = 0o600 if private else 0o644

    def prepare(self) -> None:
        """Make the root folder if it is not there."""
        with _sentences():
            self.path.mkdir(mode=self._folder_mode, parents=True, exist_ok=True)

    def probe(self) -> None:
        """Write a file nobody sees and take it away again."""
        with _sentences(), self._opened(()) as folder, self._temporary(folder, b"probe"):
            pass

    def write(self, parts: tuple[str, ...], name: str, data: bytes) -> bool:
        """Write a file once; true when the same file was there already."""
        with _sentences(), self._opened(parts, make=True) as folder:
            self._sweep(folder)
            if _there(name, folder):
                self._adopt(name, folder, data)
                return True
            with self._temporary(folder, data) as temporary:
                adopted = self._publish(temporary, name, folder, data)
            self._disk.sync(folder)
            return adopted

    def read(self, parts: tuple[str, ...], name: str) -> bytes | None:
        """Return the content of a plain file, or nothing when there is none."""
        try:
            with _sentences(missing=FileNotFoundError), self._opened(parts) as folder:
                return _content(name, folder)
        except FileNotFoundError:
            self._root_is_there()
            return None

    def _root_is_there(self) -> None:
        with _sentences(), self._opened(()):
            pass

    @contextmanager
    def _opened(self, parts: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
        """Open a folder under the root, one component at a time, so that no link leads out."""
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                if make:
                    self._ensure(part, folder)
                inner = os.open(part, _OPEN_FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    def _ensure(self, part: str, folder: int) -> None:
        with suppress(FileExistsError):
            self._disk.make_folder(part, folder, self._folder_mode)
        # Also when it was there: a run killed before this line has made it but not made it durable.
        self._disk.sync(folder)

    @contextmanager
    def _temporary(self, folder: int, data: bytes) -> Iterator[str]:
        """Write the data under a name nobody looks at, held by a lock that dies with this process."""
        file, name = self._locked(folder)
        try:
            self._fill(file, data)
            yield name
            self._disk.remove(name, folder)
        except (OSError, OutputDiffersError):
            self._discard(name, folder)
            raise
        finally:
            os.close(file)

    def _locked(self, folder: int) -> tuple[int, str]:
        while True:
            name = f".plr-{secrets.token_hex(8)}.part"
            file = self._disk.create(name, folder, self._file_mode)
            with suppress(OSError):  # a share without locks: then nothing is swept there either
                fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                return file, name
            os.close(file)  # another writer swept it before it was locked

    def _fill(self, file: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._disk.write(file, rest) :]
        self._disk.sync(file)

    def _publish(self, temporary: str, name: str, folder: int, data: bytes) -> bool:
        try:
            self._disk.link(temporary, name, folder)
        except FileExistsError:
            self._adopt(name, folder, data)
            return True
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return self._create(name, folder, data)
        return False

    def _create(self, name: str, folder: int, data: bytes) -> bool:
        """Write in place where the share knows no second names: exclusive create, read back, compare."""
        try:
            file = self._disk.create(name, folder, self._file_mode)
        except FileExistsError:
            self._adopt(name, folder, data)
            return True
        try:
            self._fill(file, data)
        except OSError:
            self._discard(name, folder)
            raise
        finally:
            os.close(file)
        _compare(name, folder, data)
        return False

    def _adopt(self, name: str, folder: int, data: bytes) -> None:
        """Take a file that is there as ours if it is the same, and make it durable."""
        _compare(name, folder, data)
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            self._disk.sync(file)
        finally:
            os.close(file)
        self._disk.sync(folder)

    def _discard(self, name: str, folder: int) -> None:
        with suppress(OSError):
            self._disk.remove(name, folder)

    def _sweep(self, folder: int) -> None:
        """Remove temporary files whose writer is dead: its lock is gone."""
        for name in os.listdir(folder):
            if _TEMPORARY.fullmatch(name):
                self._sweep_one(name, folder)

    def _sweep_one(self, name: str, folder: int) -> None:
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except OSError:
            return  # swept by another writer
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._disk.remove(name, folder)
        except (BlockingIOError, FileNotFoundError):
            pass  # its writer lives, or has just finished
        finally:
            os.close(file)


def _there(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _content(name: str, folder: int) -> bytes:
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.ENOTDIR, "no plain file")
    with os.fdopen(file, "rb") as stream:
        return stream.read()


def _compare(name: str, folder: int, data: bytes) -> None:
    if _content(name, folder) != data:
        raise OutputDiffersError(
            "A file of that name is in storage with other content. It stays; write the next version."
        )


@contextmanager
def _sentences(missing: type[OSError] | None = None) -> Iterator[None]:
    """Turn what the operating system says into a sentence with a remedy; paths and data stay out of it."""
    try:
        yield
    except OSError as error:
        if missing is not None and isinstance(error, missing):
            raise
        raise UnavailableError(_sentence(error.errno)) from None


def _sentence(number: int | None) -> str:
    if number in _FULL:
        return "The storage folder is full; nothing was saved. Free some space, then try again."
    if number in _CLOSED:
        return (
            "The storage folder may not be written or read by this service; nothing was saved. "
            "Give the service the right to it, or mount it for writing, then try again."
        )
    if number in _LINKED:
        return (
            "Something in the storage folder is a link or no plain file where one was expected; nothing "
            "was saved. Put a real folder or file in its place, then try again."
        )
    if number == errno.ENOENT:
        return (
            "The storage folder is not there; nothing was saved. Mount the share, or run plr init to "
            "make the folder, then try again."
        )
    return "The storage folder does not answer; nothing was saved. Look at the disk or share, then try again."
