"""What everybody may see: publications, their files and receipts, and whether a receipt holds.

Nothing here asks who wants to know. What is not published, or not in this publication, is not
there: the refusal is the same for an id that never was and for one whose embargo is not over.

Neither pages nor files say why and by whom a release was asked for. Its receipt does: the members
signed it (docs/decisions/0072).

Of a withdrawn publication the receipts, the charter and the release as JSON are still there, so
that whoever quoted a figure can have it verified; its tables are no longer shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.moments import iso
from corridor.coordinator.publication_desk import Publication, PublicationDesk, State
from corridor.coordinator.publication_text import LICENCES
from corridor.coordinator.receipt_checker import Checked, check
from corridor.coordinator.redacting import without
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.store import charters
from corridor.errors.publications import UnknownPublicationError
from corridor.errors.region import UnknownFormError
from corridor.ids import Digest
from corridor.protocols import canonical
from corridor.publishing.citing import Download, Record, Said, citation
from corridor.publishing.formats import FORMS
from corridor.publishing.formats.document import Document
from corridor.publishing.metadata import ASKER
from corridor.queries.question import parse_question

STILL_THERE = ("json",)
"""The forms of a withdrawn publication's releases: what is compared with a receipt."""


GONE = "–"


def as_everybody_sees(publication: Publication) -> Publication:
    """The publication; of a withdrawn one the title alone, which two people have read.

    Not the reason: one person wrote it, and nobody looked at it before it would be public.
    """
    if publication.state is not State.WITHDRAWN:
        return publication
    draft = publication.draft
    texts = tuple(replace(one, summary=GONE, method=GONE) for one in draft.texts)
    bare = replace(draft, texts=texts, people=(), contact="", keywords=())
    return replace(publication, draft=bare, reason="")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDesk:
    """Shows what was published.

    Attributes:
        address: under which everybody reaches this coordinator, without a stroke at its end.
        maker: makes files, and verifies, in a process of its own.
        now: seconds since 1970 UTC.
    """

    publications: PublicationDesk
    releases: ReleaseDesk
    charters: CharterDesk
    series: SeriesDesk
    maker: FileMaker
    address: str
    now: Callable[[], int]

    def listing(self) -> tuple[Publication, ...]:
        """What is published, the newest first."""
        return tuple(map(as_everybody_sees, self.publications.public_listing()))

    def find(self, identifier: str) -> Publication:
        """One publication, or its tombstone.

        Raises:
            UnknownPublicationError: there is none that may be seen.
        """
        return as_everybody_sees(self.publications.public(identifier))

    def find_with(self, identifier: str, release: str) -> Publication:
        """The publication that holds this release.

        Raises:
            UnknownPublicationError: there is none that may be seen.
        """
        found = self.find(identifier)
        if release not in found.draft.releases:
            raise UnknownPublicationError
        return found

    def find_shown(self, identifier: str, release: str) -> Publication:
        """The same, where its figures are still shown.

        Raises:
            UnknownPublicationError: there is none that may be seen, or it was withdrawn.
        """
        found = self.find_with(identifier, release)
        if found.state is State.WITHDRAWN:
            raise UnknownPublicationError
        return found

    def has_made_up(self, publication: Publication) -> bool:
        """Whether figures of it count made-up data; no writer's note can leave that out."""
        return any(self.releases.heading(one)["synthetic"] for one in publication.draft.releases)

    def address_of(self, identifier: str) -> str:
        """Where a publication stands for good."""
        return f"{self.address}/public/{identifier}"

    def record(self, publication: Publication) -> Record:
        """The publication as catalogues know it; of a draft, as it would be if published now."""
        draft, here = publication.draft, self.address_of(publication.id)
        seen = publication.seen_from or draft.embargo or self.now()
        name, where = LICENCES[draft.licence]
        return Record(
            identifier=publication.id,
            address=here,
            doi=draft.doi,
            texts=[
                Said(
                    language=one.language,
                    title=one.title,
                    summary=one.summary,
                    method=one.method,
                )
                for one in draft.texts
            ],
            creators=tuple(draft.creators),
            publisher=draft.publisher,
            published=iso(seen)[:10],
            withdrawn="" if publication.withdrawn is None else iso(publication.withdrawn)[:10],
            keywords=draft.keywords,
            licence=(draft.licence, name, where),
            contact=draft.contact,
            replaces=self.address_of(draft.replaces) if draft.replaces else "",
            replaced_by=self.address_of(publication.replaced_by) if publication.replaced_by else "",
            releases=draft.releases,
            downloads=[
                Download(
                    address=f"{here}/releases/{release}/files/{form.name}",
                    media_type=form.media_type if form.name != "csv" else "application/zip",
                )
                for release in draft.releases
                for form in FORMS.values()
                if publication.state is not State.WITHDRAWN or form.name in STILL_THERE
            ],
        )

    # ------------------------------------------------------------ files

    def file(self, identifier: str, release: str, form: str) -> tuple[Document, ...]:
        """A release as a file, with the publication's title, citation and licence.

        JSON is without these: it is what is compared with the receipt.

        Raises:
            UnknownPublicationError, UnknownFormError: there is none.
            FilesBusyError, FormTooLargeError: it cannot be made now, or not here.
        """
        if form not in FORMS:
            raise UnknownFormError(form, FORMS)
        found = self.find_with(identifier, release)
        if found.state is State.WITHDRAWN and form not in STILL_THERE:
            raise UnknownPublicationError
        heading = self.releases.heading(release)
        document = without(self.releases.document(release), heading, ASKER)
        return self.maker.make(document, form, f"corridor-{release}", _title(self.record(found)))

    def receipt(self, identifier: str, release: str) -> bytes:
        """The public receipt with its proof, JSON.

        Raises:
            UnknownPublicationError: there is none that may be seen.
        """
        self.find_with(identifier, release)
        return self.releases.receipt_file(release)

    def charter(self, identifier: str, release: str) -> bytes:
        """The signed charter that a release was made under: the anchor of its receipt.

        Raises:
            UnknownPublicationError: there is none that may be seen.
        """
        self.find_with(identifier, release)
        named = self.releases.heading(release)["charter"]["digest"]
        return self.charters.find(Digest(bytes.fromhex(named))).signed.encode()

    # ------------------------------------------------------------ verifying

    def verify(self, identifier: str, release: str) -> Checked:
        """Whether the receipt of a release holds, and the tables shown are the receipt's.

        Raises:
            UnknownPublicationError: there is none that may be seen.
            FilesBusyError: too many wait already.
        """
        self.find_with(identifier, release)
        question = parse_question(canonical.encode(self.releases.heading(release)["question"]))
        before = self.series.receipts_before(question)
        document, receipt = self.releases.document(release), self.releases.receipt_file(release)
        return self.maker.run(check, receipt, self._charters(), document, list(before))

    def verify_sent(self, receipt: bytes) -> Checked:
        """Whether a receipt that somebody sent holds under a charter of this region.

        Raises:
            FilesBusyError: too many wait already.
        """
        return self.maker.run(check, receipt, self._charters())

    def _charters(self) -> dict[str, bytes]:
        """Every charter that ever was in force, signed, by its hash."""
        with self.charters.store.reading() as connection:
            digests: Sequence[bytes] = (
                connection.execute(
                    select(charters.c.digest).where(charters.c.in_force.is_not(None))
                )
                .scalars()
                .all()
            )
        return {one.hex(): self.charters.find(Digest(one)).signed.encode() for one in digests}


def _title(record: Record) -> dict[str, str]:
    """What stands in a file about the publication that it comes from."""
    main = record.texts[0]
    return {
        "title": main.title,
        "cite": citation(record, main.language),
        "address": record.address,
        "licence": record.licence[2],
    }
