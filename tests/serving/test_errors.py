"""Every kind of refusal of every package as a status."""

from collections.abc import Callable

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2

from margin import errors as margin_errors
from serving import errors
from serving.errors import DOMAIN, Reason, ServingError, answer_to, encode_answer
from snark import errors as snark_errors

CODE = grpc.StatusCode
KINDS = {
    "MalformedError": CODE.INVALID_ARGUMENT,
    "MisuseError": CODE.FAILED_PRECONDITION,
    "RejectedError": CODE.FAILED_PRECONDITION,
    "InternalError": CODE.INTERNAL,
}


@pytest.mark.parametrize("package", [margin_errors, snark_errors], ids=lambda package: package.__name__)
@pytest.mark.parametrize(("kind", "code"), KINDS.items())
def test_each_kind_of_each_package(package: object, kind: str, code: grpc.StatusCode) -> None:
    make: Callable[..., Exception] = getattr(package, kind)
    reason = next(iter(vars(package)["Reason"]))
    answer = answer_to(make(reason, "a.b[3]", found="something", expected="something else"))
    assert answer.code is code
    if code is not CODE.INTERNAL:
        assert (answer.reason, answer.field, answer.expected) == (reason, "a.b[3]", "something else")
        assert answer.message == "a.b[3]: expected something else"


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("kind", [errors.MalformedError, errors.MisuseError, errors.RejectedError])
def test_each_reason_of_serving_has_a_code(reason: Reason, kind: type[ServingError]) -> None:
    answer = answer_to(kind(reason, "", found="", expected="x", retry_milliseconds=10))
    expected = errors.CODES_OF_REASONS.get(reason, errors.CODES_OF_KINDS[kind.kind])
    assert answer.code is expected
    assert answer.retry_milliseconds == 10


def test_a_malformed_request_names_its_field() -> None:
    error = margin_errors.MalformedError(margin_errors.Reason.NOT_A_RATE, "rate", found="7", expected="a rate")
    status = encode_answer(answer_to(error), "an-id-of-a-request")
    assert (status.code, status.message) == (code_pb2.INVALID_ARGUMENT, "rate: expected a rate")
    info, request, bad = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.RequestInfo(),
        error_details_pb2.BadRequest(),
    )
    assert all(detail.Unpack(found) for detail, found in zip(status.details, (info, request, bad), strict=True))
    assert (info.reason, info.domain, dict(info.metadata)) == ("NOT_A_RATE", DOMAIN, {"kind": "malformed"})
    assert request.request_id == "an-id-of-a-request"
    assert [(each.field, each.description) for each in bad.field_violations] == [("rate", "a rate")]


@pytest.mark.parametrize("error", [ValueError("a secret"), KeyError("a secret"), MemoryError(), AssertionError("x")])
def test_what_is_no_refusal_says_nothing(error: Exception) -> None:
    answer = answer_to(error)
    assert answer == errors.INTERNAL
    assert answer.message == "internal error"


def test_a_field_that_is_no_path_is_not_told() -> None:
    error = snark_errors.MalformedError(snark_errors.Reason.V01_NOT_READABLE, "key", found="", expected="a key")
    assert answer_to(error.in_file("/etc/keys/a.zkey")).field == ""


def test_a_retry_is_told_to_the_millisecond() -> None:
    error = errors.RejectedError(Reason.QUEUE_FULL, "", found="", expected="room", retry_milliseconds=1250)
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in encode_answer(answer_to(error), "id").details)
    assert retry.retry_delay.ToMilliseconds() == 1250
