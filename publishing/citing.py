"""How a publication is cited, and described for those who collect such descriptions.

    citation    one line for a list of references
    datacite    DataCite's metadata schema 4.6, as JSON: what is handed in to register a DOI
    dataset     schema.org's Dataset, as JSON-LD: what search engines of data read

Texts stand in all of them as they were written; whoever shows them escapes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

KERNEL = "http://datacite.org/schema/kernel-4"
DOI_ADDRESS = "https://doi.org/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of a publication in one language."""

    language: str
    title: str
    summary: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file of it."""

    address: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A publication as catalogues know it.

    Attributes:
        address: where it stands for good; identifier: its id there.
        creators: each with whether it is a person.
        published, withdrawn: days as 2027-03-01; `withdrawn` empty where it was not.
        licence: its name in SPDX, its name in words, where it stands.
        replaces, replaced_by: addresses; empty where there is none.
        releases: ids of what is in it.
    """

    identifier: str
    address: str
    doi: str
    texts: Sequence[Said]
    creators: Sequence[tuple[str, bool]]
    publisher: str
    published: str
    withdrawn: str
    keywords: Sequence[str]
    licence: tuple[str, str, str]
    contact: str
    replaces: str
    replaced_by: str
    releases: Sequence[str]
    downloads: Sequence[Download]

    @property
    def link(self) -> str:
        """Where a reader is sent: its DOI, or else its address."""
        return f"{DOI_ADDRESS}{self.doi}" if self.doi else self.address


def citation(record: Record, language: str) -> str:
    """`Creators (year). Title. Publisher. Link`."""
    names = "; ".join(name for name, _ in record.creators)
    title = next((one for one in record.texts if one.language == language), record.texts[0]).title
    return (
        f"{names} ({record.published[:4]}). {title.rstrip('.')}. {record.publisher}. {record.link}"
    )


def datacite(record: Record) -> dict[str, Any]:
    """The attributes of a DOI in DataCite's schema 4.6; without `doi` where it has none yet."""
    main = record.texts[0]
    spdx, licence, where = record.licence
    described: dict[str, Any] = {
        "schemaVersion": KERNEL,
        "url": record.address,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Noisy statistics"},
        "creators": [
            {"name": name, "nameType": "Personal" if is_person else "Organizational"}
            for name, is_person in record.creators
        ],
        "titles": [
            {"title": one.title, "lang": one.language}
            | ({} if one is main else {"titleType": "TranslatedTitle"})
            for one in record.texts
        ],
        "publisher": {"name": record.publisher},
        "publicationYear": record.published[:4],
        "subjects": [{"subject": word} for word in record.keywords],
        "dates": [
            {"date": record.published, "dateType": "Issued"},
            *([{"date": record.withdrawn, "dateType": "Withdrawn"}] if record.withdrawn else []),
        ],
        "language": main.language,
        "alternateIdentifiers": [
            {"alternateIdentifier": one, "alternateIdentifierType": "Corridor release"}
            for one in record.releases
        ],
        "relatedIdentifiers": [
            {
                "relatedIdentifier": address,
                "relatedIdentifierType": "URL",
                "relationType": relation,
            }
            for address, relation in (
                (record.replaces, "Obsoletes"),
                (record.replaced_by, "IsObsoletedBy"),
            )
            if address
        ],
        "formats": sorted({one.media_type for one in record.downloads}),
        "rightsList": [
            {
                "rights": licence,
                "rightsUri": where,
                "rightsIdentifier": spdx,
                "rightsIdentifierScheme": "SPDX",
                "schemeUri": "https://spdx.org/licenses/",
            }
        ],
        "descriptions": [
            {"description": text, "descriptionType": kind, "lang": one.language}
            for one in record.texts
            for kind, text in (("Abstract", one.summary), ("Methods", one.method))
        ],
    }
    return {"doi": record.doi, **described} if record.doi else described


def dataset(record: Record, language: str) -> dict[str, Any]:
    """The same as a Dataset of schema.org."""
    said = next((one for one in record.texts if one.language == language), record.texts[0])
    described: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": record.link,
        "identifier": record.link,
        "url": record.address,
        "name": said.title,
        "description": said.summary,
        "inLanguage": said.language,
        "measurementTechnique": said.method,
        "creator": [
            {"@type": "Person" if is_person else "Organization", "name": name}
            for name, is_person in record.creators
        ],
        "publisher": {"@type": "Organization", "name": record.publisher},
        "datePublished": record.published,
        "keywords": list(record.keywords),
        "license": record.licence[2],
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "contentUrl": one.address,
                "encodingFormat": one.media_type,
            }
            for one in record.downloads
        ],
    }
    if record.replaces:
        described["isBasedOn"] = record.replaces
    return described
