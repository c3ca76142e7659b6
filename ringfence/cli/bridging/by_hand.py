"""Proofs that no prover of ours makes: a trader who has the wallet, the circuits and the keys makes them itself.

Nothing of what a verifier or a contract relies on is enforced by a prover: whoever runs one can change it.
"""

from dataclasses import dataclass, replace

from circuits.catalogue import find_statement
from facts.demand import Demand
from prover.artifacts import Cache
from prover.proving import Prover
from prover.request import read_kept_request
from prover.wallet import Secrets, Wallet
from prover.witness import Situation
from ringfence.cli.bridging.venue import Venue
from ringfence.cli.sandbox.places import Sandbox
from ringfence.wire.claim import UnverifiedClaim
from snark.groth16.formats.zkey import read_zkey
from snark.groth16.key_extraction import extract_verifying_key


@dataclass(frozen=True, slots=True)
class Cheat:
    """A trader with its own program."""

    sandbox: Sandbox
    venue: Venue

    @property
    def secrets(self) -> Secrets:
        """Everything that is in the wallet."""
        trader = self.sandbox.trader
        return Wallet.open(trader.folder / "wallet", trader.passphrase).secrets

    def prove_with_lock_of(self, name: str, other: str, demand: Demand) -> UnverifiedClaim:
        """A claim about one position that is backed by the lock of another one."""
        secrets = self.secrets
        kept = replace(secrets.position(name), locks=secrets.position(other).locks, awaited=())
        request = read_kept_request(kept)
        inputs = request.subject.assemble(Situation(secrets.key, kept, self.venue.publication, demand))
        cache = Cache()
        artifact = cache.artifact(find_statement("perp-k1"))
        zkey = cache.development_key(artifact)
        key = extract_verifying_key(read_zkey(zkey), allow_development_keys=True)
        proof, values = Prover.open(artifact, zkey, allow_development_keys=True).prove(inputs)
        return UnverifiedClaim(key.id, values, proof, demand)
