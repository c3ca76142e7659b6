"""What pages are told: the newest word on each topic, and no more of them than can be held."""

import asyncio

from ringfence.console.bulletin import ANEW, MOST_READERS, MOST_WAITING, Bulletin


def test_who_comes_later_is_told_what_was_kept_and_the_newest_of_it() -> None:
    async def listen() -> None:
        bulletin = Bulletin()
        bulletin.post("roots", {"number": 1})
        bulletin.post("roots", {"number": 2})
        bulletin.post("acceptance 1", {}, kept=False)
        with bulletin.read() as reader:
            assert await reader.next(1) == [("roots", {"number": 2})]
            bulletin.post("log", {"size": 1})
            bulletin.post("roots", {"number": 3})
            bulletin.post("log", {"size": 2})
            assert await reader.next(1) == [("roots", {"number": 3}), ("log", {"size": 2})]
            assert await reader.next(0.001) == []
            bulletin.close()
            assert reader.is_over
            assert await reader.next(1) == []

    asyncio.run(listen())


def test_who_falls_far_behind_looks_at_everything_anew() -> None:
    async def listen() -> None:
        bulletin = Bulletin()
        with bulletin.read() as reader:
            for number in range(MOST_WAITING + 1):
                bulletin.post(f"acceptance {number}", {}, kept=False)
            waiting = await reader.next(1)
        assert [topic for topic, _ in waiting] == [ANEW, f"acceptance {MOST_WAITING}"]

    asyncio.run(listen())


def test_readers_are_counted_while_they_read() -> None:
    async def listen() -> None:
        bulletin = Bulletin()
        for _ in range(2 * MOST_READERS):
            with bulletin.read():
                assert not bulletin.is_full
        assert bulletin.newest == {}

    asyncio.run(listen())
