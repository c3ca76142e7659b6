"""A verifier that serves, the gate where its acceptances are good, and the settings by which a relayer carries them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chains.development.anvil import Anvil
from facts.key_file import Algorithm, Role
from facts.key_set import KeyFolder
from facts.secp256k1 import address_of
from tests.chains.carrying import Relayer, Relayers
from tests.chains.standing import PAYER, WEI, Standing, standing
from tests.facts.specimens import NOW
from tests.ringfence.client.calling import anchor_of, settings_of
from tests.verifier.claims import Watch
from tests.verifier.running import BRIDGE, CHEAP, NAME, PASSPHRASE, PLACE, Running, Trial, destination


@dataclass
class Post:
    """A verifier whose acceptances are good at a gate, and the settings by which a relayer carries them."""

    here: Standing
    running: Running
    folder: Path

    def accept(self, nullifier: int, **more: Any) -> str:  # noqa: ANN401
        place = replace(PLACE, contract=self.here.deployed.address)
        shown = self.running.claim(nullifier, place=place, tag=nullifier)
        return self.running.answer(self.running.accept(shown, **more)).attestation.attestation.acceptance

    @property
    def token(self) -> str | None:
        path = self.folder / "state.json"
        return json.loads(path.read_text())["token"] if path.exists() else None

    @contextmanager
    def start(self, relayers: Relayers, death: str = "") -> Iterator[Relayer]:
        told = self.folder / f"told-{death}.log"
        said = {
            "settings": str(self.folder / "relay.toml"),
            "moment": NOW,
            "secret": PAYER.secret.hex(),
            "death": death,
            "log": str(told),
        }
        relayer = relayers.start(said)
        try:
            yield relayer
        except AssertionError as error:
            error.add_note(told.read_text())
            raise
        finally:
            relayer.kill()


@contextmanager
def posted(folder: Path, caller: str = BRIDGE, **changes: object) -> Iterator[Post]:
    """All of it in a folder; this caller carries to a destination with changes."""
    trial = Trial(folder, Watch(), str(folder / "store.db"))
    chain_key = json.loads((folder / "signing" / "keys.json").read_text())["keys"][2]
    address = address_of(bytes.fromhex(chain_key["public_key"]))
    with standing(addresses=[address], verifier=NAME) as here:
        text = destination(here.deployed.address, f"dns:{BRIDGE}", **changes)
        (folder / "destinations.toml").write_text('format = "ringfence.destinations/1"\n' + text)
        with trial.serving() as running:
            found = Post(here, running, folder)
            write_settings(found, caller)
            yield found


def write_settings(post: Post, caller: str, more: str = "", settled: str = "") -> None:
    """The document, with more tables behind it and more settings before them."""
    anchor, settings = anchor_of(post.running), settings_of(post.running, caller)
    said = {
        "format": "ringfence.anchor/1",
        "verifier": anchor.verifier,
        "domain": anchor.domain,
        "keys": [each.hex() for each in anchor.keys],
        "signers": [each.hex() for each in anchor.signers],
        "log": {"origin": anchor.log_keys[0].origin, "keys": [each.public_key.hex() for each in anchor.log_keys]},
    }
    (post.folder / "anchor.json").write_text(json.dumps(said))
    folder = post.folder
    (folder / "relay.toml").write_text(
        f"""
        format = "ringfence.relay/1"
        anchor = "{folder / "anchor.json"}"
        state = "{folder / "state.json"}"
        keys = "{folder / "account"}"
        every_seconds = 1
        {settled}
        [[verifiers]]
        address = "{settings.address}"
        authorities = "{settings.authorities}"
        certificate = "{settings.certificate}"
        key = "{settings.key}"
        heads = "{folder / "heads"}"
        [[chains]]
        chain_id = 1
        endpoints = ["{post.here.node.url}"]
        [[gates]]
        chain_id = 1
        contract = "{post.here.deployed.spelling}"
        {more}
        """
    )


def add_account(post: Post, *nodes: Anvil) -> Path:
    """The account that pays, on the gate's chain and others, as a folder of keys; its passphrase."""
    folder = KeyFolder(post.folder / "account")
    key = folder.create("payer", Role.SENDER, Algorithm.SECP256K1, PASSPHRASE, moment=NOW, cost=CHEAP)
    for node in (post.here.node, *nodes):
        node.give(key.spelling, WEI)
    path = post.folder / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return path
