"""Problem documents as RFC 9457 has them."""

import json

import pytest

from shared import exceptions, problems

INVALID = exceptions.InvalidValue("taskCount", "ten", "is not a whole number", "0 to 10000")
UNKNOWN = exceptions.OrchestratorNotFound("nobody")


@pytest.mark.parametrize(
    ("refusal", "status", "title"), [(INVALID, 400, "Bad Request"), (UNKNOWN, 404, "Not Found")]
)
def test_a_problem_document_has_the_members_of_the_standard(refusal, status, title):
    document = problems.document(refusal)

    assert document["type"] == "about:blank"
    assert document["title"] == title
    assert document["status"] == status
    assert document["detail"] == str(refusal)


def test_a_problem_document_names_the_parameter_and_what_it_may_be():
    document = problems.document(INVALID)

    assert (document["parameter"], document["allowed"]) == ("taskCount", "0 to 10000")
    assert document["detail"] == "taskCount: 'ten' is not a whole number. Give 0 to 10000."


def test_the_response_carries_the_document_under_its_own_media_type():
    response = problems.response(UNKNOWN)

    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.get_body()) == problems.document(UNKNOWN)
