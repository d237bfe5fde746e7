"""Downloads against a server of our own, which misbehaves as it is told."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from withstand.base.errors import UserError
from withstand.images.download import download

CONTENT = np.random.default_rng(0).bytes(700_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; what goes wrong is set in its attributes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str | None] = []  # the Range of each request
        self.content = CONTENT
        self.ranges = True
        self.cut_after: int | None = None
        self.status: int | None = None
        self.shift = 0  # resumes so many bytes off

    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file.bin"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if server.status is not None:
            self.send_error(server.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if start and start >= len(server.content):
            self.send_error(416)
            return
        start += server.shift if start else 0
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}"
            )
        self.end_headers()
        self.wfile.write(body if server.cut_after is None else body[: server.cut_after])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    running = Server(), Server()
    threads = [threading.Thread(target=s.serve_forever, args=(0.01,)) for s in running]
    for thread in threads:
        thread.start()
    yield running
    for server, thread in zip(running, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def nobody() -> str:
    """An address where nothing answers."""
    server = Server()
    url = server.url()
    server.server_close()
    return url


def part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def test_file_arrives_whole(servers: tuple[Server, Server], tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.bin"
    assert download([servers[0].url()], target, md5=MD5) == target
    assert target.read_bytes() == CONTENT
    assert [p.name for p in target.parent.iterdir()] == ["file.bin"]


def test_file_that_is_there_is_not_asked_for(servers: tuple[Server, Server], tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(CONTENT)
    download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert servers[0].asked == []


def test_wrong_file_that_is_there_is_left_for_the_user(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"file\.bin is damaged .* delete it"):
        download(["http://127.0.0.1:9/file.bin"], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == b"mine"


def test_cut_connection_is_resumed_where_it_stopped(servers: tuple[Server, Server], tmp_path: Path) -> None:
    servers[0].cut_after = 300_000
    download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert servers[0].asked == [None, "bytes=300000-", "bytes=600000-"]


def test_next_run_goes_on_with_what_a_killed_one_left(servers: tuple[Server, Server], tmp_path: Path) -> None:
    part_of(tmp_path / "file.bin").write_bytes(CONTENT[:123_456])
    download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert servers[0].asked == ["bytes=123456-"]


def test_next_mirror_goes_on_where_the_last_stopped(servers: tuple[Server, Server], tmp_path: Path) -> None:
    servers[0].cut_after = 100_000
    download([s.url() for s in servers], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert servers[1].asked == ["bytes=100000-"]


@pytest.mark.parametrize("status", [403, 404, 503])
def test_mirror_that_refuses_is_passed_over(
    servers: tuple[Server, Server], tmp_path: Path, status: int
) -> None:
    servers[0].status = status
    download([s.url() for s in servers], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_mirror_without_ranges_sends_it_all_again(servers: tuple[Server, Server], tmp_path: Path) -> None:
    servers[0].ranges = False
    part_of(tmp_path / "file.bin").write_bytes(CONTENT[:5000])
    download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_mirror_with_another_file_is_passed_over(servers: tuple[Server, Server], tmp_path: Path) -> None:
    servers[0].content = b"<html>log in first</html>"
    download([s.url() for s in servers], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert servers[1].asked == [None]


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 7)])
def test_wrong_part_is_given_up_for_a_fresh_start(
    servers: tuple[Server, Server], tmp_path: Path, left: bytes
) -> None:
    part_of(tmp_path / "file.bin").write_bytes(left)
    download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_whole_part_only_has_to_land(servers: tuple[Server, Server], tmp_path: Path) -> None:
    part_of(tmp_path / "file.bin").write_bytes(CONTENT)
    download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_resuming_at_the_wrong_place_is_refused(servers: tuple[Server, Server], tmp_path: Path) -> None:
    servers[0].shift = 5
    part_of(tmp_path / "file.bin").write_bytes(CONTENT[:1000])
    with pytest.raises(UserError, match="resumes at the wrong byte"):
        download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert part_of(tmp_path / "file.bin").read_bytes() == CONTENT[:1000]


def test_wrong_everywhere_leaves_nothing(servers: tuple[Server, Server], tmp_path: Path) -> None:
    for server in servers:
        server.content = b"not it"
    with pytest.raises(
        UserError, match=r"127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+: serves another file \(wrong MD5\)"
    ):
        download([s.url() for s in servers], tmp_path / "file.bin", md5=MD5)
    assert list(tmp_path.iterdir()) == []


def test_no_network_says_in_one_line_what_to_put_where(nobody: str, tmp_path: Path) -> None:
    target = tmp_path / "data" / "file.bin"
    with pytest.raises(UserError) as caught:
        download([nobody, nobody], target, md5=MD5)
    message = str(caught.value)
    assert "\n" not in message
    assert "refused" in message
    assert f"get it from {nobody} and put it at {target}" in message
    assert not target.exists()


def test_what_arrived_before_the_network_went_is_kept(
    servers: tuple[Server, Server], nobody: str, tmp_path: Path
) -> None:
    part_of(tmp_path / "file.bin").write_bytes(CONTENT[:200_000])
    with pytest.raises(UserError, match=r"0\.2 MB are kept"):
        download([nobody], tmp_path / "file.bin", md5=MD5)
    download([servers[0].url()], tmp_path / "file.bin", md5=MD5)
    assert servers[0].asked == ["bytes=200000-"]


def test_folder_that_cannot_be_made_is_the_users_matter(
    servers: tuple[Server, Server], tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    with pytest.raises(UserError, match="cannot write"):
        download([servers[0].url()], tmp_path / "data" / "file.bin", md5=MD5)
    assert servers[0].asked == []
