"""What codes, kinds of entries, states and findings are called, in every language.

The messages of errors are English, as everywhere in Corridor. What people of the console meet
daily is said here in their language; for the rest the page shows the English words with the code.
"""

import re
from collections.abc import Mapping
from typing import Any

from corridor.pages.languages import gettext, ngettext
from corridor.pages.languages import lazy_gettext as _l
from corridor.people import Role

DUTIES: Mapping[Role, Any] = {
    Role.OFFICER: _l("imports case files and sees what is wrong with them"),
    Role.APPROVER: _l("decides on questions that wait for a person"),
    Role.AUDITOR: _l("reads what was asked, decided and let out, and changes nothing"),
    Role.ADMINISTRATOR: _l("gives accounts, writes the policy, accepts charters"),
}

LINKS: Mapping[str, Any] = {
    "connecting": _l("connecting"),
    "connected": _l("connected"),
    "stopped": _l("stopped"),
    "refused": _l("refused by the coordinator"),
}

KINDS: Mapping[str, Any] = {
    "proposed": _l("question put to this node"),
    "accepted": _l("takes part"),
    "refused": _l("refused"),
    "let_out": _l("masked input let out"),
    "left_late": _l("left later than planned"),
    "released": _l("answer published"),
    "failed": _l("ended without an answer"),
    "cosigned": _l("list of releases cosigned"),
    "checkpoint_refused": _l("list of releases not cosigned"),
    "evidence_settled": _l("contradictions settled"),
    "series_left": _l("standing series left"),
    "charter_accepted": _l("charter accepted"),
    "forked": _l("contradiction found"),
    "evidence_taken": _l("evidence taken"),
    "evidence_refused": _l("evidence refused"),
    "evidence_missing": _l("evidence missing"),
    "ledger_recovered": _l("ledger recovered"),
    "imported": _l("data imported"),
    "people_changed": _l("account changed"),
    "policy_changed": _l("policy changed"),
    "policy_read": _l("policy read anew"),
    "edition_erased": _l("edition erased"),
    "person_request": _l("person's request carried out"),
    "backed_up": _l("backup written"),
    "backup_checked": _l("backup exercised"),
    "restored": _l("restored from a backup"),
    "rotated": _l("keys replaced by new ones"),
    "sealed": _l("keys sealed anew"),
    "retired": _l("node retired"),
    "started": _l("node started"),
    "waits": _l("question waits for people"),
    "approved": _l("approved by a person"),
    "denied": _l("denied by a person"),
}

FINDINGS: Mapping[str, Any] = {
    "settings": _l("Settings"),
    "keys": _l("Keys"),
    "keys at rest": _l("Keys at rest"),
    "memory": _l("Memory"),
    "uploads": _l("Uploads"),
    "policy": _l("Policy"),
    "approvals": _l("Questions"),
    "case data": _l("Case data"),
    "ledger": _l("Ledger"),
    "journal": _l("Journal"),
    "backups": _l("Backups"),
    "every table": _l("Every table of the case data"),
    "series": _l("Standing series"),
    "replies": _l("Replies"),
    "witnesses": _l("Witnesses"),
    "releases": _l("Releases"),
    "certificate": _l("Certificate"),
    "coordinator": _l("Coordinator"),
    "charter": _l("Charter"),
}

TABLES: Mapping[str, Any] = {
    "persons": _l("persons"),
    "cases": _l("cases"),
    "legs": _l("steps of journeys"),
    "services": _l("services"),
}

SCOPES: Mapping[str, Any] = {
    "regional": _l("the region's sum"),
    "per-country": _l("country by country"),
}

ROUNDS: Mapping[str, Any] = {
    "propose": _l("proposal"),
    "share": _l("secrets are shared"),
    "opened": _l("secrets are opened"),
    "masked-input": _l("masked inputs"),
    "consistency": _l("who is left is signed"),
    "unmask": _l("masks are removed"),
    "figure": _l("the country's own figure"),
}

TERMS: Mapping[str, Any] = {
    "fewest participants": _l("fewest participants"),
    "colluders provided for": _l("colluders provided for"),
    "most dropouts": _l("most dropouts"),
    "nodes that may know one person": _l("nodes that may know one person"),
    "witnesses": _l("witnesses"),
    "witnesses of before": _l("witnesses of before"),
    "dearest question ρ": _l("dearest question ρ"),
    "most cells": _l("most cells"),
    "most persons at a node": _l("most persons at a node"),
    "failed attempts borne a day": _l("failed attempts borne a day"),
    "witnesses of a debit": _l("witnesses of a debit"),
    "years": _l("years"),
    "domains": _l("lists of values"),
    "countries told apart": _l("countries told apart"),
    "suite": _l("cryptographic suite"),
    "days for which members' receipts are kept": _l("days for which members' receipts are kept"),
    "coordinator's key": _l("coordinator's key"),
    "follows": _l("follows"),
    "region": _l("region"),
    "made for": _l("made for"),
}
"""What a charter fixes, as its offer names it."""

VERDICTS: Mapping[str, Any] = {
    "allow": _l("allow"),
    "ask": _l("ask a person"),
    "refuse": _l("refuse"),
    "unknown": _l("unknown"),
}

STANDINGS: Mapping[str, Any] = {
    "waiting": _l("waits"),
    "approved": _l("approved"),
    "used": _l("answered"),
    "denied": _l("denied"),
    "expired": _l("its time was over"),
    "other-edition": _l("the data changed"),
    "other-charter": _l("the charter changed"),
    "other-price": _l("its price changed"),
    "not-asked": _l("nobody asks it any more"),
}

READY_MADE: Mapping[str, Any] = {
    "cautious": _l("People approve everything; little is allowed at all."),
    "standard": _l("What a new node begins with."),
    "open": _l("The region's sums are answered without asking anybody."),
    "minors": _l("Stricter rules for minors, put before the rules that there are."),
}

FATES: Mapping[str, Any] = {
    "rejected": _l("rejected"),
    "repaired": _l("repaired"),
    "noted": _l("noted"),
}

TOLD_APART_BY: Mapping[str, Any] = {
    "identity_number": _l("by identity number"),
    "name_and_birthdate": _l("by name and birthdate"),
    "person_reference": _l("by the number that your own system gives them"),
    "case_reference": _l("by case reference"),
    "row": _l("by nothing but their row: such a person is never recognised again"),
}

_RULE = re.compile(r"rule (\d+), line (\d+)")


def met(verdict: str, rule: str) -> tuple[str, str]:
    """What a policy decides of a question, and by which rule: words of a trial's line."""
    word, _, people = verdict.partition(" ")
    if word == "ask":
        told = ngettext("ask %(num)s person", "ask %(num)s people", int(people))
    else:
        told = str(VERDICTS[word])
    where = _RULE.fullmatch(rule)
    if where is not None:
        return told, gettext("rule %(rule)s, line %(line)s", rule=where[1], line=where[2])
    return told, gettext("no rule fits") if rule else ""


SAID: Mapping[str, Any] = {
    "people.bad_roles": _l(
        "Give at least one role. An auditor has no other role, and an administrator is no "
        "approver. Nothing was changed."
    ),
    "console.import_runs": _l(
        "An import runs already. What you sent was removed again, and nothing was imported."
    ),
    "console.nothing_asked": _l(
        "No files wait for somebody to say what their columns mean. Nothing was imported. Choose "
        "the files again."
    ),
    "console.columns_moved": _l(
        "Other files wait now than those that you were asked about. Nothing was kept, imported or "
        "removed. Say what the columns mean that are shown here."
    ),
    "console.import_died": _l(
        "The process that read the files ended before it was done. The uploaded files were removed."
    ),
    "console.no_such_report": _l("There is no such report."),
    "console.books_opening": _l(
        "Ledger and journal are being opened, and every signature in them is verified. Nothing was "
        "done. What you asked for follows in a moment."
    ),
    "console.policy_moved": _l(
        "The policy was changed by somebody else while you edited it. Nothing was saved. Copy "
        "your text and load the page again."
    ),
    "console.offer_moved": _l(
        "Another charter is offered now than the one you looked at. Nothing was signed."
    ),
    "policy.same_person": _l(
        "You have approved this question already. Nothing was changed. Another person has to look "
        "at it."
    ),
    "policy.approval_over": _l("This question waits no longer. Nothing was changed."),
    "policy.not_what_was_shown": _l(
        "What you approved is not what this question says now. Nothing was changed. Read it again, "
        "as it stands here."
    ),
    "policy.cannot_be_told": _l(
        "What this question would count cannot be told, so it cannot be approved. Nothing was "
        "changed. It can be denied."
    ),
    "policy.unknown_approval": _l("There is no such question. Nothing was changed."),
    "erasing.no_identity": _l(
        "What was given does not tell a person apart. Nothing was changed. Give an identity "
        "number, or a name with a birthdate, or a case reference."
    ),
    "erasing.shared_reference": _l(
        "Several persons have this case reference. Nothing was changed. Give the identity number, "
        "or name and birthdate."
    ),
    "erasing.nobody_found": _l(
        "Nobody in the data goes by what was given. No rows were left out. A row with an identity "
        "number goes by that alone."
    ),
    "node.no_charter": _l("No charter says what can be asked yet. Nothing was tried."),
    "node.not_enrolled": _l("This node is not enrolled with a coordinator yet."),
    "node.not_running": _l("This node has never been connected."),
    "charter.none_proposed": _l("No charter is proposed now."),
}
"""What is said of these codes; `corridor.pages.words` has what every site says."""
