"""A refusal is an answer, too."""

import pytest

from secrets_component.doctor.asking import at_once
from secrets_component.lookups.inventory import AccountError
from tests.unit.doctor.accounts import ABSENT, DENIED, SILENT, PreparedAccount, asking


def test_right_names_service_and_operation() -> None:
    account = PreparedAccount(get_function_configuration={"State": "Active"})
    asked = asking(account)
    reply = asked.ask("f", "lambda:GetFunctionConfiguration", FunctionName="f")
    assert reply.answer == {"State": "Active"}
    assert account.asked == [("lambda", "get_function_configuration", {"FunctionName": "f"})]
    assert asked.unseen == ()


def test_refusal_is_noted_with_the_right_that_it_needs() -> None:
    asked = asking(describe_key=DENIED)
    assert asked.ask("the key `k`", "kms:DescribeKey", KeyId="k").answer is None
    assert asked.ask("the key `k`", "kms:DescribeKey", KeyId="k").is_absent is False
    assert asked.unseen == ("the key `k`: needs kms:DescribeKey",)


def test_what_does_not_exist_is_no_refusal() -> None:
    asked = asking(get_policy=ABSENT)
    reply = asked.ask("f", "lambda:GetPolicy", FunctionName="f")
    assert (reply.is_absent, reply.code, asked.unseen) == (True, "ResourceNotFoundException", ())


def test_other_answers_are_noted_by_their_code() -> None:
    asked = asking(get_policy=AccountError("x", code="ServiceException", is_answer=True))
    asked.ask("f", "lambda:GetPolicy", FunctionName="f")
    assert asked.unseen == ("f: AWS answers ServiceException",)


def test_silence_ends_the_visit() -> None:
    with pytest.raises(AccountError, match="Could not connect"):
        asking(get_policy=SILENT).ask("f", "lambda:GetPolicy", FunctionName="f")


def test_answers_come_in_the_order_of_the_questions() -> None:
    assert at_once(lambda number: number * 2, range(20)) == list(range(0, 40, 2))
