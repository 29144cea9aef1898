"""Pulumi's ResourceProvider protocol on a table of resource types.

The protocol: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto. A type holds
what differs between resources: its functions here, what its schema says in `official.yaml`.
Everything that the Terraform bridge does alike for all of them (names, defaults, diffs, what a
refresh writes into the inputs) is here and in `checks.py`.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.providers import checks
from sandbox.providers.checks import DEFAULTS, Naming, NamingError
from sandbox.providers.official import Facts

UNKNOWN = checks.UNKNOWN
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_GRACE_SECONDS = 4  # the engine kills after 5
_KIND = provider_pb2.PropertyDiff.Kind

Properties: TypeAlias = dict[str, Any]
Created: TypeAlias = tuple[str, Properties | None]
"""A new resource's id and outputs."""


class ProviderError(Exception):
    """A failure, in AWS's words; never with the value of a property."""


@dataclass(frozen=True)
class ResourceType:
    """What the provider does with the resources of one type.

    Attributes:
        create: creates the resource from its inputs; returns id and outputs.
        read: returns the outputs, or None where the resource is gone.
        update: changes the resource in place; returns the outputs.
        delete: deletes the resource.
    """

    create: Callable[[Any, Properties], Created]
    read: Callable[[Any, str, Properties], Properties | None]
    update: Callable[[Any, str, Properties, Properties], Properties | None] | None = None
    delete: Callable[[Any, str, Properties], None] = lambda *_: None


@dataclass(frozen=True)
class Access:
    """How a resource uses what the provider is connected to.

    Attributes:
        locate: returns the part that a resource with these properties works on.
        derive: returns the inputs together with those that come from the provider's settings;
            what the bridge calls `PreCheckCallback`.
    """

    locate: Callable[[Any, Properties], Any] = lambda cloud, _: cloud
    derive: Callable[[Any, Facts, Properties], Properties] = lambda _cloud, _facts, inputs: inputs


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves a table of types and functions to the engine."""

    def __init__(
        self,
        version: str,
        types: Mapping[str, ResourceType],
        facts: Mapping[str, Facts],
        functions: Mapping[str, Callable[[Any, Properties], Properties]],
        connect: Callable[[Properties], Any],
        cloud: Access | None = None,
    ) -> None:
        """Keep the tables.

        Args:
            version: the SDK's version, which the engine compares with what the program requires.
            types: resource types by token.
            facts: what their schemas say, by token.
            functions: functions by token.
            connect: returns what the types work on, from the provider's settings.
            cloud: how resources use it; by default, all of them alike.
        """
        self._version = version
        self._types = types
        self._facts = facts
        self._functions = functions
        self._connect = connect
        self._access = cloud or Access()
        self._cloud: Any = None

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802 # gRPC's names and untyped messages, here and below
        """Agree on the plainest protocol."""
        return provider_pb2.ProviderHandshakeResponse()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Accept any settings; connecting checks them."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Update a provider whose settings changed, and never replace it.

        The official one does so since version 7, for another region too (pulumi/pulumi-aws#5656).
        """
        is_changed = _plain(request.old_inputs) != _plain(request.news)
        kinds = provider_pb2.DiffResponse
        return kinds(changes=kinds.DIFF_SOME if is_changed else kinds.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Connect. Secrets travel marked, so that the engine's log never shows one."""
        settings = _plain(request.args) if request.HasField("args") else {}
        self._cloud = self._guarded(context, lambda: self._connect(settings))
        return provider_pb2.ConfigureResponse(
            supportsPreview=True, acceptSecrets=True, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Return the version."""
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Return an empty schema: the SDKs have their own."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Let running calls end; each is short."""
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Call a function."""
        function = self._functions.get(request.tok)
        if function is None:
            self._fail(context, f"the sandbox has no function `{request.tok}`")

        answer = self._guarded(context, lambda: function(self._cloud, _plain(request.args)))  # type: ignore[misc] # _fail raises
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(_struct(answer))  # `return` is reserved in Python
        return response

    def Check(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Fill in names and defaults, and refuse what the official provider refuses."""
        facts = self._facts_of(request.urn, context)
        secrets = facts.secrets | _secrets(request.news)
        news = self._access.derive(self._cloud, facts, _plain(request.news))
        naming = _naming(request)
        inputs, reasons = self._guarded(
            context, lambda: checks.checked(facts, naming, _plain(request.olds), news, secrets)
        )
        # The bridge names the property in the reason only, for the CLI to print it in its own way.
        failures = [provider_pb2.CheckFailure(reason=reason) for reason in reasons]
        return provider_pb2.CheckResponse(inputs=_struct(inputs, secrets), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Compare the program's inputs with those of the last run, as the state shows them."""
        facts = self._facts_of(request.urn, context)
        before = request.old_inputs if request.HasField("old_inputs") else request.olds
        olds = checks.as_read(facts, _plain(before), _plain(request.olds))
        news = _plain(request.news)
        response = provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_NONE, hasDetailedDiff=True
        )
        for key in checks.changed(facts, olds, news, request.ignoreChanges):
            kind = _change(olds, news, key)
            if checks.replaces(facts, key, olds.get(key), news.get(key)):
                kind += "_REPLACE"
                response.replaces.append(key)

            response.changes = provider_pb2.DiffResponse.DIFF_SOME
            response.diffs.append(key)
            response.detailedDiff[key].kind = _KIND.Value(kind)
            response.detailedDiff[key].inputDiff = True

        response.deleteBeforeReplace = bool(response.replaces) and checks.deletes_first(facts, news)
        self._refuse_plan(request.urn, context, news, is_new=False)
        return response

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Create; in a preview, mark what only AWS would know."""
        found, facts = self._type(request.urn, context), self._facts_of(request.urn, context)
        inputs = _without_defaults(request.properties)
        secrets = facts.secrets | _secrets(request.properties)
        self._refuse_plan(request.urn, context, inputs, is_new=True)
        kept = _kept(facts, inputs)
        if request.preview:
            known_to_aws = facts.named("computed") | set(facts.outputs)
            unknown = dict.fromkeys(known_to_aws - inputs.keys(), UNKNOWN)
            return provider_pb2.CreateResponse(properties=_struct({**kept, **unknown}, secrets))

        cloud = self._access.locate(self._cloud, inputs)
        identity, outputs = self._guarded(context, lambda: found.create(cloud, inputs))
        made = _struct({**kept, **(outputs or {})}, secrets)
        return provider_pb2.CreateResponse(id=identity, properties=made)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Read for a refresh or an import; an empty id means that the resource is gone.

        An import leaves out what only the provider knows, as the official one does
        (hashicorp/terraform-provider-aws#42139); the engine's update after it fills that in.
        """
        found, facts = self._type(request.urn, context), self._facts_of(request.urn, context)
        inputs, state = _plain(request.inputs), _plain(request.properties)
        cloud = self._access.locate(self._cloud, state)
        outputs = self._guarded(context, lambda: found.read(cloud, request.id, state))
        if outputs is None:
            return provider_pb2.ReadResponse()

        written = _read_back(facts, inputs, outputs, is_import=not state)
        secrets = facts.secrets | _secrets(request.inputs) | _secrets(request.properties)
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=_struct(written, secrets),
            properties=_struct({**state, **outputs}, secrets),
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Change in place."""
        found, facts = self._type(request.urn, context), self._facts_of(request.urn, context)
        olds, news = _plain(request.olds), _without_defaults(request.news)
        secrets = facts.secrets | _secrets(request.olds) | _secrets(request.news)
        kept = _kept(facts, {**olds, **news})
        if request.preview or found.update is None:
            return provider_pb2.UpdateResponse(properties=_struct(kept, secrets))

        update = found.update
        cloud = self._access.locate(self._cloud, news)
        outputs = self._guarded(context, lambda: update(cloud, request.id, olds, news))
        made = _struct({**kept, **(outputs or {})}, secrets)
        return provider_pb2.UpdateResponse(properties=made)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Delete; a resource that is already gone is not an error."""
        found, state = self._type(request.urn, context), _plain(request.properties)
        cloud = self._access.locate(self._cloud, state)
        self._guarded(context, lambda: found.delete(cloud, request.id, state))
        return empty_pb2.Empty()

    def _type(self, urn: str, context: Any) -> ResourceType:  # noqa: ANN401 # gRPC's context
        token = _token(urn)
        if token not in self._types:
            self._fail(context, f"the sandbox has no resource type `{token}`")

        return self._types[token]

    def _facts_of(self, urn: str, context: Any) -> Facts:  # noqa: ANN401 # gRPC's context
        self._type(urn, context)
        return self._facts[_token(urn)]

    def _refuse_plan(
        self,
        urn: str,
        context: Any,  # noqa: ANN401 # gRPC's context
        inputs: Properties,
        *,
        is_new: bool,
    ) -> None:
        problem = checks.plan_problem(self._facts_of(urn, context), inputs, is_new=is_new)
        if problem:
            self._fail(context, f"diffing {urn}: {problem}")

    def _guarded(self, context: Any, call: Callable[[], Any]) -> Any:  # noqa: ANN401 # any answer
        """Report a failure; of an unexpected one only its place, for its text may quote a value."""
        try:
            return call()
        except (ProviderError, NamingError) as error:
            self._fail(context, str(error))
        except Exception as error:  # noqa: BLE001 # gRPC would send the text of any to the engine
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            self._fail(context, f"the sandbox's provider failed: {type(error).__name__} at {where}")

    def _fail(self, context: Any, message: str) -> None:  # noqa: ANN401 # gRPC's context
        context.abort(grpc.StatusCode.UNKNOWN, message)


def serve(provider: Provider) -> None:
    """Serve until the engine ends this process."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop(grace=_GRACE_SECONDS))

    server.wait_for_termination()


def _token(urn: str) -> str:
    """Return the type in a URN, without those of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


def _naming(request: Any) -> Naming:  # noqa: ANN401 # an untyped message
    """Return what the automatic names of a checked resource are made of."""
    proposed = None
    if request.HasField("autonaming"):
        proposed = (request.autonaming.proposed_name, request.autonaming.mode)

    logical = request.urn.split("::", 3)[3]  # which may hold `::` itself
    return Naming(_token(request.urn), logical, proposed)


def _kept(facts: Facts, inputs: Properties) -> Properties:
    """Return the inputs that the state's outputs show: none that is only written."""
    hidden = facts.named("write_only")
    shown = {**inputs, **checks.planned(facts, inputs)}
    return {key: value for key, value in shown.items() if key not in hidden}


def _read_back(
    facts: Facts, inputs: Properties, outputs: Properties, *, is_import: bool
) -> Properties:
    """Return the inputs as AWS has them now; an import takes all that can be read back.

    What is only written is forgotten (pulumi/pulumi-terraform-bridge#3201: null after a refresh).
    An import lists no defaults then: the program's own are compared with what was imported
    (`extractSchemaInputsObject` in the bridge's schema.go).
    """
    keys = set(inputs)
    if is_import:
        keys = set(outputs) & facts.inputs.keys()

    hidden = facts.named("hidden")
    found = {}
    for key in keys - facts.named("write_only"):
        if key in inputs or key not in hidden:
            found[key] = outputs.get(key, inputs.get(key))

    if is_import:
        found[DEFAULTS] = []

    return found


def _change(olds: Properties, news: Properties, key: str) -> str:
    if key not in olds:
        return "ADD"

    return "UPDATE" if key in news else "DELETE"


def _plain(message: struct_pb2.Struct) -> Properties:
    return {key: _value(value) for key, value in message.fields.items()}


def _without_defaults(message: struct_pb2.Struct) -> Properties:
    """Return inputs as they go into the state."""
    properties = _plain(message)
    properties.pop(DEFAULTS, None)
    return properties


def _secrets(message: struct_pb2.Struct) -> frozenset[str]:
    """Return the properties that are secret or contain a secret."""
    return frozenset(key for key, value in message.fields.items() if _contains_secret(value))


def _contains_secret(value: struct_pb2.Value) -> bool:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = value.struct_value.fields
            marked = _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET
            return marked or any(map(_contains_secret, fields.values()))  # an archive is marked too
        case "list_value":
            return any(map(_contains_secret, value.list_value.values))
        case _:
            return False


def _value(value: struct_pb2.Value) -> Any:  # noqa: ANN401 # any JSON value
    match value.WhichOneof("kind"):
        case "number_value":
            return _number(value.number_value)
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_value(item) for item in value.list_value.values]
        case "struct_value":
            inner = _plain(value.struct_value)
            if inner.get(_SIGNATURE) == _SECRET:
                return inner["value"]

            return inner
        case _:
            return None


def _number(number: float) -> float:
    if number.is_integer():
        return int(number)

    return number


def _struct(properties: Properties, secrets: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    marked = {key: value for key, value in properties.items() if value is not None}
    for key in secrets.intersection(marked):
        marked[key] = {_SIGNATURE: _SECRET, "value": marked[key]}

    message = struct_pb2.Struct()
    message.update(marked)
    return message
