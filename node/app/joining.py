"""A new node: its home and keys, its card, its enrolment with the coordinator."""

from datetime import UTC, datetime

from corridor.errors.charter import NoSuchCountryError
from corridor.errors.node import (
    SettingsError,
)
from corridor.files import write_atomically
from corridor.ids import CountryCode
from corridor.node.app.world import World, card_view, own_card_view, read_data
from corridor.node.enrolment import enrol as ask_to_enrol
from corridor.node.home import (
    Enrolment,
    Home,
    NodeSettings,
    create_home,
    demand_in_service,
    read_settings,
    write_enrolment,
)
from corridor.node.keys import (
    keep_certificates,
    make_keys,
    read_keys,
)
from corridor.node.policy import DEFAULT_POLICY
from corridor.node.store import EditionStore
from corridor.node.views import (
    CardView,
    InvitationView,
)
from corridor.protocols.cards import fingerprint_text, parse_fingerprint
from corridor.queries.catalogue import parse_catalogue
from corridor.transport.certificates import (
    encode_key,
    make_key,
)
from corridor.transport.fingerprints import spoken_fingerprint
from corridor.transport.invitations import parse_invitation


def initialise(world: World, *, country: CountryCode, name: str) -> CardView:
    """Make a node in the empty folder `world.home`: settings, keys, an empty store, a policy.

    Raises:
        HomeExistsError: there is a node already. Nothing was changed.
        NoSuchCountryError: no charter could list this country. Nothing was made.
    """
    if country not in parse_catalogue(read_data).country_names:
        raise NoSuchCountryError(country)
    home = Home(world.home)
    settings = NodeSettings(country, name)
    create_home(home, settings)
    keys = make_keys(home, world.random_bytes)
    write_atomically(home.policy, DEFAULT_POLICY.encode())
    EditionStore(world.home, world.random_bytes, world.clock)
    return card_view(keys.card(settings))


def card(world: World) -> CardView:
    """This node's card; while its keys are being rotated, with the one that follows."""
    return own_card_view(Home(world.home))


def invitation_view(invitation: bytes) -> InvitationView:
    """What an invitation says, before anything is sent to whoever wrote it.

    Raises:
        MalformedInvitationError: it is none.
    """
    asked = parse_invitation(invitation)
    key = parse_fingerprint(asked.coordinator_key)
    authority = asked.authority.upper()
    return InvitationView(
        country=asked.country,
        grpc=asked.grpc,
        web=asked.web,
        expires=datetime.fromtimestamp(asked.expires, UTC),
        authority="-".join(authority[at : at + 4] for at in range(0, len(authority), 4)),
        coordinator_key=fingerprint_text(key),
        words=spoken_fingerprint(key),
    )


def enrol(world: World, invitation: bytes) -> Enrolment:
    """Join the coordinator that sent the invitation.

    Raises:
        CorridorError: the invitation, the connection or what came back is not what it must be.
            Nothing was kept.
    """
    home = Home(world.home)
    settings = read_settings(home)
    demand_in_service(home)
    keys = read_keys(home)
    asked = parse_invitation(invitation)
    if asked.country != settings.country:
        raise SettingsError(
            f"the invitation is for {asked.country}, this node is {settings.country}'s; nothing "
            f"was sent. Ask the coordinator for the invitation of {settings.country}"
        )
    # A key of its own for every certificate: a new invitation is the answer to a stolen key, too.
    identity_key = make_key(world.random_bytes)
    enrolled = ask_to_enrol(asked, keys.card(settings), keys.sign, identity_key, world.clock())
    keep_certificates(home, enrolled, encode_key(identity_key))
    enrolment = Enrolment(
        region=enrolled.region,
        grpc=enrolled.grpc,
        web=asked.web,
        coordinator_key=enrolled.coordinator_key,
        authority=asked.authority,
    )
    write_enrolment(home, enrolment)
    return enrolment
