"""An authority's installation: one folder, with everything in it.

    node.toml          country and name, written by `corridor node init`; how long data stay
    policy.toml        what may be asked here; the authority edits it. policy-before/: the old ones
    mapping.toml       what columns and values mean that are not HTCDS; edited likewise
    approvals.sqlite3  questions that wait for people, and what those said
    enrolment.json     where the coordinator is, and its keys' fingerprints
    charter.json       the charter in force; charter-accepted.json the one signed here last
    charters-before/   those whose members have not confirmed the ledger since
    key-holders.json   whose each key was, in every charter that was in force here
    keys/              signing.key, encryption.key, tls.key, people.key, tls.pem, ca.pem
    editions/          case data, encrypted; store.key unlocks them
    store.toml         where the authority wants case data elsewhere; mostly not there
    ledger.sqlite3     what was spent    journal.sqlite3   what was asked, decided, let out
    witness.sqlite3    what the other members said of their ledgers
    tree.sqlite3       the checkpoints of the region's releases that were cosigned here
    imports/           reports of the imports, for the node's own staff
    retired.json       when this node left for good; nothing is served, imported or accepted then
    status.json        what `serve` is doing, for `corridor node status`
    checks.json        what the last check-ups found
    people.sqlite3     the staff's accounts at the console
    uploads/           what the console was given to import, while that lasts

Only the paths and the small settings files are known here; each store knows its own.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from corridor.errors.files import DiskError
from corridor.errors.keeping import NodeRetiredError
from corridor.errors.node import HomeExistsError, NoHomeError, NotEnrolledError, SettingsError
from corridor.files import make_private_folder, write_atomically
from corridor.ids import CountryCode, PublicKey, is_country_code, is_public_key


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one node, and the names of what lies in it."""

    folder: Path

    @property
    def settings(self) -> Path:
        """Country and name."""
        return self.folder / "node.toml"

    @property
    def policy(self) -> Path:
        """The authority's rules."""
        return self.folder / "policy.toml"

    @property
    def mapping(self) -> Path:
        """What columns and values of the authority's files mean."""
        return self.folder / "mapping.toml"

    @property
    def policies_before(self) -> Path:
        """The rules that a command or the console replaced, by when."""
        return self.folder / "policy-before"

    @property
    def approvals(self) -> Path:
        """The questions that wait for people."""
        return self.folder / "approvals.sqlite3"

    @property
    def enrolment(self) -> Path:
        """Where the coordinator is, and what it said at enrolment."""
        return self.folder / "enrolment.json"

    @property
    def charter(self) -> Path:
        """The charter in force, with every member's signature."""
        return self.folder / "charter.json"

    @property
    def charter_accepted(self) -> Path:
        """The charter that this node signed last, in force or not yet."""
        return self.folder / "charter-accepted.json"

    @property
    def charters_before(self) -> Path:
        """Earlier versions whose members have still to confirm the ledger under a later one."""
        return self.folder / "charters-before"

    @property
    def key_holders(self) -> Path:
        """Whose each signing key was, in every charter that was in force here."""
        return self.folder / "key-holders.json"

    @property
    def keys(self) -> Path:
        """Private keys and certificates."""
        return self.folder / "keys"

    @property
    def ledger(self) -> Path:
        """The durable record of ρ."""
        return self.folder / "ledger.sqlite3"

    @property
    def journal(self) -> Path:
        """The signed record of everything asked, decided and let out."""
        return self.folder / "journal.sqlite3"

    @property
    def witness(self) -> Path:
        """The other members' ledger heads."""
        return self.folder / "witness.sqlite3"

    @property
    def tree(self) -> Path:
        """The checkpoints that this node cosigned, and evidence against the coordinator."""
        return self.folder / "tree.sqlite3"

    @property
    def series(self) -> Path:
        """Whom standing series counted so far."""
        return self.folder / "series"

    @property
    def imports(self) -> Path:
        """Import reports."""
        return self.folder / "imports"

    @property
    def people(self) -> Path:
        """The accounts of the authority's staff."""
        return self.folder / "people.sqlite3"

    @property
    def uploads(self) -> Path:
        """Case files on their way through the console; empty unless an import runs."""
        return self.folder / "uploads"

    @property
    def retired(self) -> Path:
        """There once this node has retired."""
        return self.folder / "retired.json"

    @property
    def is_retired(self) -> bool:
        """Whether this node has left for good."""
        return self.retired.exists()

    @property
    def status(self) -> Path:
        """What `serve` is doing."""
        return self.folder / "status.json"

    @property
    def checks(self) -> Path:
        """What the last check-ups found."""
        return self.folder / "checks.json"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long case data stay; None: until somebody erases them.

    Attributes:
        days: from the last import to the end of its edition.
        case_days: from a case's referral to when it is left out.
        report_days: from an import to when its reports are removed.
    """

    days: int | None = None
    case_days: int | None = None
    report_days: int | None = None

    @property
    def text(self) -> str:
        """For people; empty where there is no rule."""
        parts = []
        if self.days is not None:
            parts.append(f"an edition is erased {self.days} days after its import")
        if self.case_days is not None:
            parts.append(f"a case is left out {self.case_days} days after its referral")
        if self.report_days is not None:
            parts.append(f"reports of an import are removed {self.report_days} days after it")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Whose node this is."""

    country: CountryCode
    name: str
    retention: Retention = Retention()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What this node learnt when it enrolled.

    Attributes:
        grpc: host and port that the node dials.
        web: URL of the REST API.
        coordinator_key: Ed25519; its fingerprint came with the invitation.
        authority: fingerprint of the coordinator's certificate authority, pinned.
    """

    region: str
    grpc: str
    web: str
    coordinator_key: PublicKey
    authority: str


def create_home(home: Home, settings: NodeSettings) -> None:
    """Make the folder and its settings.

    Raises:
        HomeExistsError: there is a node in it already; nothing was changed.
        SettingsError: no card could show such a name; nothing was changed.
        DiskError: the folder cannot be made or written.
    """
    if home.settings.exists():
        raise HomeExistsError(str(home.folder))
    if not _is_name(settings.name):
        raise SettingsError(f"{_NAME}; nothing was changed")
    try:
        make_private_folder(home.folder)
        make_private_folder(home.keys)
        make_private_folder(home.imports)
    except OSError as error:
        raise DiskError(str(home.folder), error.strerror or "cannot be made") from error
    # A printable text is written alike as a string of JSON and of TOML, if nothing is escaped
    # but quotes and backslashes.
    name = json.dumps(settings.name, ensure_ascii=False)
    write_atomically(home.settings, f'country = "{settings.country}"\nname = {name}\n'.encode())


def read_settings(home: Home) -> NodeSettings:
    """Whose node this is.

    Raises:
        NoHomeError: no node was made here.
        SettingsError: node.toml is not what `init` writes.
    """
    if not home.settings.exists():
        raise NoHomeError(str(home.folder))
    try:
        values = tomllib.loads(home.settings.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"node.toml: {error}") from error
    unknown = sorted(set(values) - {"country", "name", "retention"})
    if unknown:
        raise SettingsError(f"node.toml: unknown key {unknown[0]!r}")
    country, name = values.get("country"), values.get("name")
    if not isinstance(country, str) or not is_country_code(country):
        raise SettingsError('node.toml: "country" must be two capital letters, as in MD')
    if not isinstance(name, str) or not _is_name(name):
        raise SettingsError(f"node.toml: {_NAME}")
    return NodeSettings(country, name, parse_retention(values.get("retention", {})))


RULES = ("days", "case_days", "report_days")
"""What `[retention]` may have."""


def parse_retention(table: object, where: str = "node.toml: [retention]") -> Retention:
    """How long data stay.

    Raises:
        SettingsError: it is not what it must be.
    """
    if not isinstance(table, dict) or not set(table) <= set(RULES):
        raise SettingsError(f"{where} has {', '.join(map(repr, RULES))}, and nothing else")
    for key, value in table.items():
        if type(value) is not int or not 1 <= value <= 36_525:
            raise SettingsError(f'{where} "{key}" is a number of days, 1 to 36525')
    return Retention(**table)


_NAME = '"name" must be the name of the authority, a printable text of 1 to 200 characters'


def _is_name(text: str) -> bool:
    """Whether cards and charters can carry it."""
    return 1 <= len(text) <= 200 and text.isprintable()


def read_retired(home: Home) -> str:
    """When this node retired, ISO 8601; empty where its file does not say so."""
    try:
        return str(json.loads(home.retired.read_text("utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def demand_in_service(home: Home) -> None:
    """Check that this node has not retired.

    Raises:
        NodeRetiredError: it has. Nothing was changed.
    """
    if home.is_retired:
        raise NodeRetiredError


def write_enrolment(home: Home, enrolment: Enrolment) -> None:
    """Remember where the coordinator is."""
    document = {
        "region": enrolment.region,
        "grpc": enrolment.grpc,
        "web": enrolment.web,
        "coordinator_key": enrolment.coordinator_key.hex(),
        "authority": enrolment.authority,
    }
    write_atomically(home.enrolment, json.dumps(document, indent=2).encode())


def read_enrolment(home: Home) -> Enrolment:
    """Where the coordinator is.

    Raises:
        NotEnrolledError: `corridor node enrol` has not been run.
        SettingsError: the file is not what `enrol` writes.
    """
    if not home.enrolment.exists():
        raise NotEnrolledError
    try:
        values = json.loads(home.enrolment.read_text("utf-8"))
        key = bytes.fromhex(values["coordinator_key"])
        if not is_public_key(key):
            raise SettingsError("enrolment.json: coordinator_key is no key; enrol again")
        return Enrolment(
            region=values["region"],
            grpc=values["grpc"],
            web=values["web"],
            coordinator_key=key,
            authority=values["authority"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            "enrolment.json: is damaged; ask the coordinator for a new invitation and enrol again"
        ) from error
