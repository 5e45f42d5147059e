"""What reading leaves of rows: keys, content hashes, numbered values. No text of anybody.

CaseRows     one entry for each filled-in row that is a case
LinkedRows   one for each event, or for each support plan, with what it refers to
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from corridor.node.importing.keys import KEY_BYTES, Keys, Lanes
from corridor.node.importing.report import Place

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


class ToldApartBy(IntEnum):
    """What a row's person is told apart by, the best first; `keys` says how."""

    IDENTITY_NUMBER = 0
    NAME_AND_BIRTHDATE = 1
    PERSON_REFERENCE = 2
    CASE_REFERENCE = 3
    ROW = 4


@dataclass(frozen=True, slots=True)
class Numbered:
    """The values of one field: the different ones, and for each row the number of its own.

    Attributes:
        values: hashable, none of them twice.
        codes: shape (rows,); −1 where there is none.
    """

    values: Sequence[Any]
    codes: Codes

    def taken(self, rows: Ints) -> "Numbered":
        """The values of some of the rows."""
        if not self.values:
            return Numbered(self.values, no_codes(len(rows)))
        return Numbered(self.values, self.codes[rows])

    def spread(self, of_values: npt.NDArray[Any], blank: object) -> npt.NDArray[Any]:
        """For each row what belongs to its value, or `blank`."""
        # One more at the end: it is what −1 finds.
        return np.append(of_values, np.array([blank], of_values.dtype))[self.codes]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRows:
    """Rows that are cases; all arrays have one entry a row.

    Attributes:
        places: the tables; `place` counts in them.
        row: the number of the row in its table.
        file: which of the files.
        person: key of the person; empty where `told_apart_by` is ROW.
        alike: key of name and birthdate whatever else tells the person, or empty.
        reference: key of the case reference, or empty.
        record: key of the person reference, or empty.
        content: the hash of the row's content.
    """

    places: Sequence[Place]
    place: Ints
    row: Ints
    file: Ints
    person: Keys
    told_apart_by: npt.NDArray[np.uint8]
    alike: Keys
    reference: Keys
    record: Keys
    content: Lanes
    fields: dict[str, Numbered]

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedRows:
    """Rows that are events, or support plans; all arrays have one entry a row.

    Attributes:
        reference, identity, record: keys of what the row refers to, or empty.
        alike: keys of the name and birthdate in it, as of cases; where only one of the two is
            there, keys that no case has; else empty.
        own_row: the row of `CaseRows` that it stands in, or belongs to as one of a repeat
            group; else −1.
    """

    places: Sequence[Place]
    place: Ints
    row: Ints
    reference: Keys
    identity: Keys
    record: Keys
    alike: Keys
    own_row: Ints
    fields: dict[str, Numbered]

    def __len__(self) -> int:
        return len(self.row)


class Growing:
    """An array that batches are added to.

    It grows in place: the system moves its pages, so that neither the batches nor a copy of the
    whole are held beside it, as they are by a list of batches that is joined in the end.
    """

    def __init__(self) -> None:
        self._held: npt.NDArray[Any] | None = None
        self._count = 0
        self._blank = 0

    def __len__(self) -> int:
        return self._count + self._blank

    def add(self, batch: npt.NDArray[Any]) -> None:
        """Take a batch; all have one type, and one shape but for their length."""
        if self._held is None and _is_blank(batch):
            self._blank += len(batch)
            return
        if self._held is None:
            self._held = np.zeros((self._blank, *batch.shape[1:]), batch.dtype)
            self._count, self._blank = self._blank, 0
        needed = self._count + len(batch)
        if needed > len(self._held):
            size = max(needed, len(self._held) * 5 // 4)
            self._held.resize((size, *batch.shape[1:]), refcheck=False)
        self._held[self._count : needed] = batch
        self._count = needed

    def array(self, dtype: Any) -> npt.NDArray[Any]:
        """What was added, which is let go here; blanks of this type where nothing else was."""
        held, self._held = self._held, None
        if held is None:
            return np.broadcast_to(np.zeros((), dtype), self._blank)
        held.resize((self._count, *held.shape[1:]), refcheck=False)
        return held


class Numbering:
    """Collects the values of one field, batch by batch."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._codes = Growing()
        self._blank = 0

    def add(self, values: Sequence[Hashable], codes: Codes) -> None:
        """Take a batch: the values of its different cells (None: no value), each row's cell."""
        numbers = self._numbers
        table = np.full(len(values) + 1, -1, np.int32)
        for n, value in enumerate(values):
            if value is not None:
                table[n] = numbers.setdefault(value, len(numbers))
        self._codes.add(no_codes(self._blank))
        self._codes.add(table[codes])
        self._blank = 0

    def add_blank(self, rows: int) -> None:
        """Take a batch of rows without a value."""
        self._blank += rows

    def numbered(self) -> Numbered:
        """All of them; what was collected is let go."""
        if not self._numbers:
            return Numbered([], no_codes(len(self._codes) + self._blank))
        self._codes.add(no_codes(self._blank))
        return Numbered(list(self._numbers), self._codes.array(np.int32))


def no_keys(count: int) -> Keys:
    """The keys of rows that have none, which take no memory."""
    return np.broadcast_to(np.bytes_(bytes(KEY_BYTES)).astype(f"S{KEY_BYTES}"), count)


def keys_taken(keys: Keys, rows: Ints) -> Keys:
    """The keys of some of the rows."""
    return no_keys(len(rows)) if _is_blank(keys) else keys[rows]


def _is_blank(batch: npt.NDArray[Any]) -> bool:
    """Whether it is one zero, or empty key, over and over."""
    return batch.ndim == 1 and batch.strides == (0,) and not batch[:1].any()


def no_codes(count: int) -> Codes:
    """The codes of rows without a value, which take no memory."""
    return np.broadcast_to(np.int32(-1), count)
