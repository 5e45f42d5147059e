"""Decides with the operator what columns mean that are not HTCDS: proposes, and keeps what is said.

    propose     files → for each table, what its unknown columns and values may mean
    keep        what the operator confirmed → the mapping file, which imports apply from then on

Nothing that is proposed counts before it was confirmed.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from corridor.files import write_atomically
from corridor.node.importing.columns import HeaderReader
from corridor.node.importing.countries import CountryMapping, CountryResolver
from corridor.node.importing.files import CaseSource, Ceilings, Progress
from corridor.node.importing.mapping import FileMapping
from corridor.node.importing.mapping_file import Confirmed, read_mapping, with_confirmed
from corridor.node.importing.proposing import Proposer, TableProposal
from corridor.queries.htcds import HtcdsField


class MappingDesk:
    """The mapping file of a node.

    Args:
        path: where the file is, or will be.
        fields: the standard's.
        today: no date is later.
    """

    def __init__(self, path: Path, fields: Mapping[str, HtcdsField], today: date) -> None:
        self.path = path
        self._headers = HeaderReader(fields)
        self._fields = fields
        self._today = today

    @property
    def all_fields(self) -> Mapping[str, HtcdsField]:
        """Everything that a column can be mapped to."""
        return self._headers.fields

    def mapping(self, *, required: bool = False) -> FileMapping:
        """What was confirmed so far.

        Raises:
            BadMappingError: the file is not what it must be, or is `required` and not there.
        """
        return read_mapping(self.path, self.all_fields, required=required)

    def propose(
        self, sources: Sequence[CaseSource], countries: CountryMapping, progress: Progress
    ) -> tuple[TableProposal, ...]:
        """What may be meant by columns and values that neither the standard nor the file has.

        Raises:
            CorridorError: a file cannot be read; nothing was written.
        """
        headers = HeaderReader(self._fields, self.mapping())
        proposer = Proposer(headers, CountryResolver(countries), self._today)
        found = []
        for source in sources:
            progress(f"{source.name}: looking at headings and values")
            with closing(source.tables(Ceilings())) as tables:
                found += [proposer.propose(table) for table in tables]
        return tuple(proposal for proposal in found if proposal is not None)

    def keep(self, confirmed: Sequence[Confirmed]) -> None:
        """Write what was confirmed into the file, beside what stands there.

        Raises:
            BadMappingError: together they are no mapping; the file is as it was.
        """
        text = with_confirmed(self.path, confirmed, self.all_fields)
        write_atomically(self.path, text.encode())
