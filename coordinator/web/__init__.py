"""The REST API under /api/v1: JSON in, JSON out, `{"code", "message"}` for every refusal.

site         puts the blueprints together, and what every request passes: size, pace, token
refusals     our errors as statuses
enrolment    POST /enrolment                     with a one-time code, over TLS only
region       GET  /region, /members, /indicators
questions    POST /forecast, /questions; GET /questions, /questions/ID
series       GET  /series, /series/ID; POST /series/ID/now, /series/ID/end
releases     GET  /releases, /releases/ID, /releases/ID/receipt

A view reads the request, asks a desk, shows the answer. Everything but /health and /enrolment
needs a token.
"""
