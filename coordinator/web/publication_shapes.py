"""The objects of the REST API about publications."""

from typing import Annotated, Literal

from pydantic import Field

from corridor.coordinator.web.shapes import Moment, Shape

Language = Literal["en", "fr", "es", "ar", "bg"]
Licence = Literal["CC-BY-4.0", "CC-BY-3.0-IGO", "CC-BY-SA-4.0", "CC0-1.0"]


class TextsBody(Shape):
    """What is said of a publication in one language."""

    language: Language
    title: Annotated[str, Field(description="one line, at most 300 characters")]
    summary: Annotated[str, Field(description="at most 5000 characters")]
    method: Annotated[
        str, Field(description="how it was made; empty for the note that is made of the release")
    ] = ""


class DraftBody(Shape):
    """A draft of a publication."""

    releases: Annotated[list[str], Field(description="ids of 1 to 20 releases")]
    texts: Annotated[list[TextsBody], Field(description="the first is in its main language")]
    organisations: Annotated[list[str], Field(description="who made it, in the order of citing")]
    people: Annotated[
        list[str], Field(description="the same, each as Family, Given", default_factory=list)
    ]
    publisher: str
    contact: str = ""
    keywords: Annotated[list[str], Field(default_factory=list)]
    licence: Licence = "CC-BY-4.0"
    doi: Annotated[str, Field(description="the bare name", examples=["10.1234/abc-1"])] = ""
    embargo: Annotated[
        str | None,
        Field(description="from when everybody may see it, UTC", examples=["2027-03-01T09:00"]),
    ] = None
    replaces: Annotated[str, Field(description="id of the publication that it corrects")] = ""


class TextsShown(TextsBody):
    """What is said of a publication in one language."""


class StepShown(Shape):
    """One step that was taken."""

    step: Literal["wrote", "reviewed", "scheduled", "took back", "withdrew", "discarded"]
    by: str
    is_person: bool
    at: Moment


class _Common(Shape):
    id: str
    releases: list[str]
    texts: list[TextsShown]
    organisations: list[str]
    people: list[str]
    publisher: str
    contact: str
    keywords: list[str]
    licence: Licence
    doi: str
    replaces: str
    withdrawn: Moment | None
    reason: Annotated[str, Field(description="why it was withdrawn")]
    replaced_by: Annotated[str, Field(description="id of the published one that corrects it")]


class PublicationShown(_Common):
    """A publication as those see it who make it."""

    state: Literal["draft", "reviewed", "scheduled", "published", "withdrawn", "discarded"]
    revision: int
    embargo: Moment | None
    seen_from: Annotated[Moment | None, Field(description="from when everybody sees it")]
    steps: list[StepShown]


class PublicPublication(_Common):
    """A publication as everybody sees it."""

    state: Literal["published", "withdrawn"]
    address: Annotated[str, Field(description="where it stands for good")]
    published: Moment
    files: Annotated[list[str], Field(description="addresses of its releases in every form")]
