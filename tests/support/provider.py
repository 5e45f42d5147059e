"""Identity providers: a real one as a process of its own, and one that lies as it is told to.

`provider_process` runs oidc-provider-mock, an OpenID provider on authlib's server for tests of
others' software. `LyingProvider` signs what it is told: another issuer, another client, no nonce,
a foreign key, no signature at all. It checks PKCE as RFC 7636 says, which the other leaves out.
"""

import base64
import hashlib
import hmac
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from corridor.cli.demo.region import free_port

Claims = dict[str, Any]
Raw = Callable[[], Response]


@contextmanager
def provider_process() -> Iterator[str]:
    """The issuer's address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    issuer = f"http://localhost:{port}"
    try:
        for _ in range(300):
            try:
                fetch(f"{issuer}/.well-known/openid-configuration").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield issuer
    finally:
        process.terminate()
        process.wait(10)


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Tests' providers speak plain HTTP; httpx would read everybody's authorities at each request."""


def fetch(address: str) -> httpx.Response:
    """What is at an address over plain HTTP; a redirect is not followed."""
    return httpx.get(address, verify=_NO_TLS)


def describe(issuer: str, subject: str, **claims: object) -> None:
    """Tell the provider who somebody is."""
    httpx.put(f"{issuer}/users/{subject}", json=claims, verify=_NO_TLS).raise_for_status()


def let_in(address: str, subject: str) -> str:
    """Sign in at the provider's own form; the address to which it leads back."""
    answer = httpx.post(address, data={"sub": subject}, verify=_NO_TLS)
    assert answer.has_redirect_location, answer.text
    return answer.headers["location"]


@cache
def published_key() -> RSAKey:
    """Made once: a liar lies about what it signs, and no key is found out by it."""
    return RSAKey.generate_key(2048, auto_kid=True)


@cache
def foreign_key() -> RSAKey:
    """One that no provider publishes."""
    return RSAKey.generate_key(2048)


@dataclass
class LyingProvider:
    """A provider that is bent in one place.

    Attributes:
        bend: changes the claims before they are signed.
        sign: makes an id_token of claims; with the published key unless it is replaced.
        metadata: replaces parts of what it says of itself.
        heard: the paths that it was asked for.
        raw: what it answers at a path in the place of everything else.
        clients: who exchanged a code, by the header that has a secret and by the form.
    """

    issuer: str = ""
    bend: Callable[[Claims], Claims] = lambda claims: claims
    metadata: Claims = field(default_factory=dict)
    sign: Callable[[Claims], str] | None = None
    subject: str = "ana"
    claims: Claims = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    is_broken: bool = False
    clients: list[tuple[str | None, str | None]] = field(default_factory=list)
    answer: dict[str, str] = field(default_factory=dict)
    raw: dict[str, Raw] = field(default_factory=dict)
    key: RSAKey = field(default_factory=published_key)
    begun: dict[str, dict[str, str]] = field(default_factory=dict)

    def signed(self, claims: Claims) -> str:
        """By the key that it publishes."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def with_another_key(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, foreign_key())

    def with_the_public_key_as_a_secret(self, claims: Claims) -> str:
        parts = ({"alg": "HS256", "kid": self.key.kid}, claims)
        signed = ".".join(_encoded(json.dumps(one).encode()) for one in parts)
        secret = self.key.as_pem(private=False)
        return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"

    def without_a_signature(self, claims: Claims) -> str:
        parts = ({"alg": "none", "kid": self.key.kid}, claims)
        return ".".join(_encoded(json.dumps(one).encode()) for one in parts) + "."

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.before_request
        def hear() -> Response | None:
            self.heard.append(request.path)
            raw = self.raw.get(request.path)
            return None if raw is None else raw()

        @app.get("/.well-known/openid-configuration")
        def configuration() -> Response | tuple[str, int]:
            if self.is_broken:
                return "broken", 500
            known = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }
            return jsonify({**known, **self.metadata})

        @app.get("/keys")
        def keys() -> Response:
            return jsonify(keys=[self.key.as_dict(private=False)])

        @app.get("/authorize")
        def authorize() -> Response:
            code = f"code {len(self.begun)}"
            self.begun[code] = request.args.to_dict()
            back = httpx.URL(request.args["redirect_uri"])
            said = {"code": code, "state": request.args["state"], **self.answer}
            return redirect(str(back.copy_merge_params(said)), 303)

        @app.post("/token")
        def token() -> Response | tuple[Response, int]:
            shown = request.authorization
            secret = None if shown is None else shown.password
            self.clients.append((secret, request.form.get("client_id")))
            begun = self.begun.pop(request.form["code"], None)
            verifier = request.form.get("code_verifier", "")
            challenge = _encoded(hashlib.sha256(verifier.encode()).digest())
            if begun is None or begun["code_challenge"] != challenge:
                return jsonify(error="invalid_grant"), 400
            assert begun["code_challenge_method"] == "S256"
            now = int(time.time())
            claims = self.bend(
                {
                    "iss": self.issuer,
                    "sub": self.subject,
                    "aud": begun["client_id"],
                    "nonce": begun["nonce"],
                    "iat": now,
                    "exp": now + 300,
                    **self.claims,
                }
            )
            sign = self.sign or self.signed
            return jsonify(access_token="a token", token_type="Bearer", id_token=sign(claims))

        return app


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    """One that says the truth until it is bent."""
    provider = LyingProvider()
    server = make_server("127.0.0.1", 0, provider.app(), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def words_of(address: str) -> dict[str, str]:
    """What an address carries behind its question mark."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
