"""Failure texts that clients match on. Expectations: durable extension 2.13 and 3.12, Functions host."""

import json

from funchost.protocols.json1 import failure_texts


def failed(message: str = "bad") -> tuple[str, str]:
    return failure_texts.activity_failure("A", "ValueError", message, '  File "app.py", line 3, in a\n')


def test_the_reason_of_an_activity_failure_has_two_blanks_before_the_type() -> None:
    assert failed()[0] == "Activity function 'A' failed:  ValueError: bad"


def test_the_details_of_an_activity_failure_are_one_line_also_for_a_message_of_several_lines() -> None:
    reason, details = failed("first\nsecond")

    assert reason.endswith("ValueError: first\nsecond")
    assert "\n" not in details


def test_the_details_begin_with_the_net_type_the_class_and_the_message() -> None:
    assert failed()[1].startswith(
        '{"$type":"System.Exception, System.Private.CoreLib","ClassName":"System.Exception",'
        '"Message":" ValueError: bad","Data":null,"InnerException":{'
    )


def test_the_details_have_the_keys_of_a_net_exception_in_its_order() -> None:
    details = json.loads(failed()[1])

    assert list(details) == [
        *("$type", "ClassName", "Message", "Data", "InnerException", "HelpURL", "StackTraceString"),
        *("RemoteStackTraceString", "RemoteStackIndex", "ExceptionMethod", "HResult", "Source"),
        "WatsonBuckets",
    ]
    assert list(details["InnerException"]) == [
        *("$type", "IsUserException", "RemoteStackTrace", "RemoteMessage", "RemoteTypeName", "Message"),
        *("Data", "InnerException", "HelpLink", "Source", "HResult", "StackTrace"),
    ]


def test_the_inner_exception_carries_the_workers_report() -> None:
    inner = json.loads(failed()[1])["InnerException"]

    assert inner["RemoteStackTrace"] == '  File "app.py", line 3, in a\n'
    assert inner["RemoteMessage"] == "ValueError: bad"
    assert inner["Message"] == (
        'Result: Failure\nException: ValueError: bad\nStack:   File "app.py", line 3, in a\n'
    )


def test_the_common_way_to_parse_a_caught_activity_failure_finds_the_message() -> None:
    reason, details = failed()
    caught = Exception(f"{reason} \n {details}")

    line = caught.args[0].split("\n")[1]

    assert json.loads(line)["Message"].split(":", 1)[1].lstrip() == "bad"


def test_an_http_call_without_a_response_fails_with_the_message_and_its_exception() -> None:
    reason, details = failure_texts.http_activity_failure("Connection refused (localhost:1)")

    assert reason == "Connection refused (localhost:1)"
    assert json.loads(details)["ClassName"] == "System.Net.Http.HttpRequestException"
    assert json.loads(details)["Message"] == reason


def test_an_activity_that_ran_too_long_fails_with_the_text_of_the_timeout() -> None:
    text = "Timeout value of 00:00:05 was exceeded by function: Functions.slow"

    reason, details = failure_texts.activity_timeout("slow", text)

    assert reason == f"Activity function 'slow' failed: {text}"
    assert json.loads(details)["Message"] == text
