"""Random histories of edits, runs, kills and writes by others, over the real engine.

Each rule is something that a user, an operator, a rotation function or a crash does. After every
step each value that somebody else wrote must be where readers look for it, unless the map said in
words that it may go.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.conftest import Run
from tests.engine.test_live_values import rotate
from tests.soak.model import Entry, Fields, Held, Ledger, Map
from tests.soak.stage import UP, SoakedStack, says_where, steps_in

KEYS = ("alpha", "beta", "gamma", "delta")
PATHS = ("", "p", "p/q")
NAMES = ("", "n", "m")
OWNERS = ("", "map", "operator")
KINDS = ("text", "password", "empty", "fields")
VALUES = ("secret_data", "generate_random_password")
WORDS = ("import", "renamed_from", "restore_deleted", "allow_loss")
_numbers = count(1)

picks = st.integers(0, 100)


class FindingError(AssertionError):
    """A rule that the product, or this test, does not keep."""


class TimeIsOver(BaseException):  # which ends a history in its midst, as Ctrl-C does
    """The soak has run as long as it was asked to."""


class Tally:
    """What all histories of a soak did."""

    def __init__(self) -> None:
        self.steps = self.runs = self.kills = self.refusals = 0


class SecretsHistory(RuleBasedStateMachine):
    """One stack from its first run on."""

    make_stack: ClassVar[Callable[[str], SoakedStack]]
    report: ClassVar[Callable[[str], None]] = staticmethod(note)
    tally: ClassVar[Tally] = Tally()
    ends: ClassVar[float] = float("inf")

    def __init__(self) -> None:
        super().__init__()
        number = next(_numbers)
        self.prefix = f"soak{number}"
        self.stack = type(self).make_stack(self.prefix)
        self.map = Map(self.prefix)
        self.applied = self.map.copy()
        self.tried: Map | None = None
        """The map of a run that was killed or failed half-way, until one ends well."""

        self.ledger = Ledger()
        self.written = count(1)
        self.seen: dict[int, tuple[Fields, str | None]] = {}
        """The fields and the value that each entry had after the last run that ended well."""

        self.steps = 30
        """The number of the engine's events in the last whole run, at first a guess."""

        self.touched: set[int] = set()
        """The entries into whose secrets others have written since then."""

    # What a user edits.

    @initialize(kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=3))
    def start(self, kinds: list[str]) -> None:
        self.write_first(kinds)
        self.deploy(refresh=False)

    def write_first(self, kinds: list[str]) -> None:
        """Write the first map, and run nothing."""
        for key, kind in zip(KEYS, kinds, strict=False):
            self.map.entries[key] = self._new_entry(kind)

    @rule(key=st.sampled_from(KEYS), kind=st.sampled_from(KINDS))
    def add(self, key: str, kind: str) -> None:
        if key not in self.map.entries:
            self.map.entries[key] = self._new_entry(kind)
            self._say(f"add {key}: {self.map.entries[key].fields}")

    @rule(pick=picks)
    def remove(self, pick: int) -> None:
        if len(self.map.entries) > 1:
            key, _ = self._pick(pick)
            del self.map.entries[key]
            self._say(f"remove {key}")

    @rule(pick=picks, path=st.sampled_from(PATHS), name=st.sampled_from(NAMES))
    def move(self, pick: int, path: str, name: str) -> None:
        key, entry = self._pick(pick)
        if "import" not in entry.fields:
            self._set(key, entry, path=path, name=name)

    @rule(pick=picks, key=st.sampled_from(KEYS), says_so=st.booleans(), keeps_name=st.booleans())
    def rename_key(self, pick: int, key: str, *, says_so: bool, keeps_name: bool) -> None:
        old, entry = self._pick(pick)
        if key in self.map.entries:
            return

        identity = entry.identity if says_so else next(_numbers)
        renamed = Entry(identity, dict(entry.fields))
        renamed.fields.pop("renamed_from", None)
        if says_so:
            renamed.fields["renamed_from"] = old

        if keeps_name and "import" not in entry.fields:
            renamed.fields.setdefault("name", old)

        del self.map.entries[old]
        self.map.entries[key] = renamed
        self._say(f"rename key {old} to {key}: {renamed.fields}")

    @rule(pick=picks, owner=st.sampled_from(OWNERS))
    def change_owner(self, pick: int, owner: str) -> None:
        key, entry = self._pick(pick)
        if "rotated_fields" not in entry.fields:
            self._set(key, entry, owner=owner)

    @rule(pick=picks, kind=st.sampled_from(("same", "same", "text", "password", "empty")))
    def change_value(self, pick: int, kind: str) -> None:
        key, entry = self._pick(pick)
        if kind != "same":
            for name in (*VALUES, "random_password", "rotated_fields"):
                entry.fields.pop(name, None)

            self._set(key, entry, **self._kind(kind))
        elif isinstance(entry.fields.get("secret_data"), dict):
            self._set(key, entry, secret_data=self._fields_value())
        elif "secret_data" in entry.fields:
            self._set(key, entry, secret_data=self._value("MAP"))
        elif "generate_random_password" in entry.fields:
            self._set(key, entry, random_password={"length": 20 + next(self.written)})

    @rule(
        pick=picks, what=st.sampled_from(("description", "tags", "allow_loss", "restore", "drop"))
    )
    def adorn(self, pick: int, what: str) -> None:
        """Write or remove the fields that say what may happen, and those that mean nothing."""
        key, entry = self._pick(pick)
        text = f"n{next(self.written)}"
        if what == "drop":
            self._set(key, entry, **dict.fromkeys(WORDS, ""))
        elif what == "tags":
            self._set(key, entry, tags={"t": text})
        elif what == "restore" and "import" not in entry.fields:
            self._set(key, entry, restore_deleted=True)
        elif what in ("description", "allow_loss"):
            self._set(key, entry, **{what: text})

    @rule(what=st.sampled_from(("key", "label", "context", "broken")))
    def change_map(self, what: str) -> None:
        if what == "key":
            self.map.has_key = not self.map.has_key
        elif what == "label":
            self.map.label = "other" if self.map.label == "soaked" else "soaked"
        elif what == "context":
            self.map.context = self.prefix + ("b" if self.map.context == self.prefix else "")
        else:
            self.map.is_broken = not self.map.is_broken

        self._say(f"change {what}")

    @rule(key=st.sampled_from(KEYS), owner=st.sampled_from(OWNERS), kind=st.sampled_from(KINDS[:3]))
    def adopt(self, key: str, owner: str, kind: str) -> None:
        """Write an entry that imports a secret made by others."""
        if key in self.map.entries:
            return

        name, value = f"legacy-{self.prefix}-{next(self.written)}", self._value("HAND")
        made = self.stack.client.create_secret(Name=name, SecretString=value)
        entry = Entry(next(_numbers), {"import": name, **self._kind(kind)})
        self.ledger.wrote(entry.identity, made["ARN"], value, is_adopted=True)
        self.map.entries[key] = entry
        self._set(key, entry, owner=owner)

    # What others write.

    @rule(pick=picks, rotates=st.booleans())
    def write_by_others(self, pick: int, *, rotates: bool) -> None:
        owners = {**self.map.names(self.prefix), **self.applied.names(self.prefix)}
        held = [one for one in self._account() if not one.is_deleted and one.name in owners]
        if not held:
            return

        one = held[pick % len(held)]
        value = self._value("HAND")
        text = value
        if (one.value or "").startswith("{"):
            text = re.sub(r'("password": ")[^"]*', rf"\g<1>{value}", one.value or "")

        self._say(f"{'rotate' if rotates else 'write'} {one.name}: {text}")
        if rotates and one.value is not None:
            rotate(self.stack.client, one.arn, text)
        else:
            self.stack.client.put_secret_value(SecretId=one.arn, SecretString=text)

        self.ledger.wrote(owners[one.name], one.arn, value)
        self.touched.add(owners[one.name])

    # What is run.

    @rule(refresh=st.booleans())
    def deploy(self, *, refresh: bool) -> None:
        self._deploy(["--refresh"] if refresh else [])

    @rule(what=st.sampled_from(("preview", "refresh")))
    def look(self, what: str) -> None:
        self._write(self.map)
        arguments = ["preview", "--json"] if what == "preview" else ["refresh", "--yes", "--json"]
        before = self._account()
        run = self.stack.pulumi(*arguments, good=False)
        self._say(f"{what}: {run.code}")
        self._judge(run, before, f"{what} of\n{self.map.text()}")

    @rule(moment=st.integers(0, 99), delay=st.integers(-10, 10), is_engine_first=st.booleans())
    def kill(self, moment: int, delay: int, *, is_engine_first: bool) -> None:
        """Kill `up` at a moment, in per cent of the steps of the last run, and run it again."""
        events, seconds = moment * (self.steps + 4) // 100, max(delay, 0) / 25
        before = self._starts(self.map)
        run, is_killed = self.stack.killed_up(events, seconds, is_engine_first=is_engine_first)
        self.tally.runs += 1
        self.tally.kills += is_killed
        self._say(f"up, killed {seconds} s after {events} events: {run.code}")
        self._judge(run, before, self.map.text())
        if is_killed:
            self.tried = self.map.copy()
            self.stack.unlock()
            self._deploy([])
        elif run.code == 0:
            self._ended_well(self.map)
        else:
            self._refused(run)

    # How a run is judged.

    def _deploy(self, arguments: list[str]) -> None:
        run = self._up(self.map, arguments)
        if run.code != 0:
            self._refused(run)

    def _up(self, running: Map, arguments: list[str]) -> Run:
        before = self._starts(running)
        run = self.stack.pulumi(*UP, *arguments, good=False)
        self.tally.runs += 1
        self._say(f"up {' '.join(arguments)}: {run.code}")
        self._judge(run, before, running.text())
        if run.code == 0:
            self.steps = steps_in(run)
            self._ended_well(running)

        return run

    def _refused(self, run: Run) -> None:
        """Take the edit back, or follow what the run says: one of the two must work."""
        self.tally.refusals += 1
        self._say(self._errors_of(run))
        maps = [self.applied, self.map] if self.tried is None else [self.tried, self.applied]
        if any(entry.fields.get("import") for entry in self.map.entries.values()):
            maps.append(self.map)

        said = [self._errors_of(run)]
        for one in maps:
            candidate = one.copy()
            candidate.is_broken = False
            for _ in range(3):
                self._say("taken back:\n" + candidate.text())
                again = self._up(candidate, [])
                if again.code == 0:
                    self.map = candidate
                    return

                said.append(self._errors_of(again))
                if not self._follow(candidate, again):
                    break

        self._find("no way on: " + "\n".join(said))

    def _follow(self, candidate: Map, run: Run) -> bool:
        """Write what a refusal says into the map; return whether it says anything."""
        places = re.findall(r"\.yaml:(\d+):\d+: error: (.*)", run.diagnostics)
        lines = candidate.text().splitlines()
        is_changed = False
        for line, message in places:
            key = lines[int(line) - 1].strip().partition(":")[0]
            entry = candidate.entries.get(key)
            if entry is None:
                continue

            if "set `restore_deleted: true`" in message:
                entry.fields["restore_deleted"] = True
                is_changed = True
            elif found := re.search(r"write `import: ([^`]*)` with `owner: operator`", message):
                entry.fields |= {"import": found[1], "owner": "operator"}
                is_changed = True
            elif found := re.search(
                r"rename of `([^`]*)` to .*; copy it to `([^`]*)`, then write that", message
            ):
                self._copy(found[1], found[2])
                entry.fields["allow_loss"] = "copied"
                is_changed = True
            elif "set `owner: map` to overwrite it or `owner: operator` to keep it" in message:
                entry.fields["owner"] = "operator"
                is_changed = True
            elif found := re.search(r"write `renamed_from: ([^`]*)`", message):
                entry.fields["renamed_from"] = found[1]
                is_changed = True

        return is_changed

    def _copy(self, old: str, new: str) -> None:
        held = {one.name: one for one in self._account()}
        value = held[old].value or ""
        self.stack.client.put_secret_value(SecretId=new, SecretString=value)
        if one := self.ledger.guarded.get(held[old].arn):
            self.ledger.wrote(one.identity, held[new].arn, one.value)
            self.touched.add(one.identity or 0)

    def _starts(self, running: Map) -> list[Held]:
        self._write(running)
        before = self._account()
        self.ledger.run_starts(running, self.prefix, before)
        return before

    def _judge(self, run: Run, before: list[Held], what: str) -> None:
        account = self._account()
        if "Traceback" in run.text or "panic:" in run.text:
            self._find(f"a traceback in {what}\n{run.diagnostics}")

        for held in (*before, *account):
            if held.value and held.value in run.text:
                self._find(f"the value of `{held.name}` is in the output of {what}")

        if re.search(r"HAND\d|MAP\d", run.text):
            self._find(f"a value is in the output of {what}")

        if run.code > 0 and not says_where(run):
            self._find(f"the failed run does not say why: {what}\n{run.text}")

        losses = self.ledger.losses(account)
        if losses:
            self._find("; ".join(losses) + f"\nafter {what}\n{self._errors_of(run)}")

    def _ended_well(self, running: Map) -> None:
        account = self._account()
        misplaced = self.ledger.misplaced(running, self.prefix, account)
        if misplaced:
            self._find("; ".join(misplaced) + f"\nafter\n{running.text()}")

        names = set(running.names(self.prefix))
        living = {held.name: held for held in account if not held.is_deleted}
        own = [n for n in living if re.match(rf"{self.prefix}b?/", n) or n in names]
        adopted = {held.name for held in account if "secretsmap:adopted" in held.tags}
        if set(own) - adopted - names or names - set(own):
            self._find(
                f"living secrets: {sorted(own)}; of the map: {sorted(names)}\n{running.text()}"
            )

        self._compare_values(running, living)
        self.applied, self.tried = running.copy(), None
        self.touched = set()

    def _compare_values(self, running: Map, living: dict[str, Held]) -> None:
        """Check the values that nobody else wrote."""
        guarded = {one.identity for one in self.ledger.guarded.values()}
        seen = {}
        for key, entry in running.entries.items():
            value = living[running.name_of(key, self.prefix)].value
            data = entry.fields.get("secret_data")
            is_of_map = entry.is_overwritten_in_words or (
                entry.is_written_by_map and entry.identity not in guarded
            )
            is_of_map = is_of_map and "restore_deleted" not in entry.fields
            if is_of_map and isinstance(data, str) and value != data:
                self._find(f"`{key}` is {value}, the map says {data}\n{running.text()}")

            fields, last = self.seen.get(entry.identity, ({}, None))
            same = all(
                fields.get(one) == entry.fields.get(one)
                for one in ("secret_data", "generate_random_password", "random_password", "owner",
                            "rotated_fields", "import", "allow_loss")
            )  # fmt: skip
            is_kept = same and last is not None and entry.identity not in self.touched | guarded
            if is_kept and value != last:
                self._find(f"the value of `{key}` changed from {last} to {value}")

            seen[entry.identity] = (copy.deepcopy(entry.fields), value)

        self.seen = seen

    # Small help.

    def _account(self) -> list[Held]:
        return self.stack.account()

    def _write(self, running: Map) -> None:
        self.stack.write(running.text())

    def _pick(self, pick: int) -> tuple[str, Entry]:
        return list(self.map.entries.items())[pick % len(self.map.entries)]

    def _new_entry(self, kind: str) -> Entry:
        return Entry(next(_numbers), self._kind(kind))

    def _kind(self, kind: str) -> Fields:
        match kind:
            case "text":
                return {"secret_data": self._value("MAP")}
            case "password":
                return {"generate_random_password": True}
            case "fields":
                rotated = {"rotated_fields": ["password"], "owner": "operator"}
                return {"secret_data": self._fields_value(), **rotated}
            case _:
                return {}

    def _fields_value(self) -> Fields:
        return {"user": self._value("MAP"), "password": self._value("MAP")}

    def _value(self, writer: str) -> str:
        return f"{writer}{next(self.written)}of{self.prefix}end"

    def _set(self, key: str, entry: Entry, **fields: Any) -> None:
        for name, value in fields.items():
            if value == "":
                entry.fields.pop(name, None)
            else:
                entry.fields[name] = value

        self._say(f"edit {key}: {entry.fields}")

    def _say(self, text: str) -> None:
        if time.monotonic() > self.ends:
            raise TimeIsOver

        self.tally.steps += 1
        type(self).report(f"[{self.prefix}] {text}")

    def _errors_of(self, run: Run) -> str:
        told = [e["diagnosticEvent"] for e in run.events if "diagnosticEvent" in e]
        errors = [one["message"] for one in told if one["severity"] == "error"]
        return "\n".join(errors) or run.text[-2000:]

    def _find(self, text: str) -> None:
        type(self).report(f"[{self.prefix}] FINDING {text}")
        raise FindingError(text)
