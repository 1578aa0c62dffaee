"""Errors of the library, as it spells them, in our words: what is refused for good, and what may pass."""

from __future__ import annotations

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from tlray.io.disk.storage import parse_storage
from tlray.io.results.object_errors import explain

STORAGE = parse_storage("s3://sets/a", {"AWS_ENDPOINT_URL": "https://s3.example.org"})
SECRET = "X-Amz-Signature=hush"  # noqa: S105 - nobody\'s


def answered(status: int, code: str = "") -> Exception:
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>" if code else ""
    return GenericError(
        f"Generic S3 error: Error performing PUT https://s3.example.org/sets/a?{SECRET} in 5ms - Server returned non-2xx"
        f" status code: {status} Some Phrase: {body}\n\nDebug source:\nGeneric {{\n    kind: Status,"
    )


def broken(kind: str) -> Exception:
    return GenericError(
        f"Generic S3 error: Error performing GET https://s3.example.org/sets?{SECRET} in 5s, after 2 retries - HTTP error: error"
        f" sending request\n\nDebug source:\n inner: Http(\n HttpError {{\n kind: {kind},\n source: reqwest::Error {{"
    )


@pytest.mark.parametrize(
    ("error", "is_refusal", "words"),
    [
        (answered(404, "NoSuchBucket"), True, "the bucket does not exist"),
        (answered(404, "ContainerNotFound"), True, "the container does not exist"),
        (answered(400, "InvalidBucketName"), True, "no name of a bucket"),
        (answered(301, "PermanentRedirect"), True, "in another region; set AWS_REGION"),
        (answered(400, "ExpiredToken"), True, "the credentials have expired"),
        (answered(403, "RequestTimeTooSkewed"), True, "the clock of this machine is wrong"),
        (answered(403, "InvalidAccessKeyId"), True, "the credentials are wrong, status 403 (InvalidAccessKeyId); check AWS_"),
        (answered(401), True, "the credentials are wrong, status 401"),
        (answered(403, "AccessDenied"), True, "access is denied"),
        (PermissionDeniedError("DeleteObjects request failed for key a: no (code: AccessDenied)"), True, "access is denied"),
        (GenericError("Error performing PUT http://169.254.169.254/latest/api/token - HTTP error"), True, "no credentials"),
        (answered(507), False, "it is full"),
        (answered(400, "QuotaExceeded"), False, "it is full"),
        (answered(503, "SlowDown"), False, "its server at https://s3.example.org fails with status 503 (SlowDown)"),
        (answered(409, "ConditionalRequestConflict"), False, "fails with status 409"),
        (answered(429), False, "fails with status 429"),
        (answered(501, "NotImplemented"), False, "fails with status 501 (NotImplemented)"),
        (answered(400, "MalformedXML"), True, "refuses a request with status 400 (MalformedXML)"),
        (broken("Connect"), False, "its server at https://s3.example.org cannot be reached"),
        (broken("Timeout"), False, "does not answer in time"),
        (broken("Interrupted"), False, "the connection to its server at https://s3.example.org broke"),
    ],
)  # fmt: skip
def test_an_error_says_what_is_wrong_and_no_more(error: Exception, is_refusal: bool, words: str) -> None:
    found = explain(error, STORAGE)
    assert found.is_refusal is is_refusal
    assert words in str(found)
    assert SECRET not in str(found)
    assert "\n" not in str(found)
    assert "--resume" in str(found)
