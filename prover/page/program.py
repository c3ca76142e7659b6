"""The page beside the service: a socket on this machine and a door that is keyed, for as long as the prover serves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prover.assembly import Assembly
from prover.config import PAGE_ADDRESS, ProverSettings
from prover.page.application import build_application
from prover.page.trader import Trader
from serving.page.door import Door
from serving.page.program import PageBeside, PageServer, listen, place_of


@contextmanager
def page_beside(
    settings: ProverSettings, address: str, made: Assembly, tell: Callable[[str], object]
) -> Iterator[Callable[[], None]]:
    """What opens the page as soon as the prover serves; it ends with the block. ``tell`` is given each new address."""
    page = settings.page
    caller = page.caller or settings.wallet.keeper
    trader = Trader(made.desk, made.jobs, caller, page.demand, settings.facts.folder)
    with listen(address, PAGE_ADDRESS) as listening:
        door = Door(build_application(trader), "prover", place_of(listening), tell, keyed=True)
        beside = PageBeside(PageServer(door), listening)

        def open_page() -> None:
            beside.start()
            door.open()

        try:
            yield open_page
        finally:
            beside.stop()
