"""Why a release was asked for, and by whom, is cut out of its document without reading the rest."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.coordinator.redacting import emptied, without
from corridor.coordinator.store import heading_of

ASKER = frozenset({"purpose", "organisation"})
texts = st.text(alphabet=st.sampled_from('a"\\:,{}ü\u2028') | st.characters(codec="utf-8"))
values = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["purpose", "organisation", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def written(found: Any) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


@given(st.dictionaries(st.sampled_from(["id", "tables", "named"]), values), texts, texts, st.data())
def test_what_is_cut_out_is_the_documents_own(
    others: dict[str, Any], purpose: str, organisation: str, data: st.DataObject
) -> None:
    whole = {**others, "purpose": purpose, "organisation": organisation}
    keys = data.draw(st.permutations(list(whole)))
    document = written({key: whole[key] for key in keys})
    heading = json.loads(heading_of(document))
    assert json.loads(without(document, heading, ASKER)) == others
    assert json.loads(emptied(document, heading, ASKER)) == others | dict.fromkeys(ASKER, "")


@pytest.mark.parametrize("cut", [without, emptied])
def test_a_large_table_is_not_read_for_it(cut: Any) -> None:
    """Twelve seconds of a whole process for a million cells, at anybody's request."""
    heading = {"id": "r", "purpose": "why", "organisation": "who"}
    document = written(heading)[:-1] + b',"tables":[what no reader of JSON takes]}'
    found = cut(document, heading, ASKER)
    assert b"why" not in found
    assert b"who" not in found
    assert found.endswith(b',"tables":[what no reader of JSON takes]}')
