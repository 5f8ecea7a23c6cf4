"""Shared storage on a local folder: whole or not at all, once, under the root."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plr.adapters.disk import Disk
from plr.adapters.storage import Storage
from plr.domain.outputs import Classification, Manifest, Root
from plr.errors import InvalidConfigError, OutputDiffersError, UnavailableError

FOLDER = "2027/reviews/PLR-R-2027-009/"
NAME = "2027-06-01_PLR-R-2027-009_summary_v1.docx"
DATA = b"the whole text of one output " * 400
STEPS = ("make_folder", "create", "write", "sync", "link", "remove")


class Killed(BaseException):
    """The program stops here, without any of its own clearing up."""


class WatchedDisk(Disk):
    """Counts its calls, calls `meet` before and after each, and writes in three pieces."""

    def __init__(self) -> None:
        self.calls = 0

    def meet(self, moment: str, call: int, step: str) -> None:
        """Look at a call before it is made and after it was made."""

    def watched(self, step: str, act: Callable[[], int | None]) -> int:
        self.calls += 1
        call = self.calls
        self.meet("before", call, step)
        answer = act()
        self.meet("after", call, step)
        return answer or 0

    def make_folder(self, name: str, folder: int, mode: int) -> None:
        self.watched("make_folder", lambda: super(WatchedDisk, self).make_folder(name, folder, mode))

    def create(self, name: str, folder: int, mode: int) -> int:
        return self.watched("create", lambda: super(WatchedDisk, self).create(name, folder, mode))

    def write(self, file: int, data: memoryview) -> int:
        piece = data[: len(DATA) // 3 + 1]
        return self.watched("write", lambda: super(WatchedDisk, self).write(file, piece))

    def sync(self, file: int) -> None:
        self.watched("sync", lambda: super(WatchedDisk, self).sync(file))

    def link(self, name: str, new: str, folder: int) -> None:
        self.watched("link", lambda: super(WatchedDisk, self).link(name, new, folder))

    def remove(self, name: str, folder: int) -> None:
        self.watched("remove", lambda: super(WatchedDisk, self).remove(name, folder))


class KillingDisk(WatchedDisk):
    """Stops the program at one point."""

    def __init__(self, moment: str, call: int) -> None:
        super().__init__()
        self._point = (moment, call)

    def meet(self, moment: str, call: int, step: str) -> None:  # noqa: ARG002 - any step
        if (moment, call) == self._point:
            raise Killed


class FailingDisk(WatchedDisk):
    """Answers one kind of call with an error of the operating system."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__()
        self._step, self._number = step, number

    def meet(self, moment: str, call: int, step: str) -> None:  # noqa: ARG002 - any call
        if moment == "before" and step == self._step:
            raise OSError(self._number, "a path and other things nobody outside should read")


def storage_in(folder: Path, disk: Disk | None = None) -> Storage:
    storage = Storage(str(folder / "outputs"), str(folder / "restricted"), disk=disk)
    storage.prepare()
    return storage


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def visible_in(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in files_in(folder).items() if not Path(name).name.startswith(".")}


def calls_of_one_write(folder: Path) -> int:
    disk = WatchedDisk()
    storage_in(folder, disk).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    return disk.calls


def test_an_output_lies_in_its_folder_with_its_hash(tmp_path: Path) -> None:
    written = storage_in(tmp_path).write_once(Root.OUTPUTS, FOLDER, NAME, b"abc")
    assert files_in(tmp_path) == {f"outputs/{FOLDER}{NAME}": b"abc"}
    assert written.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (written.name, written.size, written.adopted) == (NAME, 3, False)


def test_a_file_url_names_the_same_folder_as_a_path(tmp_path: Path) -> None:
    place = tmp_path / "with space"
    storage = Storage(place.as_uri(), str(tmp_path / "restricted"))
    storage.prepare()
    storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"abc")
    assert (place / FOLDER / NAME).read_bytes() == b"abc"


def test_an_empty_file_is_written_too(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"")
    assert storage.read(Root.OUTPUTS, FOLDER, NAME) == b""


def test_restricted_outputs_are_closed_to_other_accounts(tmp_path: Path) -> None:
    storage_in(tmp_path).write_once(Root.RESTRICTED, FOLDER, NAME, b"abc")
    path = tmp_path / "restricted" / FOLDER / NAME
    modes = {stat.S_IMODE(one.stat().st_mode) & 0o077 for one in [path, *path.parents[:4]]}
    assert path.parents[3] == tmp_path / "restricted"
    assert modes == {0}


def test_the_same_file_again_is_adopted(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA).adopted
    assert files_in(tmp_path) == {f"outputs/{FOLDER}{NAME}": DATA}


def test_other_content_under_a_taken_name_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"edited by hand")
    with pytest.raises(OutputDiffersError, match="next version"):
        storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert files_in(tmp_path) == {f"outputs/{FOLDER}{NAME}": b"edited by hand"}


def test_a_run_stopped_at_any_point_leaves_all_or_nothing_and_the_retry_leaves_one_file(
    tmp_path: Path,
) -> None:
    calls = calls_of_one_write(tmp_path / "undisturbed")
    assert calls > 10  # folders, temporary file, several writes, syncs, link, removal
    for call in range(1, calls + 1):
        for moment in ("before", "after"):
            place = tmp_path / f"{call}-{moment}"
            with pytest.raises(Killed):
                storage_in(place, KillingDisk(moment, call)).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
            assert visible_in(place) in ({}, {f"outputs/{FOLDER}{NAME}": DATA}), (call, moment)
            storage_in(place).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
            assert files_in(place) == {f"outputs/{FOLDER}{NAME}": DATA}, (call, moment)


def test_a_run_stopped_while_recovering_recovers_as_well(tmp_path: Path) -> None:
    calls = calls_of_one_write(tmp_path / "undisturbed")
    for first in range(1, calls + 1):
        place = tmp_path / str(first)
        with pytest.raises(Killed):
            storage_in(place, KillingDisk("after", first)).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
        for second in (1, 3, 5):
            try:
                storage_in(place, KillingDisk("after", second)).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
            except Killed:
                continue
        storage_in(place).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
        assert files_in(place) == {f"outputs/{FOLDER}{NAME}": DATA}, first


KILL_FOR_GOOD = """
import os, signal, sys
from pathlib import Path
from plr.adapters.disk import Disk
from plr.adapters.storage import Storage
from plr.domain.outputs import Root

class Dying(Disk):
    left = 0
    def link(self, name, new, folder):
        self.point()
        super().link(name, new, folder)
        self.point()
    def write(self, file, data):
        self.point()
        return super().write(file, data[:9])
    def remove(self, name, folder):
        self.point()
        super().remove(name, folder)
    def point(self):
        Dying.left -= 1
        if Dying.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

for point in range(1, 7):
    child = os.fork()
    if child == 0:
        Dying.left = point
        place = Path(sys.argv[1]) / str(point)
        storage = Storage(str(place / "outputs"), str(place / "restricted"), disk=Dying())
        storage.prepare()
        storage.write_once(Root.OUTPUTS, sys.argv[2], sys.argv[3], b"twenty bytes of text")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_killed_process_leaves_nothing_that_a_later_one_does_not_mend(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILL_FOR_GOOD, str(tmp_path), FOLDER, NAME],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(-signal.SIGKILL)] * 6  # three writes, before link, after it, removal
    for point in range(1, 7):
        place = tmp_path / str(point)
        left_behind = files_in(place)
        assert any(Path(name).name.startswith(".plr-") for name in left_behind), point
        storage_in(place).write_once(Root.OUTPUTS, FOLDER, NAME, b"twenty bytes of text")
        assert files_in(place) == {f"outputs/{FOLDER}{NAME}": b"twenty bytes of text"}, point


def test_the_temporary_file_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    class SlowDisk(Disk):
        def __init__(self) -> None:
            self.reached, self.go_on = threading.Event(), threading.Event()

        def link(self, name: str, new: str, folder: int) -> None:
            self.reached.set()
            assert self.go_on.wait(30)
            super().link(name, new, folder)

    slow = SlowDisk()
    other = NAME.replace("v1", "v2")
    writer = threading.Thread(
        target=storage_in(tmp_path, slow).write_once, args=(Root.OUTPUTS, FOLDER, NAME, DATA)
    )
    writer.start()
    assert slow.reached.wait(30)
    storage_in(tmp_path).write_once(Root.OUTPUTS, FOLDER, other, b"second")
    slow.go_on.set()
    writer.join(30)
    assert files_in(tmp_path) == {f"outputs/{FOLDER}{NAME}": DATA, f"outputs/{FOLDER}{other}": b"second"}


def test_of_many_writers_of_one_name_one_writes_and_the_rest_adopt_or_are_refused(tmp_path: Path) -> None:
    storage, answers, start = storage_in(tmp_path), [], threading.Barrier(12)

    def write(number: int) -> None:
        start.wait(30)
        try:
            answers.append(storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"%d" % (number % 2)).adopted)
        except OutputDiffersError:
            answers.append(None)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert (answers.count(False), answers.count(True), answers.count(None)) == (1, 5, 6)
    assert list(files_in(tmp_path)) == [f"outputs/{FOLDER}{NAME}"]


def test_a_share_without_second_names_gets_the_file_by_exclusive_create(tmp_path: Path) -> None:
    storage = storage_in(tmp_path, FailingDisk("link", errno.EPERM))
    assert not storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA).adopted
    assert storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA).adopted
    with pytest.raises(OutputDiffersError):
        storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"other")
    assert files_in(tmp_path) == {f"outputs/{FOLDER}{NAME}": DATA}


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "full"),
        (errno.EROFS, "may not be written"),
        (errno.EACCES, "may not be written"),
        (errno.EIO, "does not answer"),
        (errno.ESTALE, "does not answer"),
    ],
)
@pytest.mark.parametrize("step", STEPS)
def test_an_error_of_the_disk_is_a_sentence_and_nothing_half_written_is_seen(
    tmp_path: Path, step: str, number: int, word: str
) -> None:
    with pytest.raises(UnavailableError, match=word) as caught:
        storage_in(tmp_path, FailingDisk(step, number)).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert "nobody outside" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert visible_in(tmp_path) in ({}, {f"outputs/{FOLDER}{NAME}": DATA})
    storage_in(tmp_path).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert files_in(tmp_path) == {f"outputs/{FOLDER}{NAME}": DATA}


FULL_DISK = """
import resource, signal, sys
from plr.adapters.storage import Storage
from plr.domain.outputs import Root
from plr.errors import UnavailableError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
storage = Storage(sys.argv[1] + "/outputs", sys.argv[1] + "/restricted")
storage.prepare()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    storage.write_once(Root.OUTPUTS, sys.argv[2], sys.argv[3], b"x" * 5000)
except UnavailableError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
storage.write_once(Root.OUTPUTS, sys.argv[2], sys.argv[3], b"x" * 5000)
"""


def test_a_file_that_the_system_cuts_short_is_not_seen_and_works_after_the_cure(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), FOLDER, NAME],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "full; nothing was saved" in done.stdout
    assert files_in(tmp_path) == {f"outputs/{FOLDER}{NAME}": b"x" * 5000}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs the right to mount; a file-size limit is tested above")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_refuses_cleanly_and_works_again_when_there_is_space(small_disk: Path) -> None:
    storage = storage_in(small_disk)
    (small_disk / "ballast").write_bytes(b"x" * 50_000)
    with pytest.raises(UnavailableError, match="full; nothing was saved"):
        storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"y" * 30_000)
    assert list(files_in(small_disk)) == ["ballast"]
    (small_disk / "ballast").unlink()
    storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"y" * 30_000)
    assert files_in(small_disk) == {f"outputs/{FOLDER}{NAME}": b"y" * 30_000}


def test_a_disk_that_may_only_be_read_refuses_and_still_reads(small_disk: Path) -> None:
    storage = storage_in(small_disk)
    storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"abc")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(UnavailableError, match="may not be written"):
        storage.write_once(Root.OUTPUTS, FOLDER, NAME.replace("v1", "v2"), b"abc")
    with pytest.raises(UnavailableError, match="may not be written"):
        storage.probe()
    assert storage.read(Root.OUTPUTS, FOLDER, NAME) == b"abc"


def test_a_root_that_is_not_mounted_is_noticed_and_not_made(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "outputs"), str(tmp_path / "restricted"))
    for act in (
        lambda: storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA),
        lambda: storage.read(Root.OUTPUTS, FOLDER, NAME),
        storage.probe,
    ):
        with pytest.raises(UnavailableError, match="is not there"):
            act()
    assert list(tmp_path.iterdir()) == []


def test_a_probe_of_a_sound_storage_leaves_nothing(tmp_path: Path) -> None:
    storage_in(tmp_path).probe()
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("folder", ["../", "/etc/", "2027/../../", "2027//x/", "~/", ""])
@pytest.mark.parametrize("act", ["write", "read", "verify"])
def test_a_folder_outside_the_root_is_refused(tmp_path: Path, folder: str, act: str) -> None:
    storage = storage_in(tmp_path)
    acts = {
        "write": lambda: storage.write_once(Root.OUTPUTS, folder, NAME, DATA),
        "read": lambda: storage.read(Root.OUTPUTS, folder, NAME),
        "verify": lambda: storage.verify(Root.OUTPUTS, folder, NAME, "0" * 64),
    }
    with pytest.raises(ValueError, match="letters, digits"):
        acts[act]()
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "..", ".x", "a/b", "a\\b", "x\x00", ""])
def test_a_name_outside_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        storage_in(tmp_path).write_once(Root.OUTPUTS, FOLDER, name, DATA)
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("component", ["2027", "2027/reviews", "2027/reviews/PLR-R-2027-009"])
def test_a_link_in_place_of_a_folder_leads_nowhere(tmp_path: Path, component: str) -> None:
    storage = storage_in(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / FOLDER).mkdir(parents=True)
    (elsewhere / FOLDER / NAME).write_bytes(DATA)
    link = tmp_path / "outputs" / component
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere / component)
    for act in (
        lambda: storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA),
        lambda: storage.read(Root.OUTPUTS, FOLDER, NAME),
    ):
        with pytest.raises(UnavailableError, match="is a link"):
            act()
    assert list(visible_in(elsewhere)) == [FOLDER + NAME]


def test_a_link_in_place_of_a_file_is_neither_read_nor_adopted(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    (tmp_path / "outputs" / FOLDER).mkdir(parents=True)
    (tmp_path / "elsewhere").write_bytes(DATA)
    (tmp_path / "outputs" / FOLDER / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnavailableError, match="is a link"):
        storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    with pytest.raises(UnavailableError, match="is a link"):
        storage.read(Root.OUTPUTS, FOLDER, NAME)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    (tmp_path / "outputs" / FOLDER / NAME).mkdir(parents=True)
    with pytest.raises(UnavailableError, match="no plain file"):
        storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)


@pytest.mark.parametrize("restricted", ["outputs", "outputs/restricted", ".", "other/../outputs"])
def test_a_restricted_root_among_the_other_outputs_is_refused(tmp_path: Path, restricted: str) -> None:
    with pytest.raises(InvalidConfigError, match="restricted_url"):
        Storage(str(tmp_path / "outputs"), str(tmp_path / restricted))


def test_a_restricted_root_within_the_same_bucket_folder_is_refused() -> None:
    with pytest.raises(InvalidConfigError, match="restricted_url"):
        Storage("s3://shared/plr", "s3://shared/plr/restricted/")


def test_a_missing_or_changed_file_is_named(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    written = storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert storage.verify(Root.OUTPUTS, FOLDER, NAME, written.sha256) is None
    path = tmp_path / "outputs" / FOLDER / NAME
    path.write_bytes(DATA[:-1] + b"!")
    assert "was changed" in (storage.verify(Root.OUTPUTS, FOLDER, NAME, written.sha256) or "")
    path.unlink()
    fault = storage.verify(Root.OUTPUTS, FOLDER, NAME, written.sha256) or ""
    assert fault.startswith(f"{NAME}: the file is not in storage")
    assert not storage.exists(Root.OUTPUTS, FOLDER, NAME)


def test_the_manifest_lies_at_the_root_as_canonical_json(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    manifest = Manifest(
        name=NAME,
        folder=FOLDER,
        reference="PLR-R-2027-009",
        kind="summary",
        version=1,
        draft=False,
        sha256=hashlib.sha256(b"abc").hexdigest(),
        size=3,
        classification=Classification.GROUP,
        approvals=("A-PLR-R-2027-009-GROUP",),
        sources=("submission",),
        written_at=datetime(2027, 6, 1, 8, 30, tzinfo=UTC),
    )
    storage.write_manifest(Root.OUTPUTS, manifest)
    assert storage.write_manifest(Root.OUTPUTS, manifest).adopted
    assert (tmp_path / "outputs" / "manifest" / "2027" / f"{NAME}.json").read_text(encoding="utf-8") == (
        '{"approvals":["A-PLR-R-2027-009-GROUP"],"classification":"group",'
        '"folder":"2027/reviews/PLR-R-2027-009/","kind":"summary",'
        '"name":"2027-06-01_PLR-R-2027-009_summary_v1.docx","reference":"PLR-R-2027-009",'
        '"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":3,'
        '"sources":["submission"],"version":"v1","written_at":"2027-06-01T08:30:00Z"}'
    )
    assert json.loads((tmp_path / "outputs/manifest/2027" / f"{NAME}.json").read_bytes())["size"] == 3


class PowerDisk(Disk):
    """Remembers what a cut of power would still lose: files written and folders changed since their sync."""

    def __init__(self) -> None:
        self.unsafe: set[int] = set()
        self.published_unsafe: list[str] = []

    def make_folder(self, name: str, folder: int, mode: int) -> None:
        super().make_folder(name, folder, mode)
        self.unsafe.add(os.fstat(folder).st_ino)

    def write(self, file: int, data: memoryview) -> int:
        self.unsafe.add(os.fstat(file).st_ino)
        return super().write(file, data)

    def link(self, name: str, new: str, folder: int) -> None:
        if os.stat(name, dir_fd=folder).st_ino in self.unsafe:
            self.published_unsafe.append(new)
        super().link(name, new, folder)
        self.unsafe.add(os.fstat(folder).st_ino)

    def sync(self, file: int) -> None:
        super().sync(file)
        self.unsafe.discard(os.fstat(file).st_ino)


def test_no_name_is_given_before_the_content_is_safe_and_nothing_unsafe_is_acknowledged(
    tmp_path: Path,
) -> None:
    disk = PowerDisk()
    storage_in(tmp_path, disk).write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert disk.published_unsafe == []
    assert disk.unsafe == set()
