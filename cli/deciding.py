"""What people of an authority decide at its node: `approvals`, `approve`, `deny`, `policy`."""

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from corridor.cli.figures import at_least, at_most
from corridor.cli.homes import home_of, read_file, reading, same_home
from corridor.cli.output import Output
from corridor.cli.words import Run
from corridor.errors.cli import HalfSeriesError, NoQuestionError, SupposedWordsError
from corridor.errors.policy import PolicyNotConfirmedError
from corridor.node import app
from corridor.node.views import ApprovalView, PolicyTrial, TrialLine
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.accuracy import parse_rho
from corridor.queries.question import Every

ACTS_FOR_ANYONE = (
    "Whoever can read the keys in the node's folder can act for anyone, and could change its "
    "policy as well; the web console has accounts for that reason."
)


OPEN = frozenset({"waiting", "approved"})


class Command(Protocol):
    """Adds one command of the node."""

    def __call__(self, name: str, run: Run, *, does: str, example: str) -> argparse.ArgumentParser:
        """Give its parser."""


def add_to(command: Command) -> None:
    """Add the commands."""
    policy = command(
        "policy",
        _policy,
        does="show the policy's rules in order, test what they decide, or take a ready-made one",
        example="policy test --file new-policy.toml --home /srv/corridor",
    )
    policy.add_argument(
        "what",
        nargs="?",
        choices=("test",),
        metavar="test",
        help="show which rule each question of the journal met, and would meet under --file",
    )
    policy.add_argument("--edit-help", action="store_true", help="explain what can stand there")
    policy.add_argument(
        "--use",
        metavar="NAME",
        help="take a ready-made policy: cautious, standard, open; or minors, which puts stricter "
        "rules before those that there are. Shows the difference first, and asks",
    )
    policy.add_argument("--yes", action="store_true", help="with --use: do not ask")
    test = policy.add_argument_group("test")
    test.add_argument("--file", type=Path, metavar="FILE", help="the policy as it would be")
    test.add_argument("--since", type=int, metavar="DAYS", help="only questions of so many days")
    test.add_argument("--question", metavar="SQL", help="a question that nobody asked yet, instead")
    test.add_argument("--rho", default="1/100", metavar="ρ", help="of that question")
    test.add_argument("--scope", choices=sorted(Scope), default="regional", help="of that question")
    test.add_argument("--every", choices=sorted(Every), help="let that question be a series")
    test.add_argument("--periods", type=int, metavar="N", help="of so many answers")
    test.add_argument("--purpose", default="", metavar="TEXT", help="of that question")
    test.add_argument("--organisation", default="", metavar="TEXT", help="who asks it")

    approvals = command(
        "approvals",
        _approvals,
        does="show the questions that wait for people, or one of them in plain words",
        example="approvals 4f2a --home /srv/corridor",
    )
    approvals.add_argument("id", nargs="?", metavar="ID", help="its beginning is enough")
    approvals.add_argument("--all", action="store_true", help="also those that are over")
    for name, run, does, words in (
        (
            "approve",
            _approve,
            "approve a waiting question as it was shown, which is answered when it comes again",
            "4f2a --shown 63b1c08d5e2f9a74 --as anna",
        ),
        (
            "deny",
            _deny,
            "deny a waiting question, or take an approval back before it is used",
            "4f2a --as anna",
        ),
    ):
        said = command(name, run, does=does, example=f"{name} {words} --home /srv/corridor")
        said.add_argument("id", metavar="ID", help="of the question; its beginning is enough")
        said.add_argument(
            "--as",
            dest="person",
            required=True,
            metavar="NAME",
            help=f"who says so: it stands in the journal. {ACTS_FOR_ANYONE}",
        )
        if name == "approve":
            said.add_argument(
                "--shown",
                required=True,
                metavar="WORD",
                help="what `corridor node approvals ID` ended with: it stands for every word that "
                "was read there. Of a question that says something else nothing is approved",
            )


# ---------------------------------------------------------------- questions that wait


def _approvals(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.id is not None:
        view = app.approval(world, arguments.id)
        _tell_problem(world, out)
        _show(view, out)
        _tell_how(view, arguments, out)
        out.document(view.document)
        return 0
    found = app.approvals(world)
    _tell_problem(world, out)
    shown = [one for one in found if arguments.all or one.standing in OPEN]
    out.table(
        "Questions that wait for people",
        ("=id", "what is counted", "who asks, and why", ">ρ it takes", "=approved", "until (UTC)"),
        [
            (
                one.id,
                one.title or "cannot be read any more",
                ": ".join(filter(None, (one.organisation, one.purpose))) or "not said",
                at_most(one.price),
                _standing(one),
                one.until[:16].replace("T", " "),
            )
            for one in shown
        ],
        note=f"one in plain words: corridor node approvals ID{same_home(arguments)}"
        if shown
        else "none waits",
    )
    out.document([one.document for one in shown])
    return 0


def _standing(one: ApprovalView) -> str:
    if one.standing not in OPEN:
        return one.standing
    return f"{len(one.approvers)} of {one.needs}"


def _show(view: ApprovalView, out: Output) -> None:
    out.heading(f"Question {view.id}: {view.standing}")
    for sentence in view.words:
        out.say(sentence.text)
    if view.deniers:
        out.say(f"Denied by {', '.join(view.deniers)}.")
    if view.standing in OPEN:
        out.say(f"It waits until {view.until[:16].replace('T', ' ')} UTC.")
    else:
        out.say("It waits no longer.")


def _tell_problem(world: app.World, out: Output) -> None:
    if (problem := app.policy_problem(world)) is not None:
        out.say(f"{problem} [{problem.code}]")
        out.say("Until that is mended questions are shown, and can be denied; none is approved.")


def _tell_how(view: ApprovalView, arguments: argparse.Namespace, out: Output) -> None:
    """What approves exactly this, to be pasted."""
    if view.standing != "waiting" or view.policy_error is not None:
        return
    if not view.shown:
        out.say("What it would count cannot be told, so it cannot be approved; it can be denied.")
        return
    words = f"{view.id} --shown {view.shown} --as NAME{same_home(arguments)}"
    out.say(f"To approve exactly this: corridor node approve {words}")


def _approve(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    view = app.approve(world, arguments.id, arguments.person, arguments.shown)
    _show(view, out)
    missing = view.needs - len(view.approvers)
    if missing > 0:
        out.say(f"Approved. {missing} more person{'s' * (missing > 1)} must approve it.")
    else:
        out.say("Approved. A node that serves takes part as soon as it is proposed again.")
    out.document(view.document)
    return 0


def _deny(arguments: argparse.Namespace, out: Output) -> int:
    view = app.deny(app.real_world(home_of(arguments)), arguments.id, arguments.person)
    _show(view, out)
    out.say("Denied. It is not put to anybody here again while nothing of it changes.")
    out.document(view.document)
    return 0


# ---------------------------------------------------------------- the policy


def _policy(arguments: argparse.Namespace, out: Output) -> int:
    world = app.real_world(home_of(arguments))
    if arguments.what == "test":
        return _test(world, arguments, out)
    if arguments.use is not None:
        return _use(world, arguments, out)
    view = app.policy(world)
    if arguments.edit_help:
        out.say(view.help)
        out.document({"help": view.help})
        return 0
    out.table("Policy, first match decides", ("rule", "line", "verdict", "when"), view.rules)
    for line in view.lines:
        out.say(line)
    out.document(view.document)
    return 0


def _test(world: app.World, arguments: argparse.Namespace, out: Output) -> int:
    text = None
    if arguments.file is not None:
        with reading(arguments.file, "a policy (TOML, as policy.toml)"):
            text = app.decode_policy(read_file(arguments.file))
            app.check_policy(text, arguments.file.name)
    if arguments.question is None:
        if arguments.purpose or arguments.organisation or arguments.every or arguments.periods:
            raise SupposedWordsError
        trial = app.test_policy(world, text, arguments.since)
    else:
        if not arguments.question.strip():
            raise NoQuestionError
        if (arguments.every is None) != (arguments.periods is None):
            raise HalfSeriesError
        supposed = app.Supposed(
            sql=arguments.question,
            rho=Fraction(parse_rho(arguments.rho).value),
            scope=Scope(arguments.scope),
            purpose=arguments.purpose,
            organisation=arguments.organisation,
            every=arguments.every,
            periods=arguments.periods or 0,
        )
        trial = app.suppose(world, supposed, text)
    if arguments.question is None:
        _show_trial(trial, out, compared=text is not None)
    else:
        _show_supposed(arguments.question, trial, out, compared=text is not None)
    out.document(trial.document)
    return 0


def _show_supposed(question: str, trial: PolicyTrial, out: Output, *, compared: bool) -> None:
    """What a question that nobody asked would meet: when and how often it came is nothing here."""
    out.say(question)
    for line in trial.lines:
        out.say(f"now: {_met(line.verdict, line.rule, line.reason)}")
        if compared:
            out.say(f"under the file: {_met(line.would, line.would_rule, line.would_reason)}")
        _show_price(line, out, compared=compared)


def _met(verdict: str, rule: str, reason: str) -> str:
    word, _, people = verdict.partition(" ")
    asked = {"": "", "1": " 1 person"}.get(people, f" {people} people")
    return f"{word}{asked}, by {rule}" + (f": {reason}" if reason else "")


def _show_trial(trial: PolicyTrial, out: Output, *, compared: bool) -> None:
    columns: Sequence[str] = (
        "last asked (UTC)",
        "=question",
        "who asks, and why",
        ">ρ it takes",
        ">times",
        "=now",
        "by",
    )
    out.table(
        "What questions meet",
        (*columns, "=would", "by") if compared else columns,
        [
            (
                line.at[:16].replace("T", " "),
                line.question[:8],
                ": ".join(filter(None, (line.organisation, line.purpose))) or "not said",
                at_most(line.price) if line.price else "unknown",
                str(line.times),
                line.verdict,
                line.rule,
                *((line.would, line.would_rule) if compared else ()),
            )
            for line in trial.lines
        ],
        note="" if trial.lines else "no question came yet; try one with --question",
    )
    for (verdict, would), number in sorted(trial.summary.items()):
        many = f"{number} question{'s' * (number > 1)}"
        if verdict == "unknown":
            out.say(f"{many}: unknown; they came before the journal held what a policy looks at.")
        elif compared and verdict != would:
            out.say(f"{many}: {verdict} now, {would} then.")
        else:
            out.say(f"{many}: {verdict}{', as now' * compared}.")


def _show_price(line: TrialLine, out: Output, *, compared: bool) -> None:
    """What a question that may come would take of the ledger, and whether it has so much."""
    if not line.left:
        return
    told = f"The ledger would take ρ = {at_most(line.price)}"
    if line.price_repeat:
        told += (
            " with the first answer, nothing with a later one, and "
            f"ρ = {at_most(line.price_repeat)} with one more attempt at an answer; each answer is "
            "approved by itself"
        )
    less = ", which is less, so it would be refused"
    told += f". ρ = {at_least(line.left)} is left this year{less * line.is_too_dear}"
    if compared:
        told += (
            f"; ρ = {at_least(line.would_left)} would be under the file"
            f"{less * line.would_be_too_dear}"
        )
    out.say(f"{told}. An approval covers no higher price than the one that was shown.")


def _use(world: app.World, arguments: argparse.Namespace, out: Output) -> int:
    change = app.policy_with(world, arguments.use)
    if not change.difference:
        out.say("The policy is like that already; nothing was changed.")
        out.document({"changed": False})
        return 0
    for line in change.difference:
        out.say(line)
    _show_trial(change.trial, out, compared=True)
    if not arguments.yes:
        _confirm(out)
    app.policy_desk(world).save(change.text, change.seen, "")
    out.say("The policy was changed; the old one is kept in the folder policy-before.")
    out.say("A node that serves obeys it from the next question on.")
    out.document({"changed": True, "trial": change.trial.document})
    return 0


def _confirm(out: Output) -> None:
    out.progress("Put this in the place of the policy? Type yes:")
    if not sys.stdin.isatty() or input().strip().casefold() != "yes":
        raise PolicyNotConfirmedError
