"""Reading schedule files: nothing hangs, nothing but regular files is read, edits settle first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from examcal.errors import ExamcalError, NoInputError, PermissionDeniedError
from examcal.intake import Settle, digest, read

TEXT = "exams: []\n"


def test_a_file_is_read_with_its_path_as_name(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_text(TEXT)
    (text,) = read(path)
    assert (text.name, text.content) == (str(path), TEXT.encode())
    assert digest([text]) == digest(read(path))


def test_a_directory_is_its_yaml_files_by_name(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "c.yml", "notes.txt", ".hidden.yaml", "#b.yaml", "~tmp.yaml", "~$b.yaml"):
        (tmp_path / name).write_text(name)
    assert [Path(text.name).name for text in read(tmp_path)] == ["a.yaml", "b.yaml", "c.yml"]


def test_links_are_followed_and_swapped_whole(tmp_path: Path) -> None:
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "schedule.yaml").write_text(version)
    link = tmp_path / "current"
    link.symlink_to("1")
    assert read(link / "schedule.yaml")[0].content == b"1"
    new = tmp_path / "new"
    new.symlink_to("2")
    new.rename(link)
    assert read(link / "schedule.yaml")[0].content == b"2"


@pytest.mark.timeout(5)
@pytest.mark.parametrize("name", ["pipe", "device", "missing", "folder", "loop", "nul\0", "long"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name if name != "long" else tmp_path / ("a" * 300)
    if name == "pipe":
        os.mkfifo(path)
    elif name == "device":
        path = Path("/dev/zero")
    elif name == "folder":
        path.mkdir()
        (path / "x.yaml").mkdir()
    elif name == "loop":
        path.symlink_to(path)
    with pytest.raises(NoInputError) as refused:
        read(path)
    assert name == "device" or str(tmp_path) in refused.value.text("zh-CN")


def test_an_empty_directory_has_no_schedule(tmp_path: Path) -> None:
    with pytest.raises(NoInputError, match="yaml"):
        read(tmp_path)


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(10 * 1024**3)
    assert len(read(path)[0].content) == 4 * 1024 * 1024 + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text(TEXT)
    path.chmod(0)
    with pytest.raises(PermissionDeniedError):
        read(path)


def test_every_refusal_is_one_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(TEXT)
    with pytest.raises(ExamcalError):
        read(path / "below")


def test_an_edit_is_taken_once_it_has_settled() -> None:
    settle = Settle(seconds=2)
    settle.take("one")
    assert not settle.observe("one", 0)
    assert not settle.observe("two", 1)
    assert not settle.observe("two", 2.9)
    assert settle.observe("two", 3)
    assert not settle.observe("two", 9)


def test_a_slow_writer_and_a_reverted_edit_are_not_taken() -> None:
    settle = Settle(seconds=2)
    settle.take("one")
    assert not any(settle.observe(f"torn {step}", step) for step in range(10))
    assert not settle.observe(None, 10)
    assert not settle.observe("one", 11)
    assert not settle.observe("one", 20)
