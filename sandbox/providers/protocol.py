"""Pulumi's ResourceProvider protocol on a table of resource types.

The protocol: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto. A type holds
what differs between resources; everything that the Terraform bridge does alike for all of them
(defaults, diffs, what a refresh writes into the inputs) is here.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
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
Created: TypeAlias = tuple[str, Properties | None]
"""A new resource's id and outputs."""


class ProviderError(Exception):
    """A failure, in AWS's words; never with the value of a property."""


@dataclass(frozen=True)
class ResourceType:
    """One resource type, as the official provider treats it.

    Attributes:
        create: creates the resource from its inputs; returns id and outputs.
        read: returns the outputs, or None where the resource is gone.
        update: changes the resource in place; returns the outputs.
        delete: deletes the resource.
        replaces: inputs whose change needs another resource.
        computed: inputs that AWS sets where the program does not.
        defaults: inputs that the provider sets where the program does not.
        outputs: what only AWS knows; unknown in the preview of a creation.
        name: the input that must be free before a replacement can be created.
        hidden: inputs that cannot be read back.
        secrets: outputs that are secret in any case.
        write_only: inputs whose change alone changes nothing.
    """

    create: Callable[[Any, Properties], Created]
    read: Callable[[Any, str, Properties], Properties | None]
    update: Callable[[Any, str, Properties, Properties], Properties | None] | None = None
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
        """Return the inputs with what the program left out."""
        return {**self.defaults, **inputs}

    def changed(self, olds: Properties, news: Properties, ignored: Collection[str]) -> list[str]:
        """Return the inputs whose change is one, in order."""
        changed = []
        for key in sorted({*olds, *news}):
            if olds.get(key) == news.get(key):
                continue

            if key not in news and key in self.computed:
                continue

            if key not in ignored and key not in self.write_only:
                changed.append(key)

        return changed

    def read_back(self, inputs: Properties, outputs: Properties, *, is_import: bool) -> Properties:
        """Return the inputs as AWS has them now; an import takes all that can be read back."""
        keys = set(inputs)
        if is_import:
            keys = set(outputs) - set(self.outputs)

        found = {}
        for key in keys:
            if key in inputs or key not in self.hidden:
                found[key] = outputs.get(key, inputs.get(key))

        return found


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
            version: the SDK's version, which the engine compares with what the program requires.
            types: resource types by token.
            functions: functions by token.
            connect: returns what the types work on, from the provider's settings.
            locate: returns the part of it that a resource with these properties works on.
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
        """Fill in defaults, and a name where the program gives none."""
        found = self._type(request.urn, context)
        olds, news = _plain(request.olds), found.with_defaults(_plain(request.news))
        name = found.name
        if name is not None and name not in news and f"{name}Prefix" not in news:
            news[name] = olds.get(name) or _autonamed(request.urn.split("::")[-1])

        return provider_pb2.CheckResponse(inputs=_struct(news, _secrets(request.news)))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Compare the program's inputs with those of the last run."""
        found = self._type(request.urn, context)
        before = request.old_inputs if request.HasField("old_inputs") else request.olds
        olds, news = _plain(before), _plain(request.news)
        response = provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_NONE, hasDetailedDiff=True
        )
        for key in found.changed(olds, news, request.ignoreChanges):
            kind = _change(olds, news, key)
            if key in found.replaces:
                kind += "_REPLACE"
                response.replaces.append(key)

            response.changes = provider_pb2.DiffResponse.DIFF_SOME
            response.diffs.append(key)
            response.detailedDiff[key].kind = _KIND.Value(kind)
            response.detailedDiff[key].inputDiff = True

        # The bridge: a name that stays taken must be free before the new resource is created.
        keeps_name = found.name in olds and olds.get(found.name) == news.get(found.name)
        response.deleteBeforeReplace = bool(response.replaces) and keeps_name
        return response

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Create; in a preview, mark what only AWS would know."""
        found, inputs = self._type(request.urn, context), _plain(request.properties)
        secrets = found.secrets | _secrets(request.properties)
        if request.preview:
            unknown = {key: UNKNOWN for key in found.outputs if key not in inputs}
            return provider_pb2.CreateResponse(properties=_struct({**inputs, **unknown}, secrets))

        cloud = self._locate(self._cloud, inputs)
        identity, outputs = self._guarded(context, lambda: found.create(cloud, inputs))
        made = _struct({**inputs, **(outputs or {})}, secrets)
        return provider_pb2.CreateResponse(id=identity, properties=made)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Read for a refresh or an import; an empty id means that the resource is gone.

        An import leaves out what only the provider knows, as the official one does
        (hashicorp/terraform-provider-aws#42139); the engine's update after it fills that in.
        """
        found = self._type(request.urn, context)
        inputs, state = _plain(request.inputs), _plain(request.properties)
        cloud = self._locate(self._cloud, state)
        outputs = self._guarded(context, lambda: found.read(cloud, request.id, state))
        if outputs is None:
            return provider_pb2.ReadResponse()

        written = found.read_back(inputs, outputs, is_import=not state)
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
        made = _struct({**olds, **news, **(outputs or {})}, secrets)
        return provider_pb2.UpdateResponse(properties=made)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Delete; a resource that is already gone is not an error."""
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
        """Report a failure; of an unexpected one only its place, for its text may quote a value."""
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
    """Return a physical name as the bridge does: the logical name and seven hexadecimal digits."""
    return re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", logical) + "-" + os.urandom(4).hex()[:7]


def _change(olds: Properties, news: Properties, key: str) -> str:
    if key not in olds:
        return "ADD"

    return "UPDATE" if key in news else "DELETE"


def _plain(message: struct_pb2.Struct) -> Properties:
    return {key: _value(value) for key, value in message.fields.items()}


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
