"""``ringfence verifier``: the verifier as a service, which decides on claims and remembers what is taken."""

import sys

import typer

from ringfence.cli.passphrase import PassphraseDescriptorOption, PassphraseFileOption, ask_passphrase, prefer_option
from ringfence.cli.settings import ConfigOption, PrintConfigOption, SetOption, announce, read_settings
from serving.log import log_to
from verifier.assembly import assembled
from verifier.config import VerifierSettings

app = typer.Typer(help="The verifier, which decides on claims and takes collateral.", no_args_is_help=True)


@app.callback()
def start() -> None:
    """The verifier, which decides on claims and takes collateral."""


@app.command()
def serve(
    *,
    config: ConfigOption = None,
    flags: SetOption = None,
    print_config: PrintConfigOption = False,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseDescriptorOption = None,
) -> None:
    """Serve with mutual TLS, or on this machine alone, until told to end (SIGTERM, SIGINT)."""
    configuration = read_settings(VerifierSettings, config, flags)
    if print_config:
        sys.stdout.write(configuration.render())
        return
    settings = configuration.settings
    log_to()
    file = prefer_option(passphrase_file, passphrase_fd, settings.signing.passphrase_file)
    passphrase = ask_passphrase(file, passphrase_fd, is_new=False)
    with assembled(settings, passphrase) as verifier:
        verifier.server.run(lambda port: announce(settings.listen.address, port))
