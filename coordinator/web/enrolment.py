"""The view through which a node enters the region."""

from flask import Blueprint, Response, jsonify, request

from corridor.coordinator.enrolment_desk import EnrolmentDesk, EnrolmentRequest
from corridor.coordinator.web.access import FailurePace
from corridor.coordinator.web.body import Body
from corridor.errors import CorridorError
from corridor.errors.region import InsecureEnrolmentError


def enrolment_views(desk: EnrolmentDesk, pace: FailurePace, *, plain_http: bool) -> Blueprint:
    """POST /enrolment."""
    views = Blueprint("enrolment", __name__)

    @views.post("/enrolment")
    def enrol() -> Response:
        if plain_http:
            raise InsecureEnrolmentError
        address = request.remote_addr or ""
        pace.demand_slow(address)
        try:
            enrolled = desk.enrol(read_enrolment())
        except CorridorError:
            pace.failed(address)
            raise
        return jsonify(
            certificate=enrolled.certificate.decode(),
            ca=enrolled.authority.decode(),
            coordinator_key=enrolled.coordinator_key.hex(),
            grpc=enrolled.grpc,
            region=enrolled.region,
            country=enrolled.country,
        )

    return views


def read_enrolment() -> EnrolmentRequest:
    """What the current request shows.

    Raises:
        MalformedRequestError: a key is missing, unknown, or has a value of another type.
    """
    body = Body("code", "csr", "card", "proof")
    return EnrolmentRequest(
        code=body.text("code"),
        csr=body.text("csr").encode(),
        card=body.text("card").encode(),
        proof=body.octets("proof"),
    )
