"""Pulumi's ResourceProvider protocol on a table of resource types.

The protocol: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto. A type says
what differs between resources; everything that the Terraform bridge does alike for all of them
(defaults, diffs, what a refresh writes into the inputs) stands here.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # how the engine writes a value not known yet
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
_GRACE_SECONDS = 4  # the engine kills after 5
_KIND = provider_pb2.PropertyDiff.Kind

Properties: TypeAlias = dict[str, Any]


class ProviderError(Exception):
    """What goes wrong, in AWS's own words; never with a property's value."""


@dataclass(frozen=True)
class ResourceType:
    """One resource type, as the official provider treats it.

    Attributes:
        create: makes the resource from its inputs; gives id and outputs.
        read: gives the outputs of what is there, or None where it is gone.
        update: changes in place; gives the outputs.
        delete: removes it.
        replaces: inputs whose change needs another resource.
        computed: inputs that AWS fills where the program is silent.
        defaults: inputs that the provider fills where the program is silent.
        outputs: what only AWS knows; unknown in a preview of a creation.
        name: the input that must be free before a replacement can be made.
        hidden: inputs that reading back cannot show.
        secrets: outputs that are secret whatever the program says.
        write_only: inputs whose change alone changes nothing.
    """

    create: Callable[[Any, Properties], tuple[str, Properties]]
    read: Callable[[Any, str, Properties], Properties | None]
    update: Callable[[Any, str, Properties, Properties], Properties] | None = None
    delete: Callable[[Any, str, Properties], None] = lambda *_: None
    replaces: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    name: str | None = None
    hidden: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()

    def with_defaults(self, inputs: Properties) -> Properties:
        """Fill in what the program left out."""
        return {**self.defaults, **inputs}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves a table of types and functions to the engine."""

    def __init__(
        self,
        version: str,
        types: Mapping[str, ResourceType],
        functions: Mapping[str, Callable[[Any, Properties], Properties]],
        connect: Callable[[Properties], Any],
        locate: Callable[[Any, Properties], Any] = lambda cloud, _: cloud,
    ) -> None:
        """Keep the tables.

        Args:
            version: the SDK's version, which the engine compares with what the program asks for.
            types: resource types by token.
            functions: functions by token.
            connect: turns the provider's settings into what the types work on.
            locate: gives the part of it that a resource with these properties works on.
        """
        self._version = version
        self._types = types
        self._functions = functions
        self._connect = connect
        self._locate = locate
        self._cloud: Any = None

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802 # gRPC's names and untyped messages, here and below
        """Agree on the plainest protocol."""
        return provider_pb2.ProviderHandshakeResponse()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Accept any settings; connecting checks them."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Never replace a provider."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Connect. Secrets travel marked, so that the engine's log never shows one."""
        settings = _plain(request.args) if request.HasField("args") else {}
        self._cloud = self._guarded(context, lambda: self._connect(settings))
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptSecrets=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Tell the version."""
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Give an empty schema: the SDKs bring their own."""
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
        getattr(response, "return").CopyFrom(_struct(answer))  # a word that Python keeps for itself
        return response

    def Check(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Fill in defaults, and a name where the program gives none."""
        found = self._type(request.urn, context)
        olds, news = _plain(request.olds), found.with_defaults(_plain(request.news))
        if found.name and found.name not in news and f"{found.name}Prefix" not in news:
            news[found.name] = olds.get(found.name) or _autonamed(request.urn.split("::")[-1])
        return provider_pb2.CheckResponse(inputs=_struct(news, _secrets(request.news)))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Compare the program with what it said last time."""
        found = self._type(request.urn, context)
        said = request.old_inputs if request.HasField("old_inputs") else request.olds
        olds, news = _plain(said), _plain(request.news)
        changed = {
            key: _change(olds, news, key)
            for key in sorted({*olds, *news})
            if olds.get(key) != news.get(key)
            and not (key not in news and key in found.computed)
            and key not in (*request.ignoreChanges, *found.write_only)
        }
        replaces = [key for key in changed if key in found.replaces]
        same_name = found.name in olds and olds.get(found.name) == news.get(found.name)
        kinds = {
            key: provider_pb2.PropertyDiff(
                kind=_KIND.Value(f"{change}_REPLACE" if key in replaces else change), inputDiff=True
            )
            for key, change in changed.items()
        }
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if changed else none,
            replaces=replaces,
            diffs=list(changed),
            detailedDiff=kinds,
            hasDetailedDiff=True,
            # The bridge: a name that stays taken must be free before the new resource is made.
            deleteBeforeReplace=bool(replaces) and same_name,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Create, or in a preview say what only AWS would know."""
        found, inputs = self._type(request.urn, context), _plain(request.properties)
        secrets = found.secrets | _secrets(request.properties)
        if request.preview:
            unknown = {key: UNKNOWN for key in found.outputs if key not in inputs}
            return provider_pb2.CreateResponse(properties=_struct({**inputs, **unknown}, secrets))
        cloud = self._locate(self._cloud, inputs)
        identity, outputs = self._guarded(context, lambda: found.create(cloud, inputs))
        made = _struct({**inputs, **outputs}, secrets)
        return provider_pb2.CreateResponse(id=identity, properties=made)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Read for a refresh or an import; an empty id says that it is gone.

        An import leaves out what only the provider knows, as officially
        (hashicorp/terraform-provider-aws#42139); the engine's update after it fills that in.
        """
        found = self._type(request.urn, context)
        inputs, state = _plain(request.inputs), _plain(request.properties)
        cloud = self._locate(self._cloud, state)
        outputs = self._guarded(context, lambda: found.read(cloud, request.id, state))
        if outputs is None:
            return provider_pb2.ReadResponse()
        is_import = not state
        written = {
            key: outputs.get(key, inputs.get(key))
            for key in (set(outputs) - set(found.outputs) if is_import else set(inputs))
            if key not in found.hidden or key in inputs
        }
        written = {key: value for key, value in written.items() if value is not None}
        secrets = found.secrets | _secrets(request.inputs) | _secrets(request.properties)
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=_struct(written, secrets),
            properties=_struct({**state, **outputs}, secrets),
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Change in place."""
        found = self._type(request.urn, context)
        olds, news = _plain(request.olds), _plain(request.news)
        secrets = found.secrets | _secrets(request.olds) | _secrets(request.news)
        if request.preview or found.update is None:
            return provider_pb2.UpdateResponse(properties=_struct({**olds, **news}, secrets))
        update = found.update
        cloud = self._locate(self._cloud, news)
        outputs = self._guarded(context, lambda: update(cloud, request.id, olds, news))
        made = _struct({**olds, **news, **outputs}, secrets)
        return provider_pb2.UpdateResponse(properties=made)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Delete; what is gone already is no error."""
        found, state = self._type(request.urn, context), _plain(request.properties)
        cloud = self._locate(self._cloud, state)
        self._guarded(context, lambda: found.delete(cloud, request.id, state))
        return empty_pb2.Empty()

    def _type(self, urn: str, context: Any) -> ResourceType:  # noqa: ANN401 # gRPC's context
        token = urn.split("::")[2].rpartition("$")[2]
        if token not in self._types:
            self._fail(context, f"the sandbox has no resource type `{token}`")
        return self._types[token]

    def _guarded(self, context: Any, call: Callable[[], Any]) -> Any:  # noqa: ANN401 # any answer
        """Say what goes wrong; of a surprise only its place, for its text may quote a value."""
        try:
            return call()
        except ProviderError as error:
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


def _autonamed(logical: str) -> str:
    """Give a physical name as the bridge does: the logical name and seven hexadecimal digits."""
    return re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", logical) + "-" + os.urandom(4).hex()[:7]


def _change(olds: Properties, news: Properties, key: str) -> str:
    if key not in olds:
        return "ADD"
    return "UPDATE" if key in news else "DELETE"


def _plain(message: struct_pb2.Struct) -> Properties:
    return {key: _value(value) for key, value in message.fields.items()}


def _secrets(message: struct_pb2.Struct) -> frozenset[str]:
    """Name the properties that are secret, or hold a secret somewhere inside."""
    return frozenset(key for key, value in message.fields.items() if _holds_secret(value))


def _holds_secret(value: struct_pb2.Value) -> bool:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = value.struct_value.fields
            marked = _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET
            return marked or any(map(_holds_secret, fields.values()))  # an archive is marked too
        case "list_value":
            return any(map(_holds_secret, value.list_value.values))
        case _:
            return False


def _value(value: struct_pb2.Value) -> Any:  # noqa: ANN401 # any JSON value
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_value(item) for item in value.list_value.values]
        case "struct_value":
            inner = _plain(value.struct_value)
            return inner["value"] if inner.get(_SIGNATURE) == _SECRET else inner
        case _:
            return None


def _struct(properties: Properties, secrets: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(
        {
            key: {_SIGNATURE: _SECRET, "value": value} if key in secrets else value
            for key, value in properties.items()
            if value is not None
        }
    )
    return message
