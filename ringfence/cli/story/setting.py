"""Everybody who takes part in the story: a verifier and a prover as programs of their own, the others beside them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from facts.position_opening import PositionOpening
from prover.artifacts import Progress
from prover.publication import read_publication
from prover.succession import find_standing, learn
from prover.wallet import Wallet
from ringfence.cli.bridging.programs import Program, find_address, run_program
from ringfence.cli.sandbox.making import Wanted, create_parties, furnish, make_keys, require_new
from ringfence.cli.sandbox.places import Sandbox, Terms
from ringfence.cli.story.exchange import Exchange, open_exchange
from ringfence.cli.story.position import CHAIN_ID, USDC, Coin

SERVED: Final = ("perp-k0", "perp-k1")
"""What the trader's prover proves."""
BY_THE_VENUE: Final = "liquidation"
PERIOD_SECONDS: Final = 1_800
"""Whoever presents the story step by step may talk for so long between one refresh and the next."""
FIRST_MARK: Final = "150.00"
SERVING: Final = "serving on"
TERMS: Final = Terms(chains=(CHAIN_ID,), is_invented=False)


@dataclass(slots=True)
class Setting:
    """The folder, the programs and the venue."""

    sandbox: Sandbox
    exchange: Exchange
    stack: ExitStack
    running: dict[str, ExitStack] = field(default_factory=dict)

    def start(self, name: str, settings: Path) -> Program:
        """Run a server, until the end or until it is stopped; whether it serves already is not waited for."""
        self.running[name] = self.stack.enter_context(ExitStack())
        command = (name, "serve", "--config", settings)
        return self.running[name].enter_context(run_program(self.sandbox.folder, name, command))

    def stop(self, name: str) -> None:
        """End a server."""
        self.running.pop(name).close()

    def teach(self, name: str, opening: PositionOpening) -> None:
        """Have the trader's wallet learn what the venue told of a position; nobody serves it meanwhile."""
        self.stop("prover")
        trader = self.sandbox.trader
        wallet = Wallet.open(trader.folder / "wallet", trader.passphrase)
        kept = learn(wallet.secrets.position(name), opening)
        wallet.secrets.positions[name] = find_standing(kept, read_publication(self.sandbox.facts))
        wallet.save()
        self.start("prover", self.sandbox.prover_settings).wait_until_it_says(SERVING)


@contextmanager
def open_setting(folder: Path, *, progress: Progress) -> Iterator[Setting]:
    """Everybody, until the end of the block: nothing runs after it. The folder stays."""
    require_new(folder)
    moment = int(time.time())
    sandbox = Sandbox(folder, TERMS)
    keys = make_keys((*SERVED, BY_THE_VENUE), progress)
    create_parties(sandbox, moment=moment, progress=progress)
    furnish(sandbox, Wanted(SERVED, find_address(), find_address(), PERIOD_SECONDS), keys, moment=moment)
    coins: tuple[Coin, ...] = (USDC,)
    with ExitStack() as stack:
        progress("a venue with ten thousand positions, and a chain with locks")
        exchange = stack.enter_context(open_exchange(sandbox, coins, FIRST_MARK))
        setting = Setting(sandbox, exchange, stack)
        progress("a verifier and a prover")
        servers = {"verifier": sandbox.verifier_settings, "prover": sandbox.prover_settings}
        programs = [setting.start(name, settings) for name, settings in servers.items()]
        for program in programs:
            program.wait_until_it_says(SERVING)
        yield setting
