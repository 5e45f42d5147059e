"""Makes drafts of what forms and programs send; a note on method that is left empty is made.

Everything that was sent is judged before a release is read: whoever names two hundred releases, or
one field too long, costs no more than the reading of a form. Of releases that are too long together
only headings are read, which say all that a note does but margins.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from corridor.coordinator.publication_text import Draft, parse_draft, tidy
from corridor.coordinator.publications.figures import MOST_BYTES
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.titles import TitleOf
from corridor.ids import Digest
from corridor.protocols import canonical

Note = Callable[[Sequence[Mapping[str, Any]], str], str]
"""The note on method of these releases, in this language."""

_TO_BE_MADE = "–"


@dataclass(frozen=True, slots=True)
class Drafting:
    """Makes drafts.

    Attributes:
        title_of: what a question asks, of a release whose tables are not read.
    """

    releases: ReleaseDesk
    title_of: TitleOf

    def draft(self, document: Mapping[str, Any], note: Note) -> Draft:
        """The draft of a document whose types were checked.

        Raises:
            MalformedPublicationError: a field cannot be used; names it. No release was read.
            UnknownReleaseError: there is none of an id.
        """
        empty = {one["language"] for one in document["texts"] if not tidy(one["method"])}
        texts = [
            {**one, "method": _TO_BE_MADE} if one["language"] in empty else one
            for one in document["texts"]
        ]
        judged = parse_draft({**document, "texts": texts})
        if not empty:
            return judged
        read = self._read(judged.releases)
        return replace(
            judged,
            texts=tuple(
                replace(one, method=note(read, one.language)) if one.language in empty else one
                for one in judged.texts
            ),
        )

    def _read(self, identifiers: Sequence[str]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        left = MOST_BYTES
        for one in identifiers:
            size = self.releases.size(one)
            if size <= left:
                found.append(json.loads(self.releases.document(one)))
                left -= size
            else:
                heading = self.releases.heading(one)
                found.append({**heading, "title": self._title(heading)})
        return found

    def _title(self, heading: Mapping[str, Any]) -> str:
        charter = Digest(bytes.fromhex(heading["charter"]["digest"]))
        return self.title_of(charter, canonical.encode(heading["question"])) or str(heading["id"])
