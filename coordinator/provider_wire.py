"""What is asked of an identity provider, and how much of its answer is taken.

1. nobody is asked but the provider: its own hosts, over https (`ProviderSettings.allows`)
2. no redirect is followed, no proxy and nothing else of the environment is used
3. an answer is over after `SECONDS` in all, however slowly it comes: name, connection, handshake,
   headers and body together
4. it has at most `LONGEST` bytes, uncompressed: no compressed one is taken, which could unfold

Authlib speaks through requests, whose limit of time begins anew with every byte. So a request is
sent by httpx under asyncio, where one limit holds for all of it.
"""

import asyncio
import io
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx
import requests

from corridor.coordinator.provider_settings import ProviderSettings
from corridor.errors.provider import ProviderUntrustedError

SECONDS = 10
LONGEST = 256 * 1024


def keep_to(settings: ProviderSettings, session: requests.Session) -> None:
    """Let a session ask the provider alone, take no more than it may, and follow nobody."""
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("https://", "http://"):
        session.mount(scheme, _ToProvider(settings))


def read_object(text: bytes) -> dict[str, Any]:
    """The object of JSON that an answer is.

    Raises:
        ProviderUntrustedError: it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProviderUntrustedError("it is no JSON") from error
    if not isinstance(found, dict):
        raise ProviderUntrustedError("it is no object of JSON")
    return found


def only_texts(response: requests.Response) -> requests.Response:
    """The same answer with nothing in its object but texts: what a library expects of a token.

    Raises:
        ProviderUntrustedError: it is no object of JSON.
    """
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return response
    found = read_object(response.content)
    texts = {name: value for name, value in found.items() if isinstance(value, str)}
    return _response(
        response.request, response.status_code, response.headers, json.dumps(texts).encode()
    )


class _ToProvider(requests.adapters.BaseAdapter):
    """Sends to the provider alone, and takes a bounded answer in a bounded time."""

    def __init__(self, settings: ProviderSettings) -> None:
        super().__init__()
        self._settings = settings

    def send(
        self, request: requests.PreparedRequest, *_arguments: Any, **_more: Any
    ) -> requests.Response:
        """Send it, if it goes to the provider.

        Raises:
            ProviderUntrustedError: it does not, and nothing was sent; or the answer is too long.
            requests.ConnectionError: there is no answer, or not in time.
        """
        if not self._settings.allows(request.url or ""):
            raise ProviderUntrustedError("it leads to a host that is not its own")
        try:
            return asyncio.run(self._ask(request))
        except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise requests.ConnectionError(type(error).__name__, request=request) from error

    async def _ask(self, request: requests.PreparedRequest) -> requests.Response:
        connections: list[Any] = []

        async def see(event: str, information: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                connections.append(information["return_value"])

        try:
            async with asyncio.timeout(SECONDS):
                return await self._answer(request, see)
        finally:  # a handshake that is cut short leaves its connection open
            for one in connections:
                await one.aclose()

    async def _answer(
        self, request: requests.PreparedRequest, see: Callable[..., Awaitable[None]]
    ) -> requests.Response:
        body, headers = bytearray(), httpx.Headers(dict(request.headers))  # type: ignore[arg-type]
        headers["Accept-Encoding"] = "identity"
        async with (
            httpx.AsyncClient(
                verify=self._trusted(), trust_env=False, follow_redirects=False, timeout=SECONDS
            ) as client,
            client.stream(
                request.method or "GET",
                request.url or "",
                headers=headers,
                content=request.body,  # type: ignore[arg-type]  # of a form: text
                extensions={"trace": see},
            ) as answer,
        ):
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise ProviderUntrustedError("it is compressed, though that was not asked for")
            async for part in answer.aiter_raw():
                body += part
                if len(body) > LONGEST:
                    raise ProviderUntrustedError("it is too long")
        return _response(request, answer.status_code, answer.headers, bytes(body))

    def _trusted(self) -> ssl.SSLContext:
        own = self._settings.ca_file
        return ssl.create_default_context(cafile=own) if own else _known_authorities()

    def close(self) -> None:
        """Nothing is kept open."""


@cache
def _known_authorities() -> ssl.SSLContext:
    """Those that everybody trusts: a long list, read once and not with every question."""
    return httpx.create_ssl_context(trust_env=False)


def _response(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], body: bytes
) -> requests.Response:
    made = requests.Response()
    made.request, made.url = request, request.url or ""
    made.status_code = status
    made.headers.update(headers)
    made.encoding = "utf-8"
    made.raw = io.BytesIO(body)
    return made
