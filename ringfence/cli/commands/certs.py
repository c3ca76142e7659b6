"""``ringfence certs``: certificates to try things with."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli.options import JsonOption
from ringfence.cli.terminal import draw_facts, out, write_json
from serving.development_certificates import LIFE, LONGEST_LIFE, SERVER, DevelopmentCertificates
from serving.roles import ROLES

app = typer.Typer(help="Certificates for development.", no_args_is_help=True)

FolderArgument = Annotated[Path, typer.Argument(help="The folder of the certificates.")]
NameOption = Annotated[
    list[str] | None,
    typer.Option(
        "--name", help="A further name of the server, besides localhost: dns:HOST, ip:ADDRESS or uri:URI; any number."
    ),
]
RenewOption = Annotated[bool, typer.Option("--renew", help="New certificates under the authority that is there.")]
DaysOption = Annotated[int, typer.Option("--days", help="How long they are good for.", min=1, max=LONGEST_LIFE.days)]


@app.command()
def dev(
    folder: FolderArgument,
    *,
    name: NameOption = None,
    days: DaysOption = LIFE.days,
    renew: RenewOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make an authority, a certificate of a server and one of a caller for each role: never for production."""
    certificates, life = DevelopmentCertificates(folder), timedelta(days=days)
    if renew:
        certificates.renew(name or (), life)
    else:
        certificates.create(name or (), life)
    report = describe_certificates(certificates)
    if as_json:
        write_json(report)
        return
    draw_facts("Certificates for development", report)
    out.print("[yellow]Their keys lie beside them without a passphrase: keep the folder on this machine.[/yellow]")


def describe_certificates(certificates: DevelopmentCertificates) -> dict[str, object]:
    """Which file is for what."""
    return {
        "authority": str(certificates.authority),
        "server": str(certificates.certificate(SERVER)),
        **{role: str(certificates.certificate(role)) for role in ROLES},
        "callers": str(certificates.callers),
    }
