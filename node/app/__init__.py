"""Wires the node: the functions that its commands call, and `serve`.

    initialise → enrol → import_files → (charter proposed) → accept → serve
                 card, status, policy, budget, journal, receipt, doctor at any time

    world            what the node takes from outside itself, and what is made of a home's files
    joining          a new node: home, keys, card, enrolment
    charters         the charter that is offered, and the word given to it
    case_data        case files in
    serving          the node that stays connected
    erasing          case data out: editions, persons, what is past its time
    keeping          what its private keys are sealed with
    backups          backup, check and restore
    rotating         new keys of the card
    retiring         leaving for good
    shielding        what keeps a process's memory off the disk
    deciding         what people decide: on waiting questions, on the policy
    looking          what the node shows of itself
    contradictions   what members and the coordinator said that contradicts itself
    checking         what could be wrong with this node

This package is the only place of the node that makes a clock, randomness, a database or a channel.
"""

from corridor.node.app.backups import BackupView, back_up, check, restore
from corridor.node.app.case_data import (
    import_files,
    mapping_desk,
    propose_mapping,
    quality,
    quality_worklist,
)
from corridor.node.app.charters import (
    accept,
    offered_charter,
    proposals_since,
    trusted_fingerprints,
)
from corridor.node.app.checking import doctor
from corridor.node.app.contradictions import (
    checkpoint,
    compare_checkpoint,
    compare_heard,
    evidence,
    heard_from_coordinator,
    settle_evidence,
    take_evidence,
    tree_evidence,
)
from corridor.node.app.deciding import (
    approval,
    approvals,
    approve,
    check_policy,
    deny,
    policy_change,
    policy_desk,
    policy_problem,
    policy_text,
    policy_with,
    ready_made_policy,
    suppose,
    test_policy,
)
from corridor.node.app.erasing import (
    editions,
    erase_edition,
    erase_person,
    persons_of,
    record_correction,
    retention,
    sharers,
)
from corridor.node.app.joining import card, enrol, initialise, invitation_view
from corridor.node.app.keeping import Sealing, open_keys, rotate_store_key, seal, sealed_with
from corridor.node.app.looking import (
    budget,
    export_journal,
    fetch_receipt,
    journal,
    leave_series,
    policy,
    series,
    status,
)
from corridor.node.app.retiring import Retired, retire
from corridor.node.app.rotating import abandon_rotation, rotate_card
from corridor.node.app.serving import ServingNode, link_parts, open_node, serve
from corridor.node.app.world import World, read_policy, real_world
from corridor.node.policy_in_force import decode_policy
from corridor.node.policy_trial import Supposed

__all__ = [
    "BackupView",
    "Retired",
    "Sealing",
    "ServingNode",
    "Supposed",
    "World",
    "abandon_rotation",
    "accept",
    "approval",
    "approvals",
    "approve",
    "back_up",
    "budget",
    "card",
    "check",
    "check_policy",
    "checkpoint",
    "compare_checkpoint",
    "compare_heard",
    "decode_policy",
    "deny",
    "doctor",
    "editions",
    "enrol",
    "erase_edition",
    "erase_person",
    "evidence",
    "export_journal",
    "fetch_receipt",
    "heard_from_coordinator",
    "import_files",
    "initialise",
    "invitation_view",
    "journal",
    "leave_series",
    "link_parts",
    "mapping_desk",
    "offered_charter",
    "open_keys",
    "open_node",
    "persons_of",
    "policy",
    "policy_change",
    "policy_desk",
    "policy_problem",
    "policy_text",
    "policy_with",
    "proposals_since",
    "propose_mapping",
    "quality",
    "quality_worklist",
    "read_policy",
    "ready_made_policy",
    "real_world",
    "record_correction",
    "restore",
    "retention",
    "retire",
    "rotate_card",
    "rotate_store_key",
    "seal",
    "sealed_with",
    "series",
    "serve",
    "settle_evidence",
    "sharers",
    "status",
    "suppose",
    "take_evidence",
    "test_policy",
    "tree_evidence",
    "trusted_fingerprints",
]
