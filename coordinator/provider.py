"""Signs people in at an identity provider: OpenID Connect, the code flow with PKCE and a nonce.

    begin  ──▶ 1. what the provider says of itself is fetched from under the issuer of oidc.toml,
                  names that issuer, and no address beyond the provider's own hosts
               2. state, nonce and the verifier of PKCE are drawn, sealed, and given to the browser
    finish ──▶ 3. the browser holds what it was given, not long ago and with this state, and nobody
                  was let in with it before
               4. the code is exchanged, with the verifier
               5. the id_token is signed by a key of the provider, by an algorithm with two keys
               6. it is of this issuer, for this client, not over, and has this nonce
               7. groups become roles; the account is made, or follows (`PeopleDesk.arrive`)

What goes over the wire, and how much of an answer is taken, stands in `provider_wire`. A sign-in
that was begun takes no memory here, so nobody can push another's out. The key under which it is
sealed does: after a restart one signs in again.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import requests
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from corridor.coordinator.provider_settings import ProviderSettings
from corridor.coordinator.provider_wire import keep_to, only_texts, read_object
from corridor.errors.people import BadOrganisationError
from corridor.errors.provider import (
    ProviderRefusedError,
    ProviderUnavailableError,
    ProviderUntrustedError,
    StrayAnswerError,
)
from corridor.people import REGION, Arrival
from corridor.protocols.suite import RandomBytes
from corridor.sealing import KEY_BYTES, seal, unseal

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""With two keys each: one whose secret is the client's own proves nothing about the provider."""

KEY_KINDS = ("RSA", "EC", "OKP")

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
KNOWN_SECONDS = 60 * 60
"""How long what the provider said of itself is believed."""

PATIENCE_SECONDS = 2
SILENT_SECONDS = 10
"""So long nobody asks a provider again that did not answer."""

BEGUN_SECONDS = 10 * 60
BEGUN = "sign-in that was begun"
LEEWAY_SECONDS = 120
LONGEST_SUBJECT = 255
"""As OpenID Connect Core 1.0, section 2, has it."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that a browser began; it holds this sealed."""

    state: str
    nonce: str
    verifier: str
    redirect: str
    ends_at: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider said of itself."""

    metadata: Mapping[str, Any]
    until: int


@dataclass(slots=True)
class ProviderDesk:
    """Speaks with the one provider of oidc.toml.

    Attributes:
        now: seconds since 1970 UTC.
    """

    settings: ProviderSettings
    now: Callable[[], int]
    random_bytes: RandomBytes
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _used: dict[str, int] = field(default_factory=dict)
    _key: bytes = field(init=False, repr=False)
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _silent_until: int = 0
    _known: _Known | None = None
    _keys: KeySet | None = None

    def __post_init__(self) -> None:
        """Draw the key under which what a browser began is sealed."""
        self._key = self.random_bytes(KEY_BYTES)

    def begin(self, redirect: str) -> tuple[str, str]:
        """Where the browser goes, and what it holds until it comes back.

        Args:
            redirect: the address of this site to which the provider leads back.

        Raises:
            ProviderUnavailableError, ProviderUntrustedError: nothing was begun.
        """
        metadata = self._metadata()
        state, nonce, verifier = (self._draw() for _ in range(3))
        begun = Begun(state, nonce, verifier, redirect, self.now() + BEGUN_SECONDS)
        with self._client() as client:
            address, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
                redirect_uri=redirect,
            )
        return str(address), self._seal(begun)

    def finish(self, held: str, answer: Mapping[str, str]) -> Arrival:
        """Whom the provider let in.

        Args:
            held: what the browser holds.
            answer: state, and code or error.

        Raises:
            StrayAnswerError, ProviderRefusedError, ProviderUnavailableError,
            ProviderUntrustedError: nobody.
        """
        begun = self._unseal(held)
        if begun is None or self.now() >= begun.ends_at or answer.get("state") != begun.state:
            raise StrayAnswerError
        # Where the provider names itself, an answer of another one is not taken for its own.
        if answer.get("iss", self.settings.issuer).rstrip("/") != self.settings.issuer:
            raise ProviderUntrustedError("it names another provider")
        if "error" in answer or not answer.get("code"):
            raise ProviderRefusedError
        with self._once(begun):
            token = self._exchange(begun, answer["code"])
            return self._arrival(self._claims(token, begun.nonce))

    def leaving(self) -> str | None:
        """Where somebody signs out of the provider, too; None where it says no such address."""
        address = self._metadata().get("end_session_endpoint")
        if not isinstance(address, str) or not self.settings.allows(address):
            return None
        prepared = requests.Request(
            "GET", address, params={"client_id": self.settings.client_id}
        ).prepare()
        return prepared.url

    # ---------------------------------------------------------------- the provider's answers

    def _metadata(self) -> Mapping[str, Any]:
        known = self._known
        if known is not None and self.now() < known.until:
            return known.metadata
        # Whoever only opens the page of signing in must not hold all of the web's threads.
        if self.now() < self._silent_until or not self._asking.acquire(timeout=PATIENCE_SECONDS):
            raise ProviderUnavailableError
        try:
            if self._known is not known and self._known is not None:  # another thread asked
                return self._known.metadata
            return self._learn()
        except ProviderUnavailableError:
            self._silent_until = self.now() + SILENT_SECONDS
            raise
        finally:
            self._asking.release()

    def _learn(self) -> Mapping[str, Any]:
        """Ask the provider what it says of itself, and hold that against oidc.toml."""
        found = self._fetch(f"{self.settings.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.settings.issuer:
            raise ProviderUntrustedError("it names another issuer than oidc.toml")
        for key in ENDPOINTS:
            if not self.settings.allows(str(found.get(key, ""))):
                raise ProviderUntrustedError(
                    f'its "{key}" is no https address on a host of its own (hosts in oidc.toml)'
                )
        self._known = _Known(found, self.now() + KNOWN_SECONDS)
        self._keys = None
        return found

    def _exchange(self, begun: Begun, code: str) -> Mapping[str, Any]:
        metadata = self._metadata()
        try:
            with self._client() as client:
                return dict(
                    client.fetch_token(
                        metadata["token_endpoint"],
                        code=code,
                        code_verifier=begun.verifier,
                        redirect_uri=begun.redirect,
                    )
                )
        except OAuthError as error:
            _log.info("provider.refused", stage="token")
            raise ProviderRefusedError from error
        except (requests.RequestException, ValueError) as error:
            raise ProviderUnavailableError from error

    def _claims(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        given = token.get("id_token")
        if not isinstance(given, str) or not token.get("access_token"):
            raise ProviderUntrustedError("it has no id_token")
        try:
            decoded = self._decoded(given)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "values": self._issuers()},
                    "sub": {"essential": True},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "nonce": {"essential": True, "value": nonce},
                },
                params={
                    "nonce": nonce,
                    "client_id": self.settings.client_id,
                    "access_token": token["access_token"],
                },
            )
            claims.validate(now=self.now(), leeway=LEEWAY_SECONDS)
        except (JoseError, OAuthError, ValueError, TypeError, KeyError, RecursionError) as error:
            # Of what somebody else wrote: the libraries expect texts and numbers in their places.
            _log.info("provider.untrusted", problem=type(error).__name__)
            raise ProviderUntrustedError("its id_token is not valid") from error
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= LONGEST_SUBJECT:
            raise ProviderUntrustedError('its "sub" is no text of 1 to 255 characters')
        return dict(claims)

    def _issuers(self) -> list[str]:
        return [self.settings.issuer, self.settings.issuer + "/"]

    def _decoded(self, token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        try:
            return jwt.decode(token, self._key_set(), registry=registry)
        except InvalidKeyIdError:  # a new key, since the last time
            self._keys = None
            return jwt.decode(token, self._key_set(), registry=registry)

    def _key_set(self) -> KeySet:
        keys = self._keys
        if keys is None:
            found = self._fetch(self._metadata()["jwks_uri"])
            given = found.get("keys")
            if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
                raise ProviderUntrustedError("its keys are no list of keys")
            public = [one for one in given if one.get("kty") in KEY_KINDS]
            keys = self._keys = KeySet.import_key_set({"keys": public})
        return keys

    def _arrival(self, claims: Mapping[str, Any]) -> Arrival:
        says = self.settings
        groups = claims.get(says.roles_claim, [])
        groups = [groups] if isinstance(groups, str) else groups
        if not isinstance(groups, list):
            groups = []
        organisation = says.organisation
        if says.organisation_claim:
            organisation = str(claims.get(says.organisation_claim, "") or organisation)
        try:
            organisation = REGION.parse_organisation(organisation)
        except BadOrganisationError as error:
            raise ProviderUntrustedError("its claim of an organisation is too long") from error
        amr = claims.get("amr")
        methods = {one for one in amr if isinstance(one, str)} if isinstance(amr, list) else set()
        strong = bool(methods & says.second_factor_amr) or (
            str(claims.get("acr", "")) in says.second_factor_acr
        )
        return Arrival(
            issuer=says.issuer,
            subject=claims["sub"],
            name=" ".join(str(claims.get(says.name_claim, "")).split()),
            roles=says.roles_of([one for one in groups if isinstance(one, str)]),
            organisation=organisation,
            has_second_factor=strong,
        )

    # ---------------------------------------------------------------- the wire

    def _client(self) -> OAuth2Session:
        client = OAuth2Session(
            client_id=self.settings.client_id,
            client_secret=self.settings.secret,
            token_endpoint_auth_method="client_secret_basic" if self.settings.secret else "none",
            scope="openid profile email",
            code_challenge_method="S256",
        )
        keep_to(self.settings, client)
        client.register_compliance_hook("access_token_response", only_texts)
        return client

    def _fetch(self, address: str) -> Mapping[str, Any]:
        with requests.Session() as session:
            keep_to(self.settings, session)
            try:
                answer = session.get(address)
                answer.raise_for_status()
            except requests.RequestException as error:
                raise ProviderUnavailableError from error
        return read_object(answer.content)

    def _draw(self) -> str:
        return base64.urlsafe_b64encode(self.random_bytes(32)).rstrip(b"=").decode()

    # ---------------------------------------------------------------- what a browser began

    def _seal(self, begun: Begun) -> str:
        text = json.dumps(asdict(begun)).encode()
        return base64.urlsafe_b64encode(seal(self._key, BEGUN, text, self.random_bytes)).decode()

    def _unseal(self, held: str) -> Begun | None:
        """What was sealed here; None where it is anything else."""
        try:
            return Begun(**json.loads(unseal(self._key, BEGUN, base64.urlsafe_b64decode(held))))
        except ValueError:
            return None

    @contextmanager
    def _once(self, begun: Begun) -> Iterator[None]:
        """Let nobody in twice with one sign-in; who was not let in may try again.

        Raises:
            StrayAnswerError: somebody was, or is being.
        """
        with self._turn:
            now = self.now()
            self._used = {state: end for state, end in self._used.items() if now < end}
            if begun.state in self._used:
                raise StrayAnswerError
            self._used[begun.state] = begun.ends_at
        try:
            yield
        except BaseException:
            with self._turn:
                self._used.pop(begun.state, None)
            raise
