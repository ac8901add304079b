"""Security headers: a content policy with a nonce per request, no framing, no content sniffing."""

import secrets

from flask import Flask, Response, g, request

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

MAY_BE_STORED = ("/static/", "/admin/static/", "/docs/", "/openapi.json")
"""Addresses with the same content for everybody. All other answers may hold personal data, so they are never cached."""


def nonce() -> str:
    """The nonce of this request. Browsers run only scripts that carry it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def register(app: Flask) -> None:
    """Add the headers to every answer and give templates the nonce."""
    app.context_processor(lambda: {"csp_nonce": nonce})
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=nonce()))
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if not request.path.startswith(MAY_BE_STORED):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
