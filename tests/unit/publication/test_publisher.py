"""Publishing: whole or not at all, whatever stops it; the same content writes nothing."""

from __future__ import annotations

import gzip
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examcal.errors import RefusedError, StorageError
from examcal.publication.edition import Edition, build_edition
from examcal.publication.manifest import Manifest, digest_of
from examcal.publication.published import current_folder, fetch_previous, load_edition, load_previous
from examcal.publication.publisher import publish
from examcal.schedule.model import Schedule
from support.schedules import edge, everything, small

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FULL = bool(os.environ.get("FULL"))


def moved(schedule: Schedule, day: int) -> Schedule:
    exam = schedule.exams[-1]
    first = exam.milestones[0]
    area = replace(first.area, closes=edge(f"2026-01-{day:02} 15:00"))
    changed = replace(exam, milestones=(replace(first, area=area), *exam.milestones[1:]))
    return replace(schedule, exams=(*schedule.exams[:-1], changed))


def first_edition() -> Edition:
    return build_edition(everything(), now=NOW)


def next_edition(directory: Path, day: int = 20, base: Schedule | None = None) -> Edition:
    previous = load_previous(directory)
    schedule = moved(base or everything(), day)
    return build_edition(schedule, now=NOW + timedelta(days=day), previous=previous.manifest, history=previous.history)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_edition_can_be_read_back(tmp_path: Path) -> None:
    edition = first_edition()
    assert publish(edition, tmp_path)
    loaded = load_edition(tmp_path)
    assert loaded is not None
    assert loaded.files == edition.files
    assert loaded.digest == edition.digest
    assert loaded.folder == current_folder(tmp_path)


def test_every_text_has_a_twin_that_unpacks_to_it_and_names_no_time(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    files = files_in(tmp_path / "current")
    twins = {path for path in files if path.endswith(".gz")}
    assert twins == {f"{path}.gz" for path in files if not path.endswith(".gz")}
    for path in twins:
        assert gzip.decompress(files[path]) == files[path.removesuffix(".gz")]
        assert files[path][4:8] == b"\0\0\0\0"


def test_two_folders_get_the_same_octets(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path / "a")
    publish(first_edition(), tmp_path / "b")
    assert files_in(tmp_path / "a" / "current") == files_in(tmp_path / "b" / "current")


def test_the_same_edition_writes_nothing(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert not publish(first_edition(), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_unchanged_files_are_linked_and_changed_ones_are_new(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    old = (tmp_path / "current").resolve()
    publish(next_edition(tmp_path), tmp_path)
    new = (tmp_path / "current").resolve()
    assert (old / "feeds/gre-2026.ics").stat().st_ino == (new / "feeds/gre-2026.ics").stat().st_ino
    assert (old / "feeds/all.ics").stat().st_ino != (new / "feeds/all.ics").stat().st_ino


def test_a_damaged_file_is_not_taken_over(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    (tmp_path / "current/feeds/gre-2026.ics").write_bytes(b"broken")
    (tmp_path / "current/feeds/gre-2026/milestones/exam.ics.gz").write_bytes(b"broken")
    edition = next_edition(tmp_path)
    publish(edition, tmp_path)
    loaded = load_edition(tmp_path)
    assert loaded is not None
    assert loaded.files == edition.files
    packed = (tmp_path / "current/feeds/gre-2026/milestones/exam.ics.gz").read_bytes()
    assert gzip.decompress(packed) == edition.files["feeds/gre-2026/milestones/exam.ics"]


def test_two_complete_editions_are_kept_and_nothing_unfinished(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    (tmp_path / "editions/.unfinished-left").mkdir()
    for day in (20, 21, 22):
        publish(next_edition(tmp_path, day), tmp_path)
    kept = [path.name for path in (tmp_path / "editions").iterdir()]
    assert len(kept) == 2
    assert all(not name.startswith(".") for name in kept)


def test_going_back_to_an_edition_that_is_still_there_switches_to_it(tmp_path: Path) -> None:
    first = first_edition()
    publish(first, tmp_path)
    publish(next_edition(tmp_path), tmp_path)
    assert publish(first, tmp_path)
    assert (tmp_path / "current/manifest.json").read_bytes() == first.octets


def test_a_damaged_edition_is_found_when_it_is_read(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    (tmp_path / "current/feeds/all.ics").write_bytes(b"")
    with pytest.raises(StorageError, match=re.escape("all.ics")):
        load_edition(tmp_path)
    (tmp_path / "current/manifest.json").write_bytes(b"{")
    with pytest.raises(StorageError):
        load_previous(tmp_path)


def test_nothing_is_previous_where_nothing_was_published(tmp_path: Path) -> None:
    assert load_edition(tmp_path) is None
    assert load_previous(tmp_path / "none").manifest is None
    assert fetch_previous(lambda _: None).manifest is None


def test_sequences_are_taken_up_from_an_edition_that_is_served_elsewhere(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    publish(next_edition(tmp_path), tmp_path)
    served = tmp_path / "current"
    previous = fetch_previous(lambda path: (served / path).read_bytes())
    again = build_edition(moved(everything(), 20), now=NOW, previous=previous.manifest, history=previous.history)
    assert again.octets == (served / "manifest.json").read_bytes()


def test_a_path_outside_the_edition_is_refused(tmp_path: Path) -> None:
    edition = build_edition(small(), now=NOW, pages=lambda *_: {"../x.html": b""})
    with pytest.raises(RefusedError):
        publish(edition, tmp_path)
    assert not (tmp_path / "current").exists()


@pytest.mark.needs("root")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    script = (
        "import os, sys\nfrom pathlib import Path\nsys.path[:0] = sys.argv[2].split(':')\n"
        "from unit_publisher import first_edition, publish\n"
        "from examcal.errors import PermissionDeniedError\n"
        "edition = first_edition()\n"
        "os.setuid(65534)\n"
        "try: publish(edition,Path(sys.argv[1]))\n"
        "except PermissionDeniedError as e: print(e.text('en'))"
    )
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    (tmp_path / "unit_publisher.py").write_text(Path(__file__).read_text())
    said = _python(script, str(locked), f"{tmp_path}:{Path(__file__).parents[2]}")
    assert str(locked) in said.stdout, said.stderr


def _python(script: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload,no-any-return]


PUBLISH = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[2], str(Path(sys.argv[3]).parent)]
import test_publisher as t
t.publish(t.next_edition(Path(sys.argv[1])), Path(sys.argv[1]))
"""
CHANGING = frozenset({"os.rename", "os.link", "os.symlink", "os.mkdir", "os.chmod", "os.remove", "os.rmdir"})


def _killed_at(point: int, edition: Edition, directory: Path) -> int | None:
    """Publish in a child that is killed at its ``point``-th file operation; return how many there were, if it lived."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        done = 0

        def trap(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal done
            is_ours = event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(str(directory))
            if is_ours or event in CHANGING:
                if done == point:
                    os.kill(os.getpid(), signal.SIGKILL)
                done += 1

        sys.addaudithook(trap)
        publish(edition, directory)
        os.write(writing, str(done).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return int(said) if said else None


@pytest.mark.slow
def test_killed_at_any_point_the_old_or_the_new_edition_is_whole(tmp_path: Path) -> None:
    """Kill -9 at the n-th file operation, for n across the whole publication."""
    start = tmp_path / "start"
    publish(build_edition(small(), now=NOW), start)
    old = (start / "current/manifest.json").read_bytes()
    edition = next_edition(start, base=small())
    shutil.copytree(start, tmp_path / "whole", symlinks=True)
    total = _killed_at(-1, edition, tmp_path / "whole")
    assert total
    seen = set()
    for point in range(total) if FULL else sorted({*range(0, total, 3), *range(total - 12, total)}):
        directory = tmp_path / f"at-{point}"
        shutil.copytree(start, directory, symlinks=True)
        assert _killed_at(point, edition, directory) is None
        loaded = load_edition(directory)
        assert loaded is not None
        assert loaded.octets in {old, edition.octets}
        seen.add(loaded.octets == edition.octets)
        assert publish(next_edition(directory, 21, small()), directory)
        assert not list((directory / "editions").glob(".*"))
    assert seen == {False, True}


def test_a_full_disk_leaves_the_old_edition_and_no_remains(tmp_path: Path) -> None:
    """No file may grow beyond 20 kB in the child: writing all.ics fails as on a full disk."""
    publish(first_edition(), tmp_path)
    before = files_in(tmp_path / "current")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = _python(PUBLISH, str(tmp_path), str(Path(__file__).parents[2]), __file__, preexec_fn=limit)
    assert "StorageError" in done.stderr
    assert "File too large" in done.stderr
    assert files_in(tmp_path / "current") == before
    assert not list((tmp_path / "editions").glob(".*"))


@pytest.mark.needs("strace")
def test_everything_is_synced_before_the_switch(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    log = tmp_path / "trace"
    watched = ["-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o", str(log)]
    command = ["strace", *watched, sys.executable, "-c", PUBLISH]
    arguments = [str(tmp_path), str(Path(__file__).parents[2]), __file__]
    subprocess.run([*command, *arguments], check=True, timeout=100, capture_output=True)
    calls = [
        line for line in log.read_text().splitlines() if str(tmp_path) in line and ("fsync" in line or "rename" in line)
    ]
    (named,) = [n for n, line in enumerate(calls) if "rename" in line and ".unfinished-" in line.split(",")[0]][:1]
    (switched,) = [n for n, line in enumerate(calls) if "rename" in line and "/.current-" in line]
    synced = [line for line in calls[:named] if "fsync" in line]
    assert any("feeds/all.ics>" in line for line in synced)
    assert any("feeds/all.ics.gz>" in line for line in synced)
    assert any("manifest.json>" in line for line in synced)
    assert any("/feeds>" in line for line in synced)
    assert any("editions>" in line for line in calls[named:switched] if "fsync" in line)
    assert any("fsync" in line for line in calls[switched:])


def test_digests_in_the_manifest_are_those_of_the_files(tmp_path: Path) -> None:
    publish(first_edition(), tmp_path)
    manifest = Manifest.parse((tmp_path / "current/manifest.json").read_bytes())
    for path, digest in manifest.files.items():
        assert digest_of((tmp_path / "current" / path).read_bytes()) == digest
