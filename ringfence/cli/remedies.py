"""What to do about a refusal: one remedy for each reason, in one table, and the name that was probably meant.

A refusal says what was found and what would have done; where that leaves open what to do next, it is said here. Nothing
of what was found is repeated but a name that there is.
"""

import errno
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from ringfence.cli.exits import Refusal

REMEDIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Documents
        "NOT_A_DECIMAL": 'write the number in decimal digits between quotes, like "12.5"',
        "NOT_AN_INTEGER": "write a whole number in plain digits, without quotes, point or leading zero",
        "NOT_A_RATE": 'write the rate between quotes, like "0.5%", "0.005" or "1/200"',
        "NOT_A_CHOICE": "choose one of the names that are expected",
        "NOT_A_STRING": "put the value between quotes",
        "NOT_AN_OBJECT": "write an object { ... } (JSON) or a table (TOML) here; docs/margin/documents.md has examples",
        "NOT_A_LIST": "put the value between brackets [ ... ], even where there is only one",
        "NOT_READABLE": "check that it is the file that is meant, that it is whole, and that it is spelled as its "
        "format wants it",
        "UNKNOWN_FIELD": "correct the spelling of the field, or take it out",
        "MISSING_FIELD": "add what is expected, under the name that is given; if the document is another one than was "
        "meant, name the right one",
        "DUPLICATE_FIELD": "keep one of them and take the other out; a list has to be in order",
        "CONFLICTING_FIELDS": "keep one of the two and take the other out",
        "OUT_OF_BOUNDS": "give a value within the bounds that are expected",
        "NOT_ON_GRID": "round the value to the step that is expected",
        "WRONG_UNIT": "convert the value to the unit that is expected",
        "WRONG_COUNT": "give as many as are expected",
        "TIERS_UNSORTED": "put the tiers in rising order of their floors",
        "TIERS_DISCONTINUOUS": "let every tier begin where the one before it ends, with the amount that continues it",
        "OUTSIDE_TABLE": "take a policy whose table begins lower, or add the tiers below",
        "UNKNOWN_POLICY": "'ringfence policy list' names those that ship; a file of one's own ends in .toml or .json",
        "UNKNOWN_MARKET": "'ringfence policy show NAME' lists the markets of a policy",
        "UNKNOWN_ASSET": "name an asset of the basket, or add it with its price and haircut",
        "UNKNOWN_INSTRUMENT": "name an instrument of the round, or have the oracle add it",
        "MISSING_PRICE": "add a price for everything that the position holds",
        # Rules of margin
        "LEVERAGE_TOO_HIGH": "set a lower leverage, or make the position smaller",
        "POSITION_TOO_LARGE": "make the position smaller, or split it",
        "INSUFFICIENT_MARGIN": "add collateral (a top-up) or make the position smaller; 'ringfence margin evaluate' "
        "says how much is short",
        "NOT_LIQUIDATABLE": "nothing is to be done while the position keeps its requirement",
        "NOT_APPLICABLE": "ask this of another kind of document or position; the command's --help says which it takes",
        # Files, keys and passphrases
        "WRONG_FILE": "name another file or folder; nothing that is there is overwritten",
        "WRONG_PASSPHRASE": "give the passphrase that this file was made with; if it is surely right, the file was "
        "altered: take it from a backup",
        "NOT_A_KEY": "give a key of the kind that is expected; 'ringfence keys show FILE' tells what a key file is",
        "NO_SIGNER": "make a key with 'ringfence keys new NAME --role ROLE', or name the folder that has one (--keys)",
        # Roots, committees and signatures
        "NOT_IN_TREE": "take the leaf and the root from the same round; commit again if the position is in no book yet",
        "WRONG_ROOT": "prove against the roots that are published now, or fetch the roots that the proof was made for",
        "WRONG_CONTEXT": "use it where it was made for, or make a new one for this place from this verifier's demand",
        "WRONG_POLICY": "take the demand and the policy that are in force, and prove again",
        "WRONG_TRANSITION": "take the proof and the documents of the same change",
        "WRONG_POSITION": "take the proof of the position that is named",
        "EXPIRED": "make or fetch a new one: fetch a fresh demand, prove again, or have the acceptance refreshed; if "
        "that moment is still to come, set the clock of this machine",
        "WRONG_SIGNATURE": "do not use it: it was altered, or signed by somebody else; fetch it again from its source",
        "WRONG_MESSAGE": "name the file that holds what the command asks for",
        "WRONG_COMMITTEE": "take the committee that is in force; 'ringfence registry committee' shows it",
        "UNKNOWN_SIGNER": "sign with the key of a member, or check that the anchor or committee is the one that is "
        "meant",
        "REVOKED_SIGNER": "do not rely on it; have it signed by keys that count",
        "EXPIRED_SIGNER": "have it signed by a key that is in its time",
        "TOO_FEW_SIGNERS": "have further members sign it: 'ringfence registry sign ... --join FILE'",
        "NOT_RISING": "give a number above the last one that was published; 'ringfence registry roots' shows it",
        "EQUIVOCATION": "publish nothing; ask the signers why they said both, and have governance revoke whoever did",
        "TOO_OLD": "wait for the next round of prices and roots, or publish one, and try again; if none is late, set "
        "the clock of this machine",
        "FROM_THE_FUTURE": "set the clock of this machine, or wait for that moment",
        "NOT_ACTIVE": "wait until it is in force, or take what is in force now",
        "NOT_FINAL": "wait until the block is final, and try again",
        "UNKNOWN_FEED": "add a rule for the feed to the trust document, or leave the price out",
        "CONFIDENCE_TOO_WIDE": "wait for a price that is surer, or take another source",
        "FEEDS_DISAGREE": "look for the source that is wrong, and report again",
        "JUMP_TOO_LARGE": "have as many members sign as the quorum asks for",
        # Claims and acceptances
        "WRONG_PROOF": "fetch the proof again; if it stays wrong, do not trust who gave it",
        "WRONG_SCHEMA": "'ringfence store upgrade' brings a store to this version; a newer one needs a newer ringfence",
        "WRONG_STATE": "'ringfence acceptances ID' shows where it stands; ask for what goes with that",
        "NULLIFIER_SPENT": "back the position with another lock: one that was used cannot be used again, here or "
        "elsewhere",
        "NULLIFIER_NOT_HELD": "name a lock that the acceptance holds; 'ringfence acceptances ID' lists them",
        "LAPSED": "lock collateral anew and have it accepted; an acceptance that has lapsed does not come back",
        "NOT_LAPSED": "wait until the acceptance has lapsed",
        "CLAIM_USED": "make a new proof: each is for one thing",
        "REQUEST_REUSED": "leave --request-id out, or give one that was never used",
        "UNKNOWN_ACCEPTANCE": "check the id and the caller; 'ringfence acceptances' lists those that this caller may "
        "see",
        "LOG_SHRUNK": "rely on nothing of this verifier; keep the head that was seen and tell others",
        "LOG_FORKED": "rely on nothing of this verifier; keep the head that was seen and tell others",
        "LOG_UNWITNESSED": "name the witness that belongs to the log (--witness)",
        "NOT_IN_LOG": "wait for the next head of the log and try again",
        "STORE_UNAVAILABLE": "try again with the same --request-id; see to the store's disk or database if it stays so",
        # Chains
        "REVERTED": "docs/bridge has a remedy for every error of a contract",
        "NOT_MINED": "allow a higher fee, or wait; then try again",
        "CHAIN_UNAVAILABLE": "check the chain's endpoints, that a node runs there, and that its chain id is the "
        "expected one",
        "NO_RECOURSE": "ask the trader for a release that pays you at this escrow, and count on nothing until then",
        "CHAIN_REWRITTEN": "stop, and compare what several nodes say about that block",
        "WRONG_LOGS": "have another node asked as well, and see that from_block is not behind the first event",
        # Installation
        "BACKEND_MISSING": "install what is missing; 'ringfence doctor' names the command for the native modules",
        "BROKEN_INVARIANT": "use nothing of it; take the store from a backup, and report the defect",
        # Servers and their settings
        "NOT_AUTHENTICATED": "connect with a certificate that the server's table of callers names "
        "(connection.certificate, connection.key)",
        "NOT_ALLOWED": "call as somebody whose role may do this, or have the role added to the table of callers",
        "NOT_FOUND": "check the name, and that it is this caller's",
        "REQUEST_ID_TAKEN": "give a request id that was never used",
        "NAME_TAKEN": "choose another name",
        "DEADLINE_PASSED": "try again with more time (connection.seconds)",
        "CANCELLED": "try again",
        "QUEUE_FULL": "try again in a while",
        "TOO_MANY_CALLS": "let calls that are open end first",
        "TOO_MANY_STREAMS": "let streams that are open end first",
        "NOT_READY": "wait until facts are published and the server is ready, and try again",
        "UNKNOWN_KEY": "correct the spelling of the key, or name the file with the settings of this program, for a "
        "server's are not a caller's; --print-config of a server lists all that there are",
        "WRONG_KIND": "give a value of the kind that is expected",
        "MISSING_KEY": "set it in the file (--config), as --set KEY=VALUE, or in the environment",
        "NOT_PRIVATE": "listen on 127.0.0.1 or unix:PATH, or configure TLS with certificate, key and authorities",
        "BAD_CERTIFICATE": "name a certificate, its key and the authorities in PEM; 'ringfence certs dev FOLDER' "
        "makes some for a trial",
        "INTERNAL": "tell whoever runs the server, with the id of the request",
        # Nobody answered
        "UNAVAILABLE": "check the address, that the server runs, and that both sides agree on TLS and authorities",
        "DEADLINE_EXCEEDED": "check that the server answers, or allow more time (connection.seconds), and try again",
        "UNKNOWN": "check that the address is that of a ringfence server",
        "UNIMPLEMENTED": "call the server that has this: verifier, registry and prover are different ones",
        # Proofs and keys in files
        "V01_NOT_READABLE": "name a JSON file of snarkjs's form, whole and as it was written",
        "V02_TOO_LARGE": "check that this is the right file; no key or proof here is that large",
        "V03_DUPLICATE_FIELD": "do not use the file; fetch it again",
        "V04_UNKNOWN_FIELD": "check that this is the right file: proof, public inputs and key have different fields",
        "V05_MISSING_FIELD": "check that this is the right file: proof, public inputs and key have different fields",
        "V06_WRONG_SHAPE": "check that this is the right file: proof, public inputs and key have different shapes",
        "V07_FOREIGN_SYSTEM": "take a Groth16 proof or key over BN254 (bn128)",
        "V08_NUMBER_SPELLING": "write numbers as decimal digits between quotes, without leading zeros",
        "V10_INPUT_COUNT": "take key and public inputs of the same circuit",
        "V17_EQUATION_FAILS": "take proof, public inputs and key of the same run; if they are, do not rely on the "
        "proof",
        "V18_BATCH_FAILS": "leave out the proofs that are named, and verify the others again",
        "V20_KEY_IC_COUNT": "fetch the key again; it is damaged",
        "V21_KEY_GAMMA_DELTA": "take a key that a ceremony with at least one contribution made",
        "V22_KEY_ALPHABETA": "fetch the key again; it is damaged",
        "V23_KEY_NOT_PINNED": "take the key of this statement, or pin the id that is meant (--key-id, --sha256, the "
        "settings of the server)",
        "V24_DEVELOPMENT_KEY": "for a trial add --development; for anything else take the key of a ceremony",
        "W01_FOREIGN_FILE": "name a witness program, as 'ringfence circuit compile' writes it",
        "W02_FOREIGN_VERSION": "compile the circuit again: 'ringfence circuit compile NAME'",
        "W20_INPUT_MISSING": "give all inputs that 'ringfence circuit info NAME' lists",
        "W21_INPUT_UNKNOWN": "give only the inputs that 'ringfence circuit info NAME' lists",
        "W22_INPUT_SIZE": "give as many elements as 'ringfence circuit info NAME' lists",
        "W23_INPUT_OUT_OF_BOUNDS": "give a value within the range that 'ringfence circuit info NAME' lists",
        "W30_RULE_BROKEN": "change the position so that it keeps the rule (a top-up, a smaller size) and commit "
        "again, or prove against newer prices; 'ringfence margin evaluate' says how much is short",
        "F01_NOT_READABLE": "check that the path names a regular file that may be read",
        "F02_FOREIGN_FILE": "name a file of the format that is expected; its name alone does not make it one",
        "F03_VERSION": "write the file again with a version that is read here",
        "F04_TRUNCATED": "fetch or make the file again; it is not whole",
        "F05_TRAILING_BYTES": "fetch or make the file again; something was added to it",
        "F12_FOREIGN_PROTOCOL": "take a Groth16 key",
        "F17_NOT_TEXT": "write the file as UTF-8, one entry on each line",
        "F20_UNSATISFIED": "make the witness again from inputs that keep the circuit's rules",
        "F21_FILES_DISAGREE": "take circuit, key and witness of the same circuit and shape",
        "C01_NO_CONTRIBUTION": "contribute at least once: 'ringfence ceremony phase2 contribute'",
        "C06_BEACON_WORK": "allow more iterations, or take a beacon that asks for fewer",
        "C10_CHALLENGE": "contribute to the file that the last contribution left behind",
        # The command line itself
        "DEFECT": "report it; with RINGFENCE_TRACEBACK=1 the command shows where",
    }
)
"""What to do, for each reason for which there is more to say than ``FAMILIES`` says."""

FAMILIES: Final = (
    (re.compile(r"V1\d_"), "do not use the proof or key: it is not in its one form; fetch it again from who made it"),
    (re.compile(r"W\d\d_"), "compile the circuit again: 'ringfence circuit compile NAME'"),
    (re.compile(r"F\d\d_"), "fetch or make the file again; it is damaged, or not of the format that is expected"),
    (re.compile(r"C\d\d_"), "do not use the file; take the one that the ceremony's transcript names"),
)
"""Reasons that mean the same to whoever has the file: it is not as its format has it."""

FILES: Final[Mapping[int, str]] = MappingProxyType(
    {
        errno.ENOENT: "check the path; a relative one begins where the command runs",
        errno.EISDIR: "name a file inside the folder, not the folder",
        errno.ENOTDIR: "name a folder: something on the way there is a file",
        errno.EACCES: "give yourself the right to it (ls -l, chmod), or name another place",
        errno.EPERM: "give yourself the right to it (ls -l, chmod), or name another place",
        errno.EROFS: "name a place that can be written to",
        errno.ENOSPC: "make room on the disk, and run the command again; what was begun is not to be used",
        errno.EEXIST: "name another place, or move away what is there",
        errno.EADDRINUSE: "stop what listens there (ss -ltnp), or choose another port; port 0 takes a free one",
        errno.EADDRNOTAVAIL: "choose an address of this machine, like 127.0.0.1",
    }
)
"""What to do where the operating system says no."""

FIELDS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        (
            "MISSING_FIELD",
            "trust.anchor",
        ): "name the verifier's anchor with --set trust.anchor=FILE or in --config: without "
        "it no answer can be checked",
        (
            "MISSING_FIELD",
            "log",
        ): "take the anchor that the verifier published with its log, or add the [log] to this one",
        (
            "MISSING_FIELD",
            "connection",
        ): "set connection.authorities, connection.certificate and connection.key; to a server "
        "on this machine that serves without TLS, --set connection.plaintext=true",
        (
            "MISSING_FIELD",
            "--zkey",
        ): "for a trial add --development; for anything else name the key of a ceremony (--zkey)",
        (
            "MISSING_FIELD",
            "passphrase",
        ): "run it at a terminal, or put the passphrase into a file with chmod 600 and give --passphrase-file",
        ("DUPLICATE_FIELD", "name"): "choose another name",
        ("MISSING_FIELD", "--venue"): "name it (--venue); 'ringfence solvency generate' writes one beside the accounts",
        ("UNKNOWN_FIELD", "header"): "name the columns in the first line as they are expected, with commas between",
        ("NOT_READABLE", "identity"): "give an id that 'ringfence acceptances' lists, or the file of an attestation",
        ("WRONG_CONTEXT", "endpoints[].chain_id"): "name an endpoint of that chain, or correct chain.chain_id",
        (
            "WRONG_CONTEXT",
            "escrow.count",
        ): "correct the escrow's address, or the chain's endpoints; a contract that is young has to be final first",
        ("OUT_OF_BOUNDS", "listen"): FILES[errno.EADDRINUSE],
        ("NOT_FOUND", "acceptance_id"): "'ringfence acceptances' lists those that this caller may see",
        ("NOT_A_KEY", "connection.key"): "name the key that was made with the certificate",
        ("NOT_READABLE", "at"): "write the moment as it is expected",
        ("BACKEND_MISSING", "node"): "install Node.js with npm, then run 'make contracts' in a checkout",
        ("NOT_A_CHOICE", "format"): "name the file that holds a document of the format that is expected",
        (
            "NOT_IN_TREE",
            "wallet",
        ): "commit it first ('ringfence commit FILE'), or name the wallet that has it (--wallet) and "
        "the name that it has there (--name)",
        ("NOT_READABLE", "wallet"): "give the path of the wallet (--wallet); 'ringfence commit' makes one",
        ("NOT_READABLE", "key file"): "give the path of a key file, as 'ringfence keys new' makes one in its folder",
        (
            "NOT_READABLE",
            "--passphrase-file",
        ): "put the passphrase on the first line of a file, chmod 600 it, and give its path",
        ("BACKEND_MISSING", "web3"): "pip install 'ringfence[chains]'",
        ("BACKEND_MISSING", "starlette"): "pip install 'ringfence[console]'",
        ("BACKEND_MISSING", "store"): "pip install 'ringfence[postgresql]'",
        ("BACKEND_MISSING", "accounts"): "pip install 'ringfence[parquet]', or give the accounts as .ndjson or .csv",
    }
)
"""Where the field says more than the reason; ``[]`` is any place of a list."""

FOUND: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{os.strerror(number): remedy for number, remedy in FILES.items()},
        "a larger file": "check that it is the file that is meant; many positions go into a table (.csv, .ndjson), "
        "one on each line",
        "ConnectionRefusedError": "start the node, or correct its endpoint",
        "nobody who listens there": "start the server, or correct the address (--server, connection.address)",
        "a name without an address": "correct the address (--server, connection.address)",
        "a server without TLS": "correct the port; to a server on this machine that serves without TLS, leave the "
        "certificates out and --set connection.plaintext=true",
        "a server that hung up": "call with TLS and a certificate that the server's authorities signed; one that "
        "serves TLS takes no plaintext",
        "a server whose certificate the authorities did not sign": "name the authorities of this server "
        "(connection.authorities); if they are the right ones, it is another server: do not connect",
        "a server whose certificate is for another name": "call it by the name in its certificate, or set "
        "connection.server_name",
    }
)
"""Where what was found, in words of the operating system or of the client, says more than the reason."""

EXPECTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "JSON": "JSON wants double quotes, no comments, and no comma behind the last entry; a document in TOML has a "
        "name that ends in .toml",
        "TOML": "TOML wants name = value on each line, and text between quotes; save the file as UTF-8",
        "a TOML file": "name a file with settings, in TOML; 'ringfence verifier serve --print-config' shows one",
        "UTF-8 text": "save the file as UTF-8",
        "an IP address with its port, or unix: and a path": "write it like 127.0.0.1:50051, or like "
        "unix:/run/ringfence.sock",
        "a name or an IP address with its port, or unix: and a path": "write it like 127.0.0.1:50052, with the port "
        "and without http://",
    }
)
"""Where what would have done says more than the reason."""

PLACE: Final = re.compile(r"\[\d+\]")
ANSWER: Final = re.compile(r"answer(\.|$)")
DISTRUST: Final = "use nothing of the answer; check that address and anchor are those of the verifier that is meant"
LIST: Final = re.compile(r"(?:.*\b(?:one|some) of )?(?P<names>.+)", re.DOTALL)
CLOSE: Final = 0.6


def find_remedy(error: Refusal) -> str:
    """What to do about a refusal, with the name that was probably meant where one is near."""
    meant = guess_name(error)
    remedy = find_general(error)
    return f"did you mean {meant}? {remedy}" if meant else remedy


def find_general(error: Refusal) -> str:
    """What to do about every refusal of this reason."""
    reason = str(error.reason)
    if ANSWER.match(error.field):
        return DISTRUST
    special = FIELDS.get((reason, PLACE.sub("[]", error.field))) or FOUND.get(error.found)
    return (
        special
        or EXPECTED.get(error.expected)
        or REMEDIES.get(reason)
        or next((text for family, text in FAMILIES if family.match(reason)), REMEDIES["INTERNAL"])
    )


def guess_name(error: Refusal) -> str | None:
    """Of the names that would have done, the one that is nearest to what was written."""
    reason = str(error.reason)
    if error.field.endswith("format") or not (reason.startswith("UNKNOWN_") or reason == "NOT_A_CHOICE"):
        return None
    names = list_names(error.expected)
    with_tables = any("." in name for name in names)
    field = error.field if with_tables else error.field.rpartition(".")[2]
    written = field if reason in {"UNKNOWN_FIELD", "UNKNOWN_KEY"} else error.found
    near = get_close_matches(written, names, n=1, cutoff=CLOSE)
    return near[0] if near and near[0] != written else None


def list_names(expected: str) -> list[str]:
    """The names in ``one of a, b`` and in ``"a" or "b"``."""
    named = LIST.fullmatch(expected)
    return [name.strip(' "') for name in re.split(r", | or ", named["names"])] if named else []


def find_file_remedy(error: OSError) -> str:
    """What to do where the operating system does not hand over a file or a port."""
    return FILES.get(error.errno or 0, "check the path, and that it can be read or written")
