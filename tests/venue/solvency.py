"""The end of a day: the venue proves what it owes over all accounts, by the command for it, and an auditor verifies."""

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from facts.signed import Signed
from facts.solvency.published import RESERVES
from facts.solvency.reserves import Reserve
from prover.solvency.closing import write_reserve
from ringfence.cli.entry import run
from tests.facts.specimens import AUDIT
from tests.prover.proofs import working_in
from tests.venue.accounts import attest_reserves, publish_round, write_accounts, write_venue
from tests.venue.ledger import Ledger
from tests.venue.markets import Round
from verifier.solvency.directory import Directory
from verifier.solvency.receipts import CheckedReceipt, check_file
from verifier.solvency.verification import Trust, VerifiedRun, verify_run

MOMENT: Final = "2027-01-15T08:00:00Z"
"""The end of the day, at which the auditors' keys are valid."""


@dataclass(frozen=True)
class Office:
    """Where a venue keeps its run."""

    folder: Path
    cache: Path

    def command(self, *words: str) -> dict[str, Any]:
        """A command of ``ringfence solvency`` to its good end; what it wrote."""
        with working_in(self.folder, self.cache), patch("sys.stdout", StringIO()) as told:
            ended = run(["solvency", *words, "--json"])
        assert ended == 0, told.getvalue()
        content: dict[str, Any] = json.loads(told.getvalue())
        return content

    def prove(self, ledger: Ledger, now: Round, batch: int) -> VerifiedRun:
        """All accounts of the ledger at the prices of the round, proved, published beside reserves, and verified."""
        self.folder.mkdir()
        write_accounts(ledger, self.folder / "accounts.ndjson")
        write_venue(self.folder / "venue.toml", batch)
        publish_round(now, self.folder / "facts")
        self.command("prove", "--accounts", "accounts.ndjson", "--out", "out", "--development", "--at", MOMENT)
        directory = Directory(self.folder / "out")
        self.publish_reserves(attest_reserves(ledger, directory.read_header().time))
        return verify_run(directory, Trust(allow_development_keys=True, attesters={AUDIT.digest: AUDIT}))

    def publish_reserves(self, reserves: list[Signed[Reserve]]) -> None:
        """Beside what was proved."""
        for each in reserves:
            write_reserve(self.folder / "out" / RESERVES, each)

    def receipt(self, account: str) -> CheckedReceipt:
        """The receipt of an account, as its holder checks it."""
        self.command("receipt", "--state", "out.state", "--account", account, "--out", "receipt.json")
        return check_file(self.folder / "receipt.json", Directory(self.folder / "out"))
