"""The second factor: one-time codes of an authenticator (TOTP, RFC 6238), and recovery codes.

A code is right within its half minute and one on either side, and once: the store remembers the
last half minute used, so that a code that somebody saw is worth nothing.
"""

import base64
import hashlib

import pyotp
import segno

from corridor.protocols.suite import RandomBytes

SECRET_BYTES = 20
"""As RFC 4226, section 4, recommends."""

STEP_SECONDS = 30
DRIFT_STEPS = 1
RECOVERY_CODES = 10
CODE_BYTES = 10
"""80 bits: not to be guessed, so a plain hash keeps them well."""


def make_secret(random_bytes: RandomBytes) -> str:
    """A secret to share with an authenticator, in base 32."""
    return base64.b32encode(random_bytes(SECRET_BYTES)).decode()


def step_of(secret: str, code: str, now: int, used: int) -> int | None:
    """The half minute that `code` is of, if it is right now and later than the one `used` last."""
    text = "".join(code.split())
    if not text.isascii() or not text.isdigit() or len(text) != 6:
        return None
    current = now // STEP_SECONDS
    maker = pyotp.TOTP(secret)
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        right = pyotp.utils.strings_equal(maker.generate_otp(step), text)
        if right and step > used:
            return step
    return None


def provisioning(secret: str, name: str, place: str) -> str:
    """The address that an authenticator reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"Corridor {place}")


def picture(address: str) -> str:
    """The same as a QR code: the path of an SVG, and nothing in it needs a style."""
    return segno.make(address, error="m").svg_inline(
        scale=4, border=4, svgclass="qr", lineclass=None, omitsize=True, dark="#000", light="#fff"
    )


def make_code(random_bytes: RandomBytes) -> str:
    """A one-time code to write down: sixteen letters and digits, in fours."""
    text = base64.b32encode(random_bytes(CODE_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def code_hash(code: str) -> bytes:
    """What is kept of such a code, however it is typed."""
    text = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(b"corridor one-time code" + text.encode()).digest()
