"""What was done to keep a node, as the journal says, and what is due again."""

from datetime import UTC, datetime, timedelta

from corridor.ids import EditionId
from corridor.node.checkups import WHOLE_NODE, Looked
from corridor.node.journal import JournalRow
from corridor.node.upkeep import (
    BACKUP_DAYS,
    CHECKUP_DAYS,
    EXERCISE_DAYS,
    Due,
    LastBackup,
    LastExercise,
    Upkeep,
    upkeep,
)
from corridor.node.views import Finding

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def backed_up(at: datetime, *, with_data: bool = True) -> JournalRow:
    return JournalRow(1, at, "backed_up", "", {"with_data": with_data})


def of_edition(held: str, *, left_out: bool = False) -> JournalRow:
    details = {"with_data": bool(held), "edition": held, "left_out": left_out}
    return JournalRow(1, NOW, "backed_up", "", details)


def of_now(current: str | None, *rows: JournalRow) -> Upkeep:
    edition = None if current is None else EditionId(current)
    return upkeep([*rows, checked(NOW)], looks(NOW), NOW, edition)


def checked(at: datetime, of: datetime | None = NOW, code: str = "") -> JournalRow:
    backup_at = "" if of is None else of.isoformat(timespec="seconds")
    return JournalRow(2, at, "backup_checked", "", {"backup_at": backup_at, "code": code})


def looks(*times: datetime | None) -> list[tuple[str, Looked | None]]:
    return [
        ("keys", None if at is None else Looked(Finding(True, "keys", ""), at, 0.0)) for at in times
    ]


def kept(**replaced: object) -> Upkeep:
    """Everything was done just now, but for what is said."""
    rows = replaced.get("rows", [backed_up(NOW), checked(NOW)])
    assert isinstance(rows, list)
    found = replaced.get("looks", looks(NOW))
    assert isinstance(found, list)
    return upkeep(rows, found, NOW)


def test_a_node_that_is_kept_owes_nothing() -> None:
    found = kept()
    assert found.due == set()
    assert found.backup == LastBackup(NOW, with_data=True)
    assert found.exercise == LastExercise(NOW, NOW, "")
    assert "it could be restored" in found.text


def test_a_new_node_owes_everything() -> None:
    assert kept(rows=[], looks=looks(None)).due == set(Due)


def test_each_thing_is_due_after_its_interval_and_not_before() -> None:
    for days, due, made in (
        (BACKUP_DAYS, Due.BACKUP, lambda at: {"rows": [backed_up(at), checked(NOW)]}),
        (EXERCISE_DAYS, Due.EXERCISE, lambda at: {"rows": [backed_up(NOW), checked(at)]}),
        (CHECKUP_DAYS, Due.CHECKUP, lambda at: {"looks": looks(NOW, at)}),
    ):
        at = NOW - timedelta(days)
        assert kept(**made(at)).due == set(), due
        assert kept(**made(at - SECOND)).due == {due}, due


def test_what_a_check_up_does_not_look_at_does_not_make_it_due() -> None:
    ((_, before),) = looks(NOW - timedelta(CHECKUP_DAYS) - SECOND)
    assert kept(looks=[*looks(NOW), (WHOLE_NODE, before)]).due == set()


def test_a_look_that_was_never_had_makes_the_check_up_due() -> None:
    found = kept(looks=looks(NOW, None))
    assert found.due == {Due.CHECKUP}
    assert found.checkup_at is None


def test_a_backup_of_another_edition_is_older_than_the_data_and_not_due_for_it() -> None:
    found = of_now("b", of_edition("a"))
    assert found.backup == LastBackup(NOW, with_data=True, is_older=True)
    assert "older than the data: they have changed since" in found.text
    assert found.due == set()


def test_a_backup_from_before_the_first_import_lacks_the_data_and_is_due() -> None:
    found = of_now("a", of_edition(""))
    assert found.backup == LastBackup(NOW, with_data=False, is_older=True)
    assert "older than the data: there were none then" in found.text
    assert found.due == {Due.BACKUP}
    assert of_now(None, of_edition("")).due == set()


def test_a_backup_of_the_current_edition_or_without_data_on_purpose_is_not_older() -> None:
    for row in (of_edition("a"), of_edition("", left_out=True)):
        found = of_now("a", row, JournalRow(2, NOW, "imported", "", {"edition": "a"}))
        assert found.backup is not None
        assert not found.backup.is_older
        assert found.due == set()


def test_an_older_version_s_backup_is_older_than_the_data_after_an_import() -> None:
    imported = JournalRow(2, NOW, "imported", "", {"edition": "a"})
    assert of_now("a", imported, backed_up(NOW)).backup == LastBackup(NOW, with_data=True)
    found = of_now("a", backed_up(NOW), imported).backup
    assert found == LastBackup(NOW, with_data=True, is_older=True)


def test_the_last_exercise_counts_and_not_the_last_good_one() -> None:
    found = kept(rows=[backed_up(NOW), checked(NOW), checked(NOW, None, "backup.damaged")])
    assert found.due == {Due.EXERCISE}
    assert found.exercise == LastExercise(NOW, None, "backup.damaged")
    assert "could not be restored [backup.damaged]" in found.text
