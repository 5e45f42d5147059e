"""The texts of the quality profile in every language of the console.

A profile is kept in English, as all that Corridor writes; the page says the same in the reader's
language. A text that is not here, of an import before a change of words, stays English.
"""

import re
from dataclasses import dataclass
from typing import Final

from corridor.pages.languages import gettext
from corridor.pages.languages import to_translate as _l

TEXTS: Final = frozenset(
    (
        _l("the value of the last calculation counts; it may be an old one"),
        _l("the value computed last was taken, nothing was evaluated; paste values, not formulas"),
        _l("the case has no such day: questions by time put it elsewhere, or under “unknown”"),
        _l("write dates as 2024-03-31"),
        _l("there is no such day; correct it"),
        _l("write the whole date, as in 2024-03-31"),
        _l("write the year with four digits"),
        _l("the date lies in the future; correct it"),
        _l("the year is before 1900; correct it"),
        _l("the person has no birthdate here: no age can be told from it"),
        _l("nobody is that old; correct the birthdate"),
        _l("the birthdate gives no age: the case is in the age cell “unknown”"),
        _l("lies after the first event or the referral and gives no age; correct one of them"),
        _l("years, months and ages at the first event may be wrong"),
        _l("the first event lies after the referral; correct one of the two dates"),
        _l("the age may be wrong"),
        _l("the person was identified before the birthdate; correct one of the two dates"),
        _l("the age cell may be the wrong one; minors may count as adults, or the reverse"),
        _l("more than a year from the age at the first event; the given age counts"),
        _l("one person may count as two, and is protected as two"),
        _l(
            "name and birthdate of somebody with another identity number; if one person, one number"
        ),
        _l("one person may count as several, and is protected as several"),
        _l("told apart as several persons; make their identity number, name and birthdate agree"),
        _l(
            "is in the data as another person; if one: `corridor node person correct`, or --replace"
        ),
        _l("who withdrew consent may still be counted, by the rows of before"),
        _l(
            "is in the data as another person with consent; if one, correct or erase the older rows"
        ),
        _l("if month/day was meant, the case counts in another month"),
        _l("read as day/month/year; write dates as 2024-03-31"),
        _l("can be two days, and the mapping says that nobody knows which; write 2024-03-31"),
        _l("is not written in the order that the mapping says; correct it, or the mapping"),
        _l("counts in the cell “unknown” of corridors and legs"),
        _l("correct it, or say what it means: import with --countries FILE"),
        _l('may be "not available" or Namibia; write the name, or import with --countries FILE'),
        _l("names several countries; leave one, or map it"),
        _l("counts in the cell “unknown” of questions about this field"),
        _l("use a value that `corridor node values FIELD` lists, or `corridor node map`"),
        _l("this field takes one value; leave the right one"),
        _l("write a whole number"),
        _l("outside what is possible; correct it"),
        _l("no consent was read: the case is left out of every answer"),
        _l("read as no consent; write Yes or No"),
        _l("the person is told apart by something weaker, and may count twice"),
        _l("is no identity number but a filler; leave the cell empty"),
        _l("events and support plans may not find their case"),
        _l("is no case reference but a filler; leave it empty"),
        _l("the case counts once, as its newest row says"),
        _l("the same case stands in several rows; the row with the latest referral was taken"),
        _l("the step of the journey is in no answer"),
        _l("no case of this import has that reference and identity number; import both together"),
        _l("fill in x_CaseReference or prs_IdentityNumber"),
        _l("neither type, country nor date can be read"),
        _l("the step counts for each person of the case"),
        _l("the event counts for every person of this case reference"),
        _l("the step counts once"),
        _l("the same event stands there again; it was taken once"),
        _l("the further steps are in no answer"),
        _l("a case keeps its first 1000 events"),
        _l("the support plan is in no answer"),
        _l("neither type nor end date can be read"),
        _l("the support plan counts for each person of the case"),
        _l("the support plan counts for every person of this case reference"),
        _l("the support plan counts once"),
        _l("the same support plan stands there again; it was taken once"),
        _l("nothing of the sheet is in any answer"),
        _l("the sheet holds neither victims' cases nor their events or support plans"),
        _l("if the name is the wrong one of the two, the field is wrong everywhere"),
        _l("the label belongs to another field; the API name counts"),
        _l("nothing of the column is in any answer"),
        _l("is no field of HTCDS 2.0; rename it, map it with `corridor node map`, or leave it out"),
        _l("the field that it was mapped to may be unknown in every row"),
        _l("the mapping file names a column that is not there; is it spelt in another way now?"),
        _l("the row is in no answer"),
        _l(
            "no case refers to the row, so it is no case; correct the reference if it should be one"
        ),
        _l("the row that stands last is in the answers"),
        _l("several rows have one reference; the last of them counts"),
        _l("the second column is in no answer"),
        _l("the field has a column already; the first one counts"),
        _l("the column has neither API name nor label; name it"),
        _l("the sheet holds no HTCDS field names and was left out"),
        _l("the sheet holds no filled-in row"),
        _l("these cases are left out of every answer, unless the policy names another legal basis"),
        _l("where no column is there, nobody said no"),
        _l("who has no identity number is not recognised in another file; no age is told from it"),
        _l("questions by time have no day for these cases, where the identification gives none"),
        _l("questions by time take the day of referral for these cases"),
        _l("the age is told from the birthdate, where there is one"),
        _l("corridors begin where the events say, or in “unknown”"),
        _l("corridors end where the events say, or in “unknown”"),
        _l("these steps lead to “unknown”"),
        _l("these steps have no kind, and are in no corridor"),
        _l("the steps of such a case are ordered by kind, and legs have its day"),
        _l("services have the day of the case"),
        _l("there is no such row"),
        _l("complete"),
        _l("no table has a column for it: all are in the cell “unknown” of questions about it"),
    )
)
_SHARE = re.compile(r"answers by this field say little of this country: (\d+) % are “unknown”")


@dataclass(frozen=True, slots=True)
class Told:
    """A text for a page; `lang` names the language of one that stays English."""

    text: str
    lang: str | None = None


def told(text: str) -> Told:
    """What a profile says, in the language of this request."""
    if text in TEXTS:
        return Told(gettext(text))
    if share := _SHARE.fullmatch(text):
        return Told(
            gettext(
                "answers by this field say little of this country: %(share)s %% are “unknown”",
                share=share[1],
            )
        )
    return Told(text, "en")
