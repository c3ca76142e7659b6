"""``ringfence prover``: the prover as a service, next to the secrets."""

import sys
from pathlib import Path

import typer

from prover.wallet import Wallet
from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase
from ringfence.cli.settings import ConfigOption, PrintConfigOption, SetOption, announce, read_settings
from ringfence.cli.terminal import err

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
) -> None:
    """Serve on this machine alone, or with mutual TLS, until told to end (SIGTERM, SIGINT)."""
    from prover.assembly import assembled
    from prover.config import ProverSettings
    from prover.secrecy import forbid_dumps
    from serving.log import log_to

    configuration = read_settings(ProverSettings, config, flags)
    if print_config:
        sys.stdout.write(configuration.render())
        return
    settings = configuration.settings
    settings.require_complete()
    forbid_dumps()
    log_to()
    if passphrase_file is None and passphrase_fd is None:
        passphrase_file = settings.wallet.passphrase_file
    wallet = open_wallet(settings.wallet.path, passphrase_file, passphrase_fd)
    with assembled(settings, wallet, progress=tell) as (server, workforce):
        workforce.start()
        server.run(lambda port: announce(settings.listen.address, port))


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
