"""The view through which a node enters the region."""

from flask import Blueprint, Response, jsonify, request

from corridor.coordinator.enrolment_desk import EnrolmentDesk
from corridor.coordinator.web.access import FailurePace
from corridor.coordinator.web.operations import operation, read_body
from corridor.coordinator.web.shapes import Enrolled, EnrolmentBody
from corridor.errors import CorridorError
from corridor.errors.region import InsecureEnrolmentError
from corridor.people.tries import network_of


def enrolment_views(desk: EnrolmentDesk, pace: FailurePace, *, plain_http: bool) -> Blueprint:
    """POST /enrolment."""
    views = Blueprint("enrolment", __name__)

    @views.post("/enrolment")
    @operation(takes=EnrolmentBody, gives=Enrolled, needs=None, refuses=(403, 404, 409))
    def enrol() -> Response:
        """Enter the region with an invitation's code; over TLS alone."""
        if plain_http:
            raise InsecureEnrolmentError
        network = network_of(request.remote_addr)
        pace.demand_slow(network)
        try:
            enrolled = desk.enrol(read_body(EnrolmentBody).to_request())
        except CorridorError:
            pace.failed(network)
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
