"""Shared storage on real servers: S3 and SFTP, over sockets, by their own protocols."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

import pytest

from plr.adapters.storage import Storage
from plr.domain.outputs import Classification, Manifest, Root
from plr.errors import OutputDiffersError, UnavailableError

pytestmark = [
    pytest.mark.storage,
    # The clients of others leave sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FOLDER = "2027/reviews/PLR-R-2027-009/"
NAME = "2027-06-01_PLR-R-2027-009_summary_v1.docx"
DATA = b"the whole text of one output " * 4000


def missing(name: str, error: ImportError) -> None:
    """Skip where the component is absent, unless everything is required (decisions 74)."""
    if os.environ.get("PLR_REQUIRE_ALL") == "1":  # noqa: TID251 - a switch of the tests, no setting
        raise error
    pytest.skip(f"{name} is not installed")


@dataclass
class Server:
    """A running storage server: how to reach it, how to stop it, how to look behind it."""

    url: str
    restricted_url: str
    options: dict[str, object]
    put: Callable[[str, bytes], None]
    stop: Callable[[], None]

    def storage(self) -> Storage:
        storage = Storage(self.url, self.restricted_url, self.options)
        storage.prepare()
        return storage


S3_SERVER = """
import time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
time.sleep(3600)
"""

SFTP_SERVER = """
import asyncio, sys
import asyncssh
async def serve():
    key = asyncssh.generate_private_key("ssh-ed25519")
    listening = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], authorized_client_keys=sys.argv[2],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=sys.argv[1].encode()))
    print(listening.get_port(), flush=True)
    await asyncio.sleep(3600)
asyncio.run(serve())
"""


@contextmanager
def running(program: str, *arguments: str) -> Iterator[tuple[int, Callable[[], None]]]:
    """Run a server in a process of its own; yield its port and a way to end it at once."""
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield int(cast("IO[str]", process.stdout).readline()), process.kill
        finally:
            process.kill()


@pytest.fixture
def s3() -> Iterator[Server]:
    try:
        import boto3  # noqa: PLC0415 - absent: skip
        import moto.server  # noqa: F401, PLC0415 - absent: skip
        import s3fs  # noqa: F401, PLC0415 - absent: skip
    except ImportError as error:
        missing("moto or s3fs", error)
    with running(S3_SERVER) as (port, stop):
        address = f"http://127.0.0.1:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )
        client.create_bucket(Bucket="shared")
        yield Server(
            url="s3://shared/plr",
            restricted_url="s3://shared/restricted",
            options={
                "key": "key",
                "secret": "secret",
                "endpoint_url": address,
                "client_kwargs": {"region_name": "us-east-1"},
                "config_kwargs": {"connect_timeout": 2, "read_timeout": 5, "retries": {"max_attempts": 1}},
            },
            put=lambda path, data: client.put_object(Bucket="shared", Key=f"plr/{path}", Body=data),
            stop=stop,
        )
        client.close()


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Server]:
    try:
        import asyncssh  # noqa: PLC0415 - absent: skip
        import sshfs  # noqa: F401, PLC0415 - absent: skip
    except ImportError as error:
        missing("sshfs", error)
    disk = tmp_path / "server"
    (disk / "plr").mkdir(parents=True)
    own_key = asyncssh.generate_private_key("ssh-ed25519")
    own_key.write_public_key(tmp_path / "authorized")

    def put(path: str, data: bytes) -> None:
        (disk / "plr" / path).parent.mkdir(parents=True, exist_ok=True)
        (disk / "plr" / path).write_bytes(data)

    with running(SFTP_SERVER, str(disk), str(tmp_path / "authorized")) as (port, stop):
        yield Server(
            url=f"sftp://127.0.0.1:{port}/plr",
            restricted_url=f"sftp://127.0.0.1:{port}/restricted",
            options={
                "username": "plr",
                "client_keys": [own_key],
                "known_hosts": None,
                "config": None,
                "connect_timeout": 5,
            },
            put=put,
            stop=stop,
        )


@pytest.fixture(params=["s3", "sftp"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def test_a_file_comes_back_as_it_was_written(server: Server) -> None:
    storage = server.storage()
    assert storage.read(Root.OUTPUTS, FOLDER, NAME) is None
    assert not storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA).adopted
    assert server.storage().read(Root.OUTPUTS, FOLDER, NAME) == DATA
    assert storage.exists(Root.OUTPUTS, FOLDER, NAME)
    assert not storage.exists(Root.RESTRICTED, FOLDER, NAME)


def test_the_same_file_again_is_adopted_by_another_process_too(server: Server) -> None:
    server.storage().write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert server.storage().write_once(Root.OUTPUTS, FOLDER, NAME, DATA).adopted


def test_the_part_left_by_a_run_that_was_stopped_is_neither_adopted_nor_replaced(server: Server) -> None:
    server.put(FOLDER + NAME, DATA[:1000])
    storage = server.storage()
    with pytest.raises(OutputDiffersError, match="next version"):
        storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert storage.read(Root.OUTPUTS, FOLDER, NAME) == DATA[:1000]
    following = NAME.replace("v1", "v2")
    assert not storage.write_once(Root.OUTPUTS, FOLDER, following, DATA).adopted


def test_of_many_writers_of_one_name_one_text_is_kept(server: Server) -> None:
    answers: list[tuple[int, str]] = []
    start = threading.Barrier(6)

    def write(number: int) -> None:
        storage = server.storage()
        start.wait(60)
        try:
            storage.write_once(Root.OUTPUTS, FOLDER, NAME, b"text %d" % number)
            answers.append((number, "written"))
        except (OutputDiffersError, UnavailableError):
            answers.append((number, "refused"))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    winners = [number for number, answer in answers if answer == "written"]
    assert len(answers) == 6
    assert len(winners) == 1
    assert server.storage().read(Root.OUTPUTS, FOLDER, NAME) == b"text %d" % winners[0]


def test_a_changed_or_missing_file_is_named(server: Server) -> None:
    storage = server.storage()
    written = storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    assert storage.verify(Root.OUTPUTS, FOLDER, NAME, written.sha256) is None
    server.put(FOLDER + NAME, b"edited by hand")
    assert "was changed" in (storage.verify(Root.OUTPUTS, FOLDER, NAME, written.sha256) or "")
    absent = storage.verify(Root.OUTPUTS, FOLDER, NAME.replace("v1", "v2"), written.sha256) or ""
    assert "is not in storage" in absent


def test_the_manifest_of_a_restricted_output_lies_with_the_restricted_ones(server: Server) -> None:
    storage = server.storage()
    manifest = Manifest(
        name=NAME,
        folder=FOLDER,
        reference="PLR-R-2027-009",
        kind="position",
        version=1,
        draft=True,
        sha256="0" * 64,
        size=1,
        classification=Classification.RESTRICTED,
        approvals=(),
        sources=(),
        written_at=datetime(2027, 6, 1, 8, 30, tzinfo=UTC),
    )
    storage.write_manifest(Root.RESTRICTED, manifest)
    assert storage.exists(Root.RESTRICTED, "manifest/2027/", f"{NAME}.json")
    assert not storage.exists(Root.OUTPUTS, "manifest/2027/", f"{NAME}.json")


def test_a_server_that_goes_away_is_a_sentence_without_secrets(server: Server) -> None:
    storage = server.storage()
    storage.write_once(Root.OUTPUTS, FOLDER, NAME, DATA)
    server.stop()
    for act in (
        lambda: storage.write_once(Root.OUTPUTS, FOLDER, NAME.replace("v1", "v2"), DATA),
        lambda: storage.read(Root.OUTPUTS, FOLDER, NAME),
        storage.probe,
    ):
        with pytest.raises(UnavailableError, match="nothing was saved") as caught:
            act()
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_probe_says_whether_the_root_is_there(server: Server) -> None:
    server.storage().probe()
    elsewhere = server.url.replace("//shared", "//nowhere").replace("/plr", "/nowhere")
    with pytest.raises(UnavailableError):
        Storage(elsewhere, server.restricted_url, server.options).probe()
