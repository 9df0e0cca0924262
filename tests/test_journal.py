"""Journals: what was kept comes back bit for bit, or not at all; what is not whole is never trusted."""

import math
import os
import resource
import struct
import threading
from dataclasses import dataclass

import pytest
from jaxsuper._journal import anew, Journal, journal_beside, Once


@dataclass(frozen=True)
class Piece:
    name: str
    values: tuple[float, ...]
    spare: float | None = None


CALLS: list[int] = []
ODD = (0.1 + 0.2, -0.0, math.inf, math.nan, 5e-324, -1e308)


def make(number: int, *, name: str = "p") -> Piece:
    CALLS.append(number)
    return Piece(name, (number / 3, *ODD))


def other(number: int) -> Piece:
    return Piece("other", (float(number),))


def bits(piece):
    return piece.name, struct.pack(f"{len(piece.values)}d", *piece.values), piece.spare


@pytest.fixture
def path(tmp_path):
    CALLS.clear()
    return tmp_path / "x.json.journal"


def opened(path, origin="here"):
    return Journal(path, "json", origin)


def fill(path, numbers, origin="here"):
    with opened(path, origin) as journal:
        return [journal.once(make, number) for number in numbers]


def refused(path):
    """Return the one line with which a file is refused."""
    with pytest.raises(ValueError) as caught:
        opened(path)
    message = str(caught.value)
    assert message.startswith("`json`") and str(path) in message and "\n" not in message
    return message


def test_a_piece_is_made_once(path):
    first = fill(path, (1, 2))
    again = fill(path, (1, 2, 3))
    assert CALLS == [1, 2, 3] and list(map(bits, again[:2])) == list(map(bits, first))
    with opened(path) as journal:
        assert len(journal) == 3
        # Arguments, their names and the function decide what it is.
        journal.once(make, 1, name="q")
        assert journal.once(other, 1).name == "other" and CALLS == [1, 2, 3, 1]
        journal.finish()
    assert not path.exists()
    # A repeated run makes everything again.
    fill(path, (1,))
    assert CALLS[-2:] == [1, 1]


def test_another_origin_is_left_alone(path):
    fill(path, (1, 2))
    fill(path, (1,), "elsewhere")
    assert CALLS == [1, 2, 1]
    with opened(path, "elsewhere") as journal:
        assert len(journal) == 1
    fill(path, (1, 2))
    assert CALLS == [1, 2, 1]


def test_without_pieces_no_file_stays(path):
    with opened(path):
        assert path.exists()
    assert not path.exists()

    def fails(number: int) -> Piece:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), opened(path) as journal:
        journal.once(fails, 1)
    assert not path.exists()
    assert anew(make, 1) == make(1) and isinstance(anew, Once)
    assert journal_beside(path.with_name("x.json")) == path


def test_a_torn_end_is_dropped(path):
    """Cut anywhere, as by a kill: whole lines are kept, the rest is made again."""
    fill(path, (1, 2))
    content = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]
    near = {end + step for end in ends for step in (-2, -1, 0, 1)}
    for cut in sorted({*range(0, len(content), 17), *near}):
        path.write_bytes(content[:cut])
        CALLS.clear()
        found = fill(path, (1, 2))
        whole = max(sum(end <= cut for end in ends) - 1, 0)
        assert CALLS == [1, 2][whole:] and path.read_bytes() == content
        assert list(map(bits, found)) == [bits(make(1)), bits(make(2))]
    # Blocks that a file system had no time to fill.
    path.write_bytes(content + b"\0" * 4096)
    CALLS.clear()
    fill(path, (1, 2))
    assert CALLS == [] and path.read_bytes().rstrip(b"\0") == content


def test_no_byte_may_differ(path):
    """One bit altered anywhere: refused in a line, or made again, and never another value."""
    fill(path, (1, 2))
    content, wanted, again = path.read_bytes(), bits(make(1)), 0
    for place in sorted({*range(0, len(content), 7), len(content) - 1}):
        for bit in (1, 32):
            altered = bytes([content[place] ^ bit])
            path.write_bytes(content[:place] + altered + content[place + 1 :])
            try:
                assert bits(fill(path, (1, 2))[0]) == wanted
                again += 1
            except ValueError as error:
                assert "must be" in str(error) and "remove the file" in str(error)
    # Only the end of the last line can go: then the line looks cut.
    assert again == 2


@pytest.mark.parametrize(
    "content, rule",
    [
        (b"jaxsuper journal 2\n", "must be a journal of this version"),
        (b"jaxsuper journal 1 \n", "must be a journal of this version"),
        (b"notes of mine", "must be a journal of this version"),
        (b"\n", "must be a journal of this version"),
        (b"\x89PNG\r\n\x1a\n", "must be a journal of this version"),
        (b"jaxsuper journal 1\n\n", "line 2 must be undamaged"),
        (b"jaxsuper journal 1\nabc def ghi\n", "line 2 must be undamaged"),
        (b"jaxsuper journal 1\n\xff\xfe \xff\n", "line 2 must be undamaged"),
    ],
)
def test_what_is_not_ours_is_refused(path, content, rule):
    path.write_bytes(content)
    assert rule in refused(path)
    assert path.read_bytes() == content


def test_a_piece_of_another_type_is_refused(path):
    """With the right checksum, as a program with a fault would write it."""

    def make_text(number: int) -> Piece:
        return "text"  # pyrefly: ignore[bad-return]

    with opened(path) as journal:
        journal.once(make_text, 1)
    with opened(path) as journal, pytest.raises(ValueError) as caught:
        journal.once(make_text, 1)
    message = str(caught.value)
    assert "line 2: `make_text` must be a table, got a string" in message and "\n" not in message


def test_a_full_disk_loses_nothing_that_fits_later(path):
    """The kernel refuses the line in its middle; told once, and written when there is room."""
    fill(path, (1,))
    whole, (_, most) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(path) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, most))
        try:
            with pytest.warns(UserWarning, match="takes no more") as told:
                pieces = [journal.once(make, number) for number in (2, 3)]
            assert len(told) == 1 and path.read_bytes() == whole
            assert bits(journal.once(make, 2)) == bits(pieces[0])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        journal.once(make, 4)
    CALLS.clear()
    fill(path, (1, 2, 3, 4))
    assert CALLS == []


def test_an_interrupt_while_writing_leaves_whole_lines(path, monkeypatch):
    fill(path, (1,))
    whole = path.read_bytes()

    def interrupt(file):
        monkeypatch.undo()
        raise KeyboardInterrupt

    with opened(path) as journal:
        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            journal.once(make, 2)
        assert path.read_bytes() == whole
        journal.once(make, 3)
    CALLS.clear()
    fill(path, (1, 2, 3))
    assert CALLS == []


def test_one_run_at_a_time(path):
    with opened(path) as journal:
        journal.once(make, 1)
        message = refused(path)
        assert "must not be in use by another run" in message
        assert bits(journal.once(make, 1)) == bits(make(1))
    fill(path, (1,))


def test_a_file_that_its_run_removed_is_not_locked(path, monkeypatch):
    """The other run ends between our opening its file and our lock."""
    from jaxsuper import _journal

    lock, removed = _journal._lock, []

    def late(file):
        if not removed:
            removed.append(path.unlink())
        lock(file)

    monkeypatch.setattr(_journal, "_lock", late)
    fill(path, (1,))
    assert removed and path.exists()


def test_threads_share_a_journal(path):
    with opened(path) as journal:
        threads = [threading.Thread(target=journal.once, args=(make, i)) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    CALLS.clear()
    fill(path, range(20))
    assert CALLS == []
