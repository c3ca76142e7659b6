"""A prover that serves, put together from its settings."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from facts.context import name_domain
from facts.demand import read_demand
from margin.documents.reading import read_document
from prover.artifacts import Cache, Progress, say_nothing
from prover.config import FactsSettings, ProverSettings
from prover.desk import Desk
from prover.development import DEMAND, open_development
from prover.facts_folder import FactsFolder
from prover.jobs import Jobs
from prover.provable import Provable
from prover.publication import write_publication
from prover.service import ProverService
from prover.vault import Vault
from prover.wallet import Wallet
from prover.workforce import Workforce
from serving.log import Log
from serving.server import Server


@dataclass(frozen=True, slots=True)
class Assembly:
    """A prover's parts."""

    server: Server
    workforce: Workforce
    desk: Desk
    jobs: Jobs


@contextmanager
def assembled(
    settings: ProverSettings, wallet: Wallet, log: Log | None = None, progress: Progress = say_nothing
) -> Iterator[Assembly]:
    """The server, not yet started, and its workers, who end with this block."""
    log = log or Log()
    proving = settings.proving
    with ExitStack() as stack:
        facts, domain = open_facts(settings.facts, log)
        provables = {}
        cache = Cache(progress=progress)
        for name, key in proving.list_statements().items():
            progress(f"reading the key of {name}")
            provables[name] = Provable.open(name, key, cache, multiples_bytes=proving.multiples_bytes)
            stack.callback(provables[name].close)
        vault = Vault(wallet, settings.wallet.keeper)
        desk = Desk(vault, facts, provables, domain, publishes=settings.facts.development)
        jobs = Jobs(settings.operations.bounds)
        workforce = Workforce(
            jobs,
            provables,
            workers=proving.workers,
            threads=proving.threads_of_each,
            warm=tuple(provables) if proving.warm else (),
        )
        stack.callback(workforce.stop)
        servicer = ProverService(desk, jobs, settings.operations.stream_in_flight)
        checks = {"wallet": vault.require_usable, "facts": facts.require_good, "workers": workforce.require_ready}
        yield Assembly(Server(settings, [servicer.served()], checks, log=log), workforce, desk, jobs)


def open_facts(settings: FactsSettings, log: Log) -> tuple[FactsFolder, int | None]:
    """The folder of facts, and the registry that locks are made for; for development both are made."""
    domain = None if settings.domain is None else name_domain(settings.domain)
    if settings.development:
        write_publication(settings.folder, open_development(settings.folder))  # mends what was written by halves
        if domain is None:
            domain = read_demand(read_document(settings.folder / DEMAND)).domain_element
    return FactsFolder(settings.folder, log), domain
