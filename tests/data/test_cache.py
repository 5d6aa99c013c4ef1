"""Decoded images kept for the next command: found again, never stale, never in the way."""

import os

import numpy as np
import pytest
from PIL import Image

from sparring.data import cache, load_dataset, loading
from sparring.data.cache import cache_folder
from sparring.data.loading import load_files
from sparring.errors import DataError


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The cache folder, in which everything is kept at once."""
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "WORTH_SECONDS", -1.0)
    monkeypatch.setattr(cache, "SETTLED_SECONDS", -60.0)
    return tmp_path / "cache"


@pytest.fixture
def photos(tmp_path):
    chance = np.random.default_rng(0)
    for name in ("a/1.png", "a/2.png", "b/1.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(tmp_path / "photos" / name)
    return tmp_path / "photos"


@pytest.fixture
def decodings(monkeypatch):
    """How often files were decoded."""
    count, load = [], load_files

    def counting(*arguments):
        count.append(len(arguments[0]))
        return load(*arguments)

    monkeypatch.setattr("sparring.data.folder.load_files", counting)
    return count


def load(photos, **options):
    dataset = load_dataset(f"folder:{photos}", **options)
    return dataset.fingerprint, dataset.provenance


def test_the_next_time_nothing_is_decoded(kept, photos, decodings):
    first = load(photos)
    assert load(photos) == first
    assert decodings == [3]
    assert [file.suffix for file in kept.iterdir()] == [".safetensors"]


def test_a_folder_that_was_moved_is_known_again(kept, photos, decodings):
    load(photos)
    load(photos.rename(photos.parent / "pictures"))
    assert decodings == [3]


@pytest.mark.parametrize(
    "option", [{"size": 7}, {"size": "20x28"}, {"stretch": True}, {"skip_bad_images": True}]
)
def test_what_is_wanted_otherwise_is_decoded_anew(kept, photos, decodings, option):
    load(photos)
    load(photos, **option)
    assert decodings == [3, 3]


def test_what_is_white_in_two_domains_is_kept_too(kept, photos, decodings, monkeypatch):
    looked_at = []
    monkeypatch.setattr(
        loading, "brightest", lambda files, alpha: looked_at.append(len(files)) or iter([0.5])
    )

    def white():
        return load_dataset(f"unpaired:{photos}", stretch=True).provenance.white

    assert white() == white() == 0.5
    assert (decodings, looked_at) == ([2, 1], [3]), "each file once, of both domains"
    os.utime(photos / "b" / "1.png")
    monkeypatch.setattr(loading, "brightest", lambda files, alpha: iter([0.25]))
    assert white() == 0.25, "what changed in one domain counts for the other"


def test_a_file_that_changed_is_seen_whatever_it_does_to_its_time(kept, photos, decodings):
    before, file = load(photos), photos / "a" / "1.png"
    old, content = file.stat(), file.read_bytes()
    Image.new("RGB", (40, 30), "red").save(file)
    file.write_bytes(file.read_bytes().ljust(len(content), b"\0"))
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (old.st_size, old.st_mtime_ns)
    assert load(photos) != before
    file.rename(photos / "a" / "0.png")
    load(photos)
    assert decodings == [3, 3, 3]


def test_files_that_changed_just_now_may_change_again(kept, photos, decodings, monkeypatch):
    monkeypatch.setattr(cache, "SETTLED_SECONDS", 2.0)
    load(photos)
    assert not kept.exists()


def test_what_is_fast_to_decode_is_not_kept(kept, photos, monkeypatch):
    monkeypatch.setattr(cache, "WORTH_SECONDS", 60.0)
    load(photos)
    assert not kept.exists()


def test_damage_is_noticed_and_mended(kept, photos, decodings):
    right = load(photos)
    (entry,) = kept.iterdir()
    content = entry.read_bytes()
    damaged = [content[: len(content) // 2], b"", *(
        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        for place in (0, 9, 100, len(content) // 2, len(content) - 1)
    )]  # fmt: skip
    for bad in damaged:
        entry.write_bytes(bad)
        assert load(photos) == load(photos) == right
    assert len(decodings) == 1 + len(damaged)


@pytest.mark.parametrize("place", ["a file", "in a file"])
def test_a_folder_that_cannot_be_written_is_no_matter(photos, tmp_path, monkeypatch, kept, place):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPARRING_CACHE", str(tmp_path / "file" / ("deeper" if place == "in a file" else "")))
    assert load(photos) == load(photos)


def test_it_is_bounded_and_what_was_used_last_stays(kept, photos, decodings, monkeypatch):
    load(photos, size=20)
    (first,) = kept.iterdir()
    monkeypatch.setattr(cache, "LARGEST", int(2.5 * first.stat().st_size))
    os.utime(first, (1, 1))
    load(photos, size=21)
    load(photos, size=20)
    (second,) = set(kept.iterdir()) - {first}
    os.utime(second, (2, 2))
    load(photos, size=19)
    assert first.exists()
    assert not second.exists()
    assert sum(file.stat().st_size for file in kept.iterdir()) <= cache.LARGEST
    monkeypatch.setattr(cache, "LARGEST", 10)
    load(photos, size=18)
    assert decodings == [3] * 4
    assert len(list(kept.iterdir())) == 2


def test_files_that_were_skipped_are_named_again(kept, photos, decodings):
    (photos / "a" / "2.png").write_bytes(b"")
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"Skipped 1 of 3 images: .*2\.png"):
            found = load_dataset(f"folder:{photos}", skip_bad_images=True)
        assert found.condition.values.tolist() == [0, 1]
    assert decodings == [3]


def test_a_link_that_leads_nowhere_is_still_named(kept, photos):
    (photos / "a" / "3.png").symlink_to(photos / "nowhere")
    with pytest.raises(DataError, match=r"3\.png cannot be read"):
        load(photos)


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SPARRING_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "sparring"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "sparring"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere" / "sparring"
    monkeypatch.setenv("SPARRING_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.setenv("SPARRING_CACHE", "off")
    assert cache_folder() is None


def test_what_someone_else_keeps_there_is_left_alone(kept, photos, decodings, monkeypatch):
    kept.mkdir(parents=True, exist_ok=True)
    others = [kept / name for name in ("letter.txt", "weights.safetensors", ".writing-1234")]
    for other in others:
        other.write_text("x" * 100)
        os.utime(other, (0, 0))
    (kept / "folder").mkdir()
    monkeypatch.setattr(cache, "LARGEST", 5_000_000)
    load_dataset(f"folder:{photos}")
    monkeypatch.setattr(cache, "LARGEST", 10)
    cache._make_room(kept, 5)
    assert sorted(file.name for file in kept.iterdir()) == sorted([*(file.name for file in others), "folder"])
