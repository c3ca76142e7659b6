"""``ringfence prover``: the prover as a service, next to the secrets."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prover.wallet import Wallet
from ringfence.cli.extras import require_starlette
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase, prefer_option
from ringfence.cli.settings import ConfigOption, PrintConfigOption, SetOption, announce, read_settings
from ringfence.cli.terminal import err

if TYPE_CHECKING:
    from prover.assembly import Assembly
    from prover.config import ProverSettings

app = typer.Typer(help="The prover, which commits to positions and makes proofs of them.", no_args_is_help=True)


@app.callback()
def start() -> None:
    """The prover, which commits to positions and makes proofs of them."""


@app.command()
def serve(
    *,
    config: ConfigOption = None,
    flags: SetOption = None,
    print_config: PrintConfigOption = False,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
    page: Annotated[
        str | None,
        typer.Option(
            "--page", metavar="HOST:PORT", help="Serve the trader's page there, on this machine alone; page.address."
        ),
    ] = None,
) -> None:
    """Serve on this machine alone, or with mutual TLS, until told to end (SIGTERM, SIGINT)."""
    from prover.assembly import assembled
    from prover.config import ProverSettings
    from prover.secrecy import forbid_dumps
    from serving.log import log_to

    said = () if page is None else (f"page.address={page}",)
    configuration = read_settings(ProverSettings, config, [*said, *(flags or ())])
    if print_config:
        sys.stdout.write(configuration.render())
        return
    settings = configuration.settings
    settings.require_complete()
    if settings.page.address is not None:
        require_starlette()
    forbid_dumps()
    log_to()
    file = prefer_option(passphrase_file, passphrase_fd, settings.wallet.passphrase_file)
    wallet = open_wallet(settings.wallet.path, file, passphrase_fd)
    with assembled(settings, wallet, progress=tell) as made, beside(settings, made) as open_page:
        made.workforce.start()

        def begin(port: int) -> None:
            announce(settings.listen.address, port)
            open_page()

        made.server.run(begin)


@contextmanager
def beside(settings: "ProverSettings", made: "Assembly") -> Iterator[Callable[[], None]]:
    """What opens the trader's page where one is wanted; what serves it is looked for then alone."""
    if settings.page.address is None:
        yield lambda: None
        return
    from prover.page.program import page_beside

    with page_beside(settings, settings.page.address, made, lambda address: tell(f"open once: {address}")) as open_page:
        yield open_page


def open_wallet(path: Path, passphrase_file: Path | None, passphrase_fd: int | None) -> Wallet:
    """The wallet, made where there is none; the passphrase is not kept."""
    is_new = not path.exists()
    passphrase = ask_passphrase(passphrase_file, passphrase_fd, is_new=is_new)
    if not is_new:
        return Wallet.open(path, passphrase)
    tell(f"making a new wallet: {path}")
    return Wallet.create(path, passphrase)


def tell(what: str) -> None:
    """To the person at the terminal."""
    err.print(what, highlight=False, markup=False)
