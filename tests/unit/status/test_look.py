"""One look at the account, and the questions that it leaves open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from secrets_component.lookups.inventory import HeldSecret
from secrets_component.lookups.marks import KEY_TAG, MAP_TAG
from secrets_component.planning.plan import Plan
from secrets_component.status.look import MapStatus, look_at
from tests.unit.status.accounts import AccountStub
from tests.unit.status.secrets import CLOCK, ROTATES, arn, held, plan

OWN = "project/dev/shop"
DELETION = datetime(2026, 12, 24, tzinfo=UTC)
ID = "11111111-2222-3333-4444-555555555555"


def marked(name: str, key: str, by: str = OWN, **more: Any) -> HeldSecret:
    return held(name, tags={MAP_TAG: by, KEY_TAG: key}, **more)


def look(account: AccountStub, *plans: Plan) -> list[MapStatus]:
    given = {str(number): one for number, one in enumerate(plans)}
    return list(look_at(given, account, CLOCK).values())  # type: ignore[arg-type] # a stub


def status(account: AccountStub, entries: str, top: str = "") -> MapStatus:
    return look(account, plan(entries, top))[0]


def test_account_as_the_map_says_has_no_findings_and_is_listed_once() -> None:
    account = AccountStub(held("x/dev/a"), held("x/dev/b"))
    found = status(account, "a: {secret_data: v}\n  b: {secret_data: v}")
    assert found.findings == []
    assert [entry.state for entry in found.entries] == ["filled", "filled"]
    assert account.asked[0] == ("of_level", "x")
    assert sorted(account.asked[1:]) == [
        ("resource_policy", arn("x/dev/a")),
        ("resource_policy", arn("x/dev/b")),
    ]


def test_findings_of_all_comparisons_are_gathered() -> None:
    account = AccountStub(
        held(
            description="other",
            kms_key="alias/other",
            rotates=True,
            last_read=CLOCK.now - timedelta(days=91),
        ),
        policies={arn("x/dev/a"): "{}"},
    )
    found = status(account, "a: {secret_data: v}\n  b: {}")
    assert [(key, text.partition(" ")[0]) for key, text in found.findings] == [
        ("a", "has"),
        ("a", "rotates"),
        ("a", "was"),
        ("a", "is"),
        ("a", "has"),
        ("b", "is"),
    ]


def test_policy_is_not_asked_for_where_there_is_nothing_to_compare() -> None:
    account = AccountStub(held("x/dev/a"), held("x/dev/b", deletion=DELETION))
    found = status(account, "a: {import: x/dev/a}\n  b: {secret_data: v}\n  c: {secret_data: v}")
    assert account.asked == [("of_level", "x")]
    assert [entry.state for entry in found.entries] == ["filled", "deleted", "missing"]


def test_alias_is_resolved_once() -> None:
    key = f"arn:aws:kms:eu-central-1:123456789012:key/{ID}"
    account = AccountStub(held("x/dev/a", kms_key=key), held("x/dev/b", kms_key=key))
    account.keys["alias/own"] = ID
    top = "kms: {create: true, alias: own}\n"
    found = status(account, "a: {secret_data: v}\n  b: {secret_data: v}", top)
    assert found.findings == []
    assert account.asked.count(("key_id", "alias/own")) == 1


def test_alias_that_aws_does_not_show_is_asked_for_once() -> None:
    key = f"arn:aws:kms:eu-central-1:123456789012:key/{ID}"
    account = AccountStub(held("x/dev/a", kms_key=key), held("x/dev/b", kms_key=key))
    top = "kms: {create: true, alias: gone}\n"
    found = status(account, "a: {secret_data: v}\n  b: {secret_data: v}", top)
    said = ("key not compared: Alias alias/gone is not found.",)
    assert [entry.notes for entry in found.entries] == [said, said]
    assert account.asked.count(("key_id", "alias/gone")) == 1


def test_what_cannot_be_compared_is_a_note() -> None:
    key = f"arn:aws:kms:eu-central-1:123456789012:key/{ID}"
    top = "stacks: {o: a/b/c}\ndefault_kms_key_id: alias/gone\n"
    entries = (
        "a: {secret_data: v}\n  b: {secret_data: v, kms_key_id: '${output.o.key}', policy: "
        "{template: read-secret-policy, principals: ['${output.o.role}']}}"
    )
    account = AccountStub(held("x/dev/a", kms_key=key), held("x/dev/b", kms_key=key))
    found = status(account, entries, top)
    assert found.findings == []
    assert [entry.notes for entry in found.entries] == [
        ("key not compared: Alias alias/gone is not found.",),
        (
            "key not compared: `${output.o.key}` is known to `pulumi up` only",
            "resource policy not compared: it names principals by references",
        ),
    ]


def test_service_and_a_first_rotation_to_come_are_notes() -> None:
    account = AccountStub(held("x/dev/a", service="rds"), held("x/dev/b", rotates=True))
    found = status(account, f"a: {{import: x/dev/a}}\n  b: {{secret_data: v, {ROTATES}}}")
    assert found.findings == []
    assert [entry.notes for entry in found.entries] == [
        ("is managed by the AWS service `rds`, which alone rotates it",),
        ("has never rotated",),
    ]


def test_secret_under_its_old_name_is_found_by_its_tags() -> None:
    account = AccountStub(marked("x/dev/old", "a"))
    found = status(account, "a: {name: new, secret_data: v}")
    assert found.entries[0].state == "missing"
    assert found.entries[0].notes == (
        "the entry's secret is `x/dev/old`; `pulumi up` moves it to its new name",
    )


def test_entry_of_the_same_key_in_another_map_is_no_former_name() -> None:
    account = AccountStub(marked("x/dev/b", "b"), marked("x/dev/z", "a", by="project/dev/other"))
    found = status(account, "a: {secret_data: v}\n  b: {secret_data: v}")
    assert found.entries[0].state == "missing"
    assert found.entries[0].notes == ()


@pytest.mark.parametrize(
    ("stray", "finding", "note"),
    [
        (held("x/dev/z"), "is under the map's level, and no map has created it", None),
        (
            marked("x/dev/z", "gone"),
            "is of the entry `gone`, which this map no longer has under that name",
            None,
        ),
        (
            marked("x/dev/z", "b", by="project/dev/other"),
            None,
            "belongs to the map `project/dev/other`",
        ),
        (held("x/dev/z", service="rds"), None, "is managed by the AWS service `rds`"),
        (
            held("x/dev/z", deletion=DELETION),
            None,
            "is scheduled for deletion (2026-12-24T00:00+00:00)",
        ),
    ],
)
def test_secret_that_no_entry_has_is_shown_with_what_it_is(
    stray: HeldSecret, finding: str | None, note: str | None
) -> None:
    found = status(AccountStub(marked("x/dev/a", "a"), stray), "a: {secret_data: v}")
    assert [(one.held.name, one.finding, one.note) for one in found.strays] == [
        ("x/dev/z", finding, note)
    ]
    assert found.findings == ([("x/dev/z", finding)] if finding else [])


def test_secrets_of_the_files_other_maps_and_of_other_levels_are_no_strays() -> None:
    account = AccountStub(held("x/dev/a"), held("x/dev/b"), held("elsewhere/c"))
    first, second = look(account, plan("a: {secret_data: v}"), plan("b: {secret_data: v}"))
    assert (first.strays, second.strays) == ((), ())
