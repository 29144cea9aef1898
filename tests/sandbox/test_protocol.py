"""The provider protocol on a table of one made-up type, called as the engine calls it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.providers import aws
from sandbox.providers.cloud import Cloud
from sandbox.providers.official import facts, facts_of
from sandbox.providers.protocol import (
    UNKNOWN,
    Access,
    Properties,
    Provider,
    ProviderError,
    ResourceType,
)

URN = "urn:pulumi:dev::project::parent:index:Parent$made:up:Thing::my thing"
SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
NEEDLE = "Zq7NeedleOfASecret"
FACTS = facts_of(
    {
        "shared": {
            "region": {"computed": True, "replaces": True},
            "tags": {"type": "map"},
            "tagsAll": {"type": "map", "computed": True},
        },
        "types": {
            "made:up:Thing": {
                "tagged": True,
                "inputs": {
                    "name": {
                        "replaces": True,
                        "automatic": {"max": 40},
                        "conflicts": ["namePrefix"],
                        "rules": [{"pattern": "^[a-z -]+[0-9a-f]*$"}],
                    },
                    "namePrefix": {"replaces": True, "conflicts": ["name"]},
                    "place": {"replaces": True},
                    "size": {"type": "integer", "computed": True, "rules": [{"range": [1, 9]}]},
                    "color": {"default": "red", "hidden": True},
                    "note": {},
                    "nested": {"type": "object"},
                    "items": {"type": "list"},
                    "open": {},
                    "password": {"secret": True, "rules": [{"pattern": "^[a-z]+$"}]},
                },
                "outputs": ["arn"],
                "planned": [
                    {
                        "kind": "matches_at_creation",
                        "input": "note",
                        "pattern": "^[^!]*$",
                        "says": "no exclamations: {value}",
                    }
                ],
            },
            "made:up:Leaf": {
                "delete_before_replace": True,
                "inputs": {"place": {"replaces": True}},
            },
        },
    },
)


class RefusedError(Exception):
    """What the engine gets instead of an answer."""


class Context:
    """gRPC's context, as far as the provider uses it."""

    def abort(self, code: Any, details: str) -> None:
        raise RefusedError(details)


def struct(**properties: Any) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(properties)
    return message


def secret(value: Any) -> dict[str, Any]:
    """A value as the engine marks it."""
    return {SIGNATURE: SECRET, "value": value}


def plain(message: struct_pb2.Struct) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message)


class Things:
    """A cloud of things, which remembers what it was asked."""

    def __init__(self) -> None:
        self.there: dict[str, Properties] = {}
        self.failure: Exception | None = None

    def create(self, _: Any, inputs: Properties) -> tuple[str, Properties]:
        if self.failure:
            raise self.failure
        self.there["id-1"] = inputs
        return "id-1", {"arn": "arn:thing", "size": inputs.get("size", 7)}

    def read(self, _: Any, identity: str, state: Properties) -> Properties | None:
        found = self.there.get(identity)
        return None if found is None else {**found, "arn": "arn:thing"}

    def update(self, _: Any, identity: str, olds: Properties, news: Properties) -> Properties:
        self.there[identity] = news
        return {"changed": "yes"}

    def delete(self, _: Any, identity: str, state: Properties) -> None:
        self.there.pop(identity, None)


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
def provider(things: Things) -> Provider:
    thing = ResourceType(things.create, things.read, things.update, things.delete)
    types = {"made:up:Thing": thing, "made:up:Leaf": thing}
    functions = {"made:up:echo": lambda _, given: given}
    return Provider("1.2.3", types, FACTS, functions, lambda settings: settings)


@pytest.fixture
def call(provider: Provider) -> Any:
    """Call a method of the provider with a message made of keywords."""
    requests = {"Invoke": "InvokeRequest", "Configure": "ConfigureRequest"}

    def run(method: str, **fields: Any) -> Any:
        message = getattr(provider_pb2, requests.get(method, f"{method}Request"))
        if method not in requests:
            fields.setdefault("urn", URN)
        return getattr(provider, method)(message(**fields), Context())

    return run


# Check


def check(call: Any, olds: dict[str, Any] | None = None, **news: Any) -> Any:
    return call("Check", olds=struct(**(olds or {})), news=struct(**news))


def reasons(answer: Any) -> list[str]:
    assert all(not failure.property for failure in answer.failures), "the reason names it"
    return [failure.reason for failure in answer.failures]


def test_check_fills_in_defaults_that_the_program_leaves_out(call: Any) -> None:
    inputs = plain(check(call, name="a").inputs)
    assert inputs == {"name": "a", "color": "red", "__defaults": ["color"]}
    assert plain(check(call, name="a", color="blue").inputs)["color"] == "blue"


def test_check_makes_a_name_of_the_logical_one_as_it_is(call: Any) -> None:
    answer = check(call)
    inputs = plain(answer.inputs)
    assert re.fullmatch("my thing-[0-9a-f]{7}", inputs["name"])
    assert inputs["__defaults"] == ["color", "name"]
    assert reasons(answer) == []


@pytest.mark.parametrize("olds", [{}, {"__defaults": ["name"]}])
def test_check_keeps_the_name_that_it_once_made(call: Any, olds: dict[str, Any]) -> None:
    inputs = plain(check(call, {"name": "once", **olds}).inputs)
    assert (inputs["name"], inputs["__defaults"]) == ("once", ["color", "name"])


def test_name_that_the_program_no_longer_gives_is_kept(call: Any) -> None:
    inputs = plain(check(call, {"name": "given", "__defaults": []}).inputs)
    assert (inputs["name"], inputs["__defaults"]) == ("given", ["color", "name"])


def test_no_name_is_made_next_to_a_prefix(call: Any) -> None:
    assert "name" not in plain(check(call, namePrefix="a").inputs)


def test_automatic_name_is_checked_as_a_given_one(call: Any) -> None:
    answer = call("Check", urn=URN.replace("my thing", "a.b"), news=struct())
    (reason,) = reasons(answer)
    assert re.fullmatch(
        r'expected value of name to match regular expression "\^\[a-z -\]\+\[0-9a-f\]\*\$", got '
        r"a\.b-[0-9a-f]{7}\. Examine values at 'a\.b\.name'\.",
        reason,
    )


def test_name_that_would_be_too_long_cannot_be_made(call: Any) -> None:
    with pytest.raises(RefusedError) as refused:
        call("Check", urn=URN.replace("my thing", "a" * 33), news=struct())
    assert str(refused.value) == (
        f"could not make instance of 'made:up:Thing': name '{'a' * 33}-' plus 7 random chars is "
        "longer than maximum length 40"
    )


@pytest.mark.parametrize(
    ("mode", "answer"),
    [("PROPOSE", "asked"), ("ENFORCE", "asked"), ("DISABLE", "automatic naming is disabled")],
)
def test_naming_that_the_stack_configures_is_kept_to(call: Any, mode: str, answer: str) -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions
    asked = options(proposed_name="asked", mode=options.Mode.Value(mode))
    try:
        checked = call("Check", news=struct(), autonaming=asked)
    except RefusedError as refused:
        assert answer in str(refused)
    else:
        assert plain(checked.inputs)["name"] == answer


def test_check_marks_what_the_schema_calls_secret(call: Any) -> None:
    assert plain(check(call, name="a", password="s").inputs)["password"] == secret("s")


def test_check_gives_marked_secrets_back_marked(call: Any) -> None:
    news = struct(name="a", note=secret("s"), nested={"inner": [secret("s")]}, open="o")
    inputs = plain(call("Check", news=news).inputs)
    assert inputs["note"] == secret("s")
    assert inputs["nested"] == secret({"inner": ["s"]})
    assert inputs["open"] == "o"


def test_check_refuses_in_the_bridges_words(call: Any) -> None:
    answer = check(call, name="a", size=10, colour="red", arn="arn:x")
    assert sorted(reasons(answer), reverse=True) == [
        "expected size to be in the range (1 - 9), got 10. Examine values at 'my thing.size'.",
        'Value for unconfigurable attribute. Can\'t configure a value for "arn": its value will be '
        "decided automatically based on the result of applying this configuration.. Examine values "
        "at 'my thing.arn'.",
        "Invalid or unknown key. Examine values at 'my thing.colour'.",
    ]


@pytest.mark.parametrize("value", [NEEDLE, secret(NEEDLE)])
def test_refusal_shows_no_secret(call: Any, value: Any) -> None:
    (reason,) = reasons(check(call, name="a", password=value))
    assert NEEDLE not in reason
    assert reason.startswith("expected value of password to match regular expression")


def test_refusal_shows_no_value_that_the_program_marks(call: Any) -> None:
    (reason,) = reasons(check(call, name=secret(NEEDLE)))
    assert NEEDLE not in reason


def test_unknown_value_is_not_checked(call: Any) -> None:
    assert reasons(check(call, name=UNKNOWN, size=UNKNOWN)) == []


def test_inputs_come_from_the_providers_settings_too(things: Things) -> None:
    def derive(cloud: Any, _: Any, inputs: Properties) -> Properties:
        return {**inputs, "place": cloud["place"]}

    types = {"made:up:Thing": ResourceType(things.create, things.read)}
    served = Provider("1", types, FACTS, {}, dict, Access(derive=derive))
    served.Configure(provider_pb2.ConfigureRequest(args=struct(place="p")), Context())
    answer = served.Check(provider_pb2.CheckRequest(urn=URN, news=struct(name="a")), Context())
    assert plain(answer.inputs)["place"] == "p"


# Diff


def diff(
    call: Any,
    olds: dict[str, Any],
    news: dict[str, Any],
    state: dict[str, Any] | None = None,
    **more: Any,
) -> Any:
    before = {"old_inputs": struct(**olds), "olds": struct(**(state or {}))}
    return call("Diff", **before, news=struct(**news), **more)


def is_same(answer: Any) -> bool:
    return answer.changes == provider_pb2.DiffResponse.DIFF_NONE and not answer.diffs


def test_no_change_is_no_diff(call: Any) -> None:
    assert is_same(diff(call, {"note": "a", "tags": {"x": "1"}}, {"note": "a", "tags": {"x": "1"}}))


def test_a_secret_is_compared_by_its_value(call: Any) -> None:
    assert is_same(diff(call, {"note": secret("a")}, {"note": "a"}))
    assert list(diff(call, {"note": secret("a")}, {"note": secret("b")}).diffs) == ["note"]


def test_a_change_is_an_update_unless_it_needs_another_resource(call: Any) -> None:
    answer = diff(
        call, {"name": "a", "note": "a", "place": "p"}, {"name": "a", "note": "b", "place": "p"}
    )
    assert (list(answer.diffs), list(answer.replaces)) == (["note"], [])
    answer = diff(call, {"name": "a", "place": "p"}, {"name": "b", "place": "p"})
    assert list(answer.replaces) == ["name"]


@pytest.mark.parametrize("after", ["a", "b"])
def test_replacement_of_a_resource_with_a_given_name_deletes_first(call: Any, after: str) -> None:
    olds = {"name": "a", "place": "p", "__defaults": []}
    answer = diff(call, olds, {"name": after, "place": "q", "__defaults": []})
    assert "place" in answer.replaces
    assert answer.deleteBeforeReplace


@pytest.mark.parametrize("defaults", [{"__defaults": ["name"]}, {}])
def test_replacement_of_a_resource_with_an_automatic_name_creates_first(
    call: Any, defaults: dict[str, Any]
) -> None:
    answer = diff(call, {"name": "a", "place": "p"}, {"name": "a", "place": "q", **defaults})
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["place"], False)


def test_what_aws_reads_back_differently_is_a_change_in_every_run(call: Any) -> None:
    inputs = {"name": "a", "note": "alias/x"}
    state = {**inputs, "note": "arn:x"}
    assert list(diff(call, inputs, inputs, state).diffs) == ["note"]
    assert is_same(diff(call, inputs, inputs, inputs))


def test_what_aws_does_not_show_is_a_change_in_every_run(call: Any) -> None:
    inputs = {"name": "a", "note": "n"}
    assert list(diff(call, inputs, inputs, {"name": "a"}).diffs) == ["note"]


def test_what_aws_sets_itself_is_a_change_unless_it_is_computed(call: Any) -> None:
    inputs = {"name": "a"}
    state = {"name": "a", "size": 7, "note": "set by hand"}
    assert list(diff(call, inputs, inputs, state).diffs) == ["note"]


def test_lists_and_blocks_stay_as_they_were_planned(call: Any) -> None:
    inputs = {"name": "a", "items": ["mine"], "tags": {"x": "1"}}
    state = {"name": "a", "items": ["mine", "AWSCURRENT"], "tags": {}}
    assert is_same(diff(call, inputs, inputs, state))


def test_update_deletes_nothing_first(call: Any) -> None:
    answer = diff(call, {"name": "a"}, {"name": "a", "note": "b", "__defaults": []})
    assert (list(answer.diffs), answer.deleteBeforeReplace) == (["note"], False)


def test_type_may_delete_first_without_a_name(call: Any) -> None:
    leaf = URN.replace("Thing", "Leaf")
    answer = diff(call, {"place": "p"}, {"place": "q"}, urn=leaf)
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["place"], True)


def test_list_of_defaults_is_no_change(call: Any) -> None:
    assert is_same(diff(call, {"note": "a", "__defaults": []}, {"note": "a", "__defaults": ["n"]}))


def test_input_that_check_fills_in_is_new_once_without_a_change(call: Any) -> None:
    assert is_same(diff(call, {"note": "a"}, {"note": "a", "tagsAll": {}}))
    assert list(diff(call, {"tagsAll": {}}, {"tagsAll": {"a": "1"}}).diffs) == ["tagsAll"]


def test_detailed_diff_distinguishes_additions_and_removals(call: Any) -> None:
    kinds = provider_pb2.PropertyDiff.Kind
    answer = diff(call, {"note": "1", "place": "p"}, {"open": "1", "place": "q"})
    reported = {key: kinds.Name(value.kind) for key, value in answer.detailedDiff.items()}
    assert reported == {"note": "DELETE", "open": "ADD", "place": "UPDATE_REPLACE"}


def test_an_input_that_the_provider_fills_may_be_left_out(call: Any) -> None:
    assert is_same(diff(call, {"size": 7}, {}))
    assert list(diff(call, {"size": 7}, {"size": 8}).diffs) == ["size"]


def test_empty_value_is_none(call: Any) -> None:
    assert is_same(diff(call, {}, {"note": ""}))
    assert is_same(diff(call, {"tags": {}}, {}))
    assert list(diff(call, {"note": "a"}, {"note": ""}).diffs) == ["note"]


def test_ignored_changes_are_none(call: Any) -> None:
    olds, news = {"place": "p", "note": "a"}, {"place": "q", "note": "b"}
    assert is_same(diff(call, olds, news, ignoreChanges=["place", "note"]))
    assert list(diff(call, olds, news, ignoreChanges=["place"]).diffs) == ["note"]


def test_an_ignored_path_inside_a_property_hides_nothing_else_of_it(call: Any) -> None:
    # The engine puts the old value into `news` at such a path, so that it is equal here already.
    answer = diff(
        call,
        {"tags": {"a": "1", "b": "1"}},
        {"tags": {"a": "1", "b": "2"}},
        ignoreChanges=["tags.a"],
    )
    assert list(answer.diffs) == ["tags"]


def test_a_value_not_known_yet_is_a_change(call: Any) -> None:
    assert list(diff(call, {"place": "p"}, {"place": UNKNOWN}).replaces) == ["place"]


def test_no_inputs_at_all_are_not_taken_for_the_outputs(call: Any) -> None:
    outputs = struct(arn="arn:thing", size=7)
    assert is_same(call("Diff", olds=outputs, old_inputs=struct(), news=struct()))


# Create, Update, Delete


def test_create_gives_inputs_and_outputs_and_marks_what_is_secret(call: Any) -> None:
    made = call("Create", properties=struct(name="a", password="p", note=secret("s")))
    assert made.id == "id-1"
    assert plain(made.properties) == {
        "name": "a",
        "password": secret("p"),
        "note": secret("s"),
        "arn": "arn:thing",
        "size": 7,
    }


def test_the_cloud_gets_secrets_without_their_marks(call: Any, things: Things) -> None:
    call("Create", properties=struct(note=secret("s"), nested=[{"inner": secret(1)}]))
    assert things.there["id-1"] == {"note": "s", "nested": [{"inner": 1}]}


def test_a_preview_creates_nothing_and_leaves_the_outputs_unknown(
    call: Any, things: Things
) -> None:
    made = call("Create", properties=struct(name="a", note=secret(UNKNOWN)), preview=True)
    assert plain(made.properties) == {
        "name": "a",
        "note": secret(UNKNOWN),
        "arn": UNKNOWN,
        "size": UNKNOWN,
        "tagsAll": UNKNOWN,
    }
    assert (made.id, things.there) == ("", {})


@pytest.mark.parametrize("preview", [True, False])
def test_plan_refuses_what_check_let_through(call: Any, things: Things, preview: bool) -> None:
    with pytest.raises(RefusedError) as refused:
        call("Create", properties=struct(note="a!"), preview=preview)
    assert str(refused.value) == f"diffing {URN}: no exclamations: a!"
    assert things.there == {}
    call("Create", properties=struct(note=UNKNOWN), preview=True)
    diff(call, {"note": "a"}, {"note": "a!"})


def test_list_of_defaults_goes_into_no_state(call: Any, things: Things) -> None:
    given = struct(name="a", __defaults=["color"])
    assert "__defaults" not in plain(call("Create", properties=given).properties)
    updated = call("Update", id="id-1", olds=struct(name="a"), news=given)
    assert "__defaults" not in plain(updated.properties)
    assert "__defaults" not in things.there["id-1"]


def test_update_keeps_outputs_and_what_is_secret(call: Any, things: Things) -> None:
    olds = struct(name="a", arn="arn:thing", note=secret("old"))
    made = call("Update", id="id-1", olds=olds, news=struct(name="a", note="new"))
    assert plain(made.properties) == {
        "name": "a",
        "arn": "arn:thing",
        "note": secret("new"),
        "changed": "yes",
    }
    assert things.there["id-1"] == {"name": "a", "note": "new"}


def test_a_preview_updates_nothing(call: Any, things: Things) -> None:
    made = call("Update", id="id-1", olds=struct(note="a"), news=struct(note="b"), preview=True)
    assert (plain(made.properties), things.there) == ({"note": "b"}, {})


def test_deleting_what_is_gone_is_no_error(call: Any) -> None:
    call("Delete", id="id-1", properties=struct())


# Read


def test_reading_what_is_gone_gives_no_id(call: Any) -> None:
    assert call("Read", id="id-9", properties=struct(name="a")).id == ""


def test_a_refresh_writes_what_it_finds_into_the_inputs(call: Any, things: Things) -> None:
    things.there["id-1"] = {"name": "a", "note": "changed by hand", "size": 9}
    state = struct(name="a", note="a", color="red", arn="arn:thing")
    found = call(
        "Read", id="id-1", inputs=struct(name="a", note="a", color="red"), properties=state
    )
    assert plain(found.inputs) == {"name": "a", "note": "changed by hand", "color": "red"}
    assert plain(found.properties)["size"] == 9


def test_a_refresh_keeps_a_secret_marked(call: Any, things: Things) -> None:
    things.there["id-1"] = {"note": "s"}
    marked = struct(note=secret("s"))
    found = call("Read", id="id-1", inputs=marked, properties=marked)
    assert plain(found.inputs) == plain(marked)
    assert plain(found.properties)["note"] == secret("s")


def test_an_import_finds_the_inputs_by_reading(call: Any, things: Things) -> None:
    things.there["id-1"] = {"name": "a", "note": "n", "password": "p"}
    found = call("Read", id="id-1")
    assert plain(found.inputs) == {
        "name": "a",
        "note": "n",
        "password": secret("p"),
        "__defaults": [],
    }


# refusals


def test_an_unknown_type_is_named(call: Any) -> None:
    urn = "urn:pulumi:dev::project::aws:s3/bucket:Bucket::b"
    for method in ("Check", "Diff", "Create", "Read", "Update", "Delete"):
        with pytest.raises(
            RefusedError, match="the sandbox has no resource type `aws:s3/bucket:Bucket`"
        ):
            call(method, urn=urn)


def test_an_unknown_function_is_named(call: Any) -> None:
    with pytest.raises(RefusedError, match="the sandbox has no function `made:up:nothing`"):
        call("Invoke", tok="made:up:nothing")


def test_a_known_function_answers(call: Any) -> None:
    answer = call("Invoke", tok="made:up:echo", args=struct(a=secret("s"), b=1))
    assert plain(getattr(answer, "return")) == {"a": "s", "b": 1}


def test_the_clouds_refusal_reaches_the_user(call: Any, things: Things) -> None:
    things.failure = ProviderError("ResourceExistsException: it is there already")
    with pytest.raises(RefusedError, match=r"^ResourceExistsException: it is there already$"):
        call("Create", properties=struct(note=NEEDLE))


@pytest.mark.parametrize(
    "failure", [ValueError(f"bad value {NEEDLE}"), KeyError(NEEDLE), TypeError(f"{NEEDLE!r}")]
)
def test_unexpected_failure_shows_no_value(call: Any, things: Things, failure: Exception) -> None:
    things.failure = failure
    with pytest.raises(RefusedError) as refused:
        call("Create", properties=struct(note=secret(NEEDLE)))
    assert NEEDLE not in str(refused.value)
    assert f"{type(failure).__name__} at test_protocol.py:" in str(refused.value)


def test_the_cloud_client_shows_no_value_that_it_does_not_accept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    served = Provider("1", aws.TYPES, facts(), aws.FUNCTIONS, Cloud)
    served.Configure(provider_pb2.ConfigureRequest(), Context())
    urn = "urn:pulumi:dev::p::aws:secretsmanager/secretVersion:SecretVersion::v"
    wrong = struct(secretId="s", secretString={"not": NEEDLE})
    with pytest.raises(RefusedError) as refused:
        served.Create(provider_pb2.CreateRequest(urn=urn, properties=wrong), Context())
    assert "ParamValidationError" in str(refused.value)
    assert NEEDLE not in str(refused.value)


# where the sandbox's aws provider works


@pytest.mark.parametrize(
    "elsewhere",
    [
        "",
        "https://secretsmanager.eu-central-1.amazonaws.com",
        "http://127.0.0.1.example.com:80",
        "http://localhost@example.com",
        "http://10.0.0.1:4566",
    ],
)
def test_refuses_any_address_that_is_not_loopback(
    monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", elsewhere)
    served = Provider("1", aws.TYPES, facts(), aws.FUNCTIONS, Cloud)
    with pytest.raises(RefusedError, match="works on a loopback address only"):
        served.Configure(provider_pb2.ConfigureRequest(), Context())


def test_refuses_an_elsewhere_in_the_providers_own_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    settings = struct(endpoints='[{"secretsmanager": "https://example.com"}]')
    served = Provider("1", aws.TYPES, facts(), aws.FUNCTIONS, Cloud)
    with pytest.raises(RefusedError, match="loopback"):
        served.Configure(provider_pb2.ConfigureRequest(args=settings), Context())


def test_no_variable_of_a_single_service_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://example.com")
    client = Cloud({}).client("secretsmanager")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
