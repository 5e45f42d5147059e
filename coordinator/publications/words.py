"""What states, steps and refusals of publications are called, in every language."""

from corridor.coordinator.publication_desk import State, Verb
from corridor.pages.languages import lazy_gettext as _l
from corridor.pages.refusals import Words

STATES = {
    State.DRAFT: _l("draft"),
    State.REVIEWED: _l("reviewed"),
    State.SCHEDULED: _l("scheduled"),
    State.PUBLISHED: _l("published"),
    State.WITHDRAWN: _l("withdrawn"),
    State.DISCARDED: _l("discarded"),
}

VERBS = {
    Verb.WROTE: _l("wrote it"),
    Verb.REVIEWED: _l("reviewed it"),
    Verb.SCHEDULED: _l("scheduled it"),
    Verb.TOOK_BACK: _l("took it back"),
    Verb.WITHDREW: _l("withdrew it"),
    Verb.DISCARDED: _l("discarded it"),
}

WORDS = Words(
    said={
        "publication.unknown": _l(
            "Nothing is published under this address. The list of publications shows what is."
        ),
        "publication.changed": _l(
            "Somebody changed this publication since you opened it; nothing was changed. Open it "
            "again, look at what is new, and repeat your step."
        ),
        "publication.not_allowed": _l(
            "Only people with the role coordinator do this. Nothing was changed."
        ),
        "board.unknown": _l("There is no such board. The page Boards lists those there are."),
        "board.of_others": _l(
            "A board is changed by who made it, or by a coordinator; nothing was changed."
        ),
        "request.too_many": _l("Too many requests came from here. Wait a minute, then try again."),
    },
    about={
        "publication.malformed": _l("A field cannot be used like this; nothing was kept."),
        "publication.four_eyes": _l(
            "Two people have to see what is published: another coordinator has to do this. Where "
            "there is no other, an administrator gives a second person the role. Nothing was "
            "changed."
        ),
        "publication.perhaps_one_person": _l(
            "You and the one who did the step before have accounts of two kinds, so you may be one "
            "person. An administrator says that you are two on the page People, or another "
            "coordinator does this. Nothing was changed."
        ),
        "publication.wrong_step": _l(
            "The publication is in another state by now, so this cannot be done. Nothing was "
            "changed."
        ),
        "board.malformed": _l("A board cannot be made like this; nothing was kept."),
    },
)
