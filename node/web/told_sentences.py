"""The sentences that `told` recognises, by where they are written.

A gap stands where a value does; what such a value looks like, its name says (`told`). Every one is
written elsewhere as it stands here: `tests/unit/node/web/test_told.py` holds the two together.
"""

from typing import Final

from corridor.pages.languages import to_translate as _l

SENTENCES: Final = (
    # Of a charter.
    _l("%(number)s of a node's %(of)s fellow members hold its ledger before it spends"),
    _l(
        "%(number)s of a node's %(of)s fellow members hold its ledger before it spends: "
        "protects against accidents only, not against rollback"
    ),
    _l("%(number)s of %(countries)s confirm this ledger before it first spends"),
    _l(
        "!! too few are left: a backup of this node from before could be spent again, if "
        "the coordinator helps. Let one member join or leave at a time"
    ),
    _l("none"),
    # Of what `serve` does.
    _l("answered as release %(name)s"),
    _l("failed (%(code)s)"),
    _l("refused (%(code)s)"),
    _l("hold another history of this ledger: nothing is answered"),
    _l("%(number)s of %(of)s confirmed this ledger since the start"),
    _l("still silent: %(countries)s"),
    _l("of those before, %(countries)s did not"),
    _l("protect against accidents only"),
    _l("confirmed this ledger"),
    _l("!! not cosigned (%(code)s)"),
    _l("see corridor node checkpoint"),
    _l("%(number)s releases, cosigned by %(many)s of %(of)s"),
    _l("%(number)s contradictions on record, see `corridor node evidence`"),
    _l("not confirmed by %(countries)s"),
    _l("what %(countries)s can show did not arrive: ask for the file"),
    # Of a check-up.
    _l("%(rest)s [%(code)s]"),
    _l("%(fingerprint)s waits for the next charter"),
    _l("%(number)s rules"),
    _l("%(number)s questions wait for people"),
    _l("no question waits for people"),
    _l(
        "not sealed: whoever copies this folder has the keys and the case data. Files of "
        "mode 0600 protect them from other users alone; `corridor node seal --with "
        "passphrase`"
    ),
    _l("sealed with %(lock)s"),
    _l("no swap on a disk; `serve` and `import` leave no core dumps"),
    _l(
        "there is swap (%(device)s), to which memory with case data may be written: see "
        "that it is encrypted, or switch it off (`swapoff -a`)"
    ),
    _l("erased: this node has retired"),
    _l("none yet; load some with `corridor node import FILE…`"),
    _l("edition %(name)s of %(moment)s UTC, in %(engine)s"),
    _l("kept until somebody erases them"),
    _l("an edition is erased %(number)s days after its import"),
    _l("a case is left out %(number)s days after its referral"),
    _l("reports of an import are removed %(number)s days after it"),
    _l("no case file lies there"),
    _l("a console reads case files, or has been given some"),
    _l("whole; ρ = %(rho)s spent, %(left)s left"),
    _l("whole; %(number)s entries"),
    _l("%(number)s standing series can go on"),
    _l("none was ever written: `corridor node backup --out FILE --with passphrase`"),
    _l("last written on %(day)s, with the case data"),
    _l("last written on %(day)s, without the case data"),
    _l("%(rest)s (more than %(number)s days ago)"),
    _l("never exercised: `corridor node check FILE`"),
    _l("last exercised on %(day)s, and it could be restored"),
    _l("last exercised on %(day)s, and it could not be restored"),
    _l("%(rest)s (due again)"),
    _l("%(number)s were counted within %(seconds)s s, when they leave"),
    _l(
        "%(number)s of %(of)s took longer than the first slot (%(seconds)s s) and left at a "
        'later one: raise "after_seconds" in policy.toml'
    ),
    _l("no member's ledger, and no word of the coordinator, contradicts another"),
    _l("no checkpoint of the region's releases was cosigned here yet"),
    _l("a tree of %(number)s releases was cosigned last"),
    _l("%(number)s of this node not shown in it yet"),
    _l("valid until %(day)s"),
    _l("%(name)s answers at %(address)s"),
    _l("version %(number)s is in force"),
    _l("version %(number)s is signed here and not in force yet"),
    _l("none accepted yet; `corridor node accept`"),
    # Of an import under way.
    _l("%(place)s: opening"),
    _l("%(place)s: %(number)s rows to be joined"),
    _l("%(place)s: %(number)s rows"),
    _l("writing the edition"),
    _l("edition %(name)s is current"),
    _l("edition %(name)s is current, though it holds what the one before held"),
    _l("%(people)s persons, %(cases)s cases"),
    # What to do about a value that was repaired or noted; more are in `quality_words`.
    _l("read as month/day/year; where both can be, day/month/year counts: write 2024-03-31"),
    _l("read as Excel's day number; give the cells a date format"),
    _l("the country was taken out of an address"),
    _l("separate several countries by ; instead of commas"),
    _l("separate several values by ; instead of spaces"),
    _l("write the number alone"),
    _l("rename the column to the field's name"),
    _l("official files spell it so: nothing is to be done"),
    _l("the column has no API name; it was found by its label"),
    _l("the mapping file says that the column is this field"),
    _l("each value has a column of its own; those that are ticked were put together"),
    _l("the column links tables of this program's export; it serves as this field"),
    # How things are left, at the end of a refusal.
    _l("nothing was changed"),
    _l("nothing was imported"),
    _l("nothing was saved"),
    _l("nothing was done"),
    _l("nothing was kept"),
    _l("nothing was signed"),
    _l("nothing was accepted"),
    _l("nothing was erased"),
    _l("nothing was reserved"),
    _l("nothing was spent"),
    _l("nothing was started"),
    _l("nothing was restored"),
    # Of policies and forms that cannot be read.
    _l('policy.toml, line %(number)s: "%(key)s" %(rest)s'),
    _l("until it is mended a node that serves keeps its old rules, and none starts"),
    _l("is not known here; known are %(known)s"),
    _l("is not known here"),
    _l("known are %(known)s"),
    _l("must be allow, ask or refuse"),
    _l('must be a fraction in quotes, as in "1/50", and not negative'),
    _l("must be a whole number"),
    _l("must be a whole number from %(number)s to %(many)s"),
    _l("must be true or false"),
    _l('must be a list, as in ["corridors"]'),
    _l("must be a table: %(table)s"),
    _l("must be a list of tables: [[rule]]"),
    _l("must be written as [[rule]], each on a line of its own"),
    _l("must be conditions, as in when.cells_above = 500"),
    _l('stands only where the verdict is "ask"'),
    _l("must be one of %(known)s, not %(other)s"),
    _l("must be of %(known)s"),
    _l('needs a "statement" beside it that says which legal basis'),
    _l("correct it and send it again"),
    _l("%(field)s: no file was chosen"),
    _l("%(field)s: is empty"),
    _l("%(field)s: is none"),
    _l("%(field)s: is no number"),
    _l("%(field)s: is no number from %(number)s to %(many)s"),
    _l("%(field)s: is missing"),
    _l("%(field)s: names none"),
    _l("%(field)s: is longer than %(number)s characters"),
    _l("%(field)s: the node's mapping file names none such"),
    _l("%(field)s: databases go with the node's own mapping file"),
    _l("%(field)s: another key was typed than its card has"),
    # Reasons of the rules of ready-made policies.
    _l("no figures of this country alone"),
    _l("no standing series"),
    _l("too expensive for one question"),
    _l("too expensive for one series"),
    _l("too fine a question about ages"),
    _l("too fine a question about children"),
    _l("too exact a question about children"),
    _l("no figures about this country's children alone"),
    _l("no standing series about children"),
    _l("who asks is not among those that may ask about children"),
    # Of a charter, and what it changes.
    _l("confirmed under version %(number)s, unchanged"),
    _l("%(number)s of %(of)s, as the rule says"),
    _l("%(number)s of %(of)s; %(many)s where more take part"),
    _l("%(number)s to %(many)s"),
    _l("synthetic data"),
    _l("real data"),
    _l("nothing was changed: the policy in force is another"),
)
