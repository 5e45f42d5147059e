"""The note on method that a draft begins with: made of its releases, for people to go on with."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from corridor.publishing.estimates import shown_epsilon, shown_margin
from corridor.publishing.tables import tables_of


class Say(Protocol):
    """Gives a text in some language, its gaps filled."""

    def __call__(self, text: str, /, **values: object) -> str:
        """The text."""
        ...


def in_english(text: str, /, **values: object) -> str:
    """The text as it stands here."""
    return text % values if values else text


def methodology(releases: Sequence[Mapping[str, Any]], _: Say = in_english) -> str:
    """How these releases were made, what guards the people in them, and how to read them.

    Of a release that was too long to be read: its heading, and what was counted as its `title`.
    """
    # What is said of the sum alone holds only where every release is one.
    regional = all(one["scope"] == "regional" for one in releases)
    paragraphs = [
        _(
            "Each authority counted its own cases and added random noise. Only the sum of all, "
            "with the noise in it, could be read by anybody; no case and no exact count left an "
            "authority."
        )
        if regional
        else _(
            "Each authority counted its own cases and added random noise before its figure left "
            "it; no case and no exact count left an authority."
        ),
        _(
            "Counted are people whom these authorities know as victims. How many people are "
            "trafficked is not known from this: figures rise and fall also with how well cases are "
            "found and recorded."
        ),
        *("\n".join(_of_release(one, _)) for one in releases),
        _(
            "The public receipt of each release proves who took part in which question, and that "
            "these figures are those that were signed. It cannot prove that every authority "
            "counted rightly."
        ),
    ]
    if any(one["synthetic"] for one in releases):
        paragraphs.insert(0, _("The data are made up: nothing here is about real people."))
    return "\n\n".join(paragraphs)


def _of_release(release: Mapping[str, Any], _: Say) -> list[str]:
    guarantee = release["guarantee"]
    tables = () if "title" in release else tables_of(release)
    titles = release.get("title") or "; ".join(table.title for table in tables)
    took_part = [one for one in release["participants"] if one["survived"]]
    missing = [one for one in release["participants"] if not one["survived"]]
    lines = [
        _(
            "What was counted: %(question)s (release %(release)s, %(day)s).",
            question=titles,
            release=release["id"],
            day=str(release["published_at"])[:10],
        ),
        _("Who took part: %(authorities)s.", authorities=_named(took_part)),
    ]
    if missing:
        lines.append(
            _("Fell out, and is not counted: %(authorities)s.", authorities=_named(missing))
        )
    rules = sorted({str(one["consent_rule"]) for one in took_part})
    lines.append(
        _(
            "Legal basis, by the rule that each authority applied: %(rules)s. Under htcds-consent, "
            "cases without consent to share are left out.",
            rules=", ".join(rules),
        )
    )
    margins = sorted({table.margin for table in tables if table.margin is not None})
    if len(margins) == 1 and all(table.margin is not None for table in tables):
        lines.append(
            _(
                "Margin: of 100 figures, 95 are within ± %(margin)s of what the authorities "
                "counted.",
                margin=shown_margin(margins[0]),
            )
        )
    else:
        lines.append(
            _(
                "Margin: each figure has its own beside it; of 100 figures, 95 are within their "
                "margin of what the authorities counted."
            )
        )
    lines.append(
        _(
            "Guarantee: differential privacy, ρ = %(rho)s (zCDP), shown as ε = %(epsilon)s at "
            "δ = %(delta)s, for a person known to one authority; ε = %(regional)s for a person "
            "known to %(nodes)s of them.",
            rho=guarantee["rho"],
            epsilon=shown_epsilon(guarantee["epsilon"]),
            delta=guarantee["delta"],
            regional=shown_epsilon(guarantee["epsilon_regional"]),
            nodes=guarantee["nodes_per_person"],
        )
    )
    return lines


def _named(participants: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{one['name']} ({one['country']})" for one in participants)
