"""Settings of the whole process."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from sparring.process_wide import ProcessWide


def test_it_changes_with_the_first_block_and_goes_back_with_the_last() -> None:
    seen: list[str] = []

    def change() -> object:
        seen.append("changed")
        return lambda: seen.append("back")

    setting = ProcessWide(change)  # type: ignore[arg-type]
    with setting.changed():
        with setting.changed():
            pass
        with pytest.raises(ZeroDivisionError), setting.changed():
            raise ZeroDivisionError
        assert seen == ["changed"]
    assert seen == ["changed", "back"]
    with setting.changed():
        assert seen == ["changed", "back", "changed"]


def test_blocks_of_several_threads_end_together() -> None:
    ended: list[int] = []
    inside, one_left = Barrier(2), Barrier(2)
    setting = ProcessWide(lambda: lambda: ended.append(1))

    def other() -> None:
        with setting.changed():
            inside.wait(10)
        one_left.wait(10)

    thread = Thread(target=other)
    with setting.changed():
        thread.start()
        inside.wait(10)
        one_left.wait(10)
        assert not ended
    thread.join()
    assert ended == [1]
