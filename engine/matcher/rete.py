"""The matcher: evaluates compiled rules with durable_rules. The only module that calls the library.

The C module is called directly, in the one sequence that is safe (docs/matching.md): assert a fact under a fixed
session, read the fired rules as names, retract the fact. A sentinel rule that fires last shows that the run is
complete. After any other result the shard is dropped and rebuilt, the interpreter evaluates this lead, and the incident
is counted. So a fault of the library costs time but gives no wrong answer.

Equal messages have equal answers, so each shard caches its last few thousand. Threads may share a `ReteMatcher`. A new
version gets a new matcher, built before the old one is closed. After a fork each process must build its own.
"""

import json
from itertools import count
from threading import Lock
from types import ModuleType
from typing import Protocol, cast
from zoneinfo import ZoneInfo

import durable_rules_engine
import structlog

from engine.core.lead.matching import InterpreterMatcher, no_rules
from engine.matcher.matching import RulesetMatcher
from rulesets.compile.compiled import ANCHOR, SENTINEL, Compiled, Shard
from rulesets.compile.compiler import compile_policy
from rulesets.conditions.interpreter import View
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import Vocabulary

SESSION = "1"
REMEMBERED = 4096  # messages per shard
LIVES = 8  # most builds of a shard; an abandoned one keeps its memory, so the number must be limited
ENGINE_ERRORS = (durable_rules_engine.error, MemoryError, ValueError)
_ANCHOR = "".join(f',"{name}":"{value}"' for name, value in ANCHOR.items())
_names = count(1)  # the library's own registry refuses a name twice
_log = structlog.get_logger("baton.matcher")


class Engine(Protocol):
    """The functions of the C module that are used. Handles are integers. Every call may raise."""

    def create_ruleset(self, name: str, definition: str) -> int: ...
    def delete_ruleset(self, handle: int) -> None: ...
    def delete_state(self, handle: int, session: str) -> None: ...
    def assert_fact(self, handle: int, message: str) -> tuple[int, int]: ...
    def retract_fact(self, handle: int, message: str) -> tuple[int, int]: ...
    def start_action_for_state(self, handle: int, state: int) -> tuple[str, str] | None: ...
    def complete_and_start_action(self, handle: int, state: int) -> str | None: ...


class Incident(Exception):
    """The library raised, refused, or did not finish. The answer of this run is unreliable."""


class ShardMatcher:
    """One ruleset of the library, from creation to deletion."""

    def __init__(self, shard: Shard, engine: Engine, *, remember: bool = True) -> None:
        self._engine = engine
        self._room = REMEMBERED if remember else 0
        self._rules = shard.rules
        self._definition = json.dumps(shard.definition)
        self._lock = Lock()
        self._ids = count(1)
        self.remembered: dict[tuple[str, ...], frozenset[str]] = {}
        self._lives = LIVES
        self._handle: int | None = None

    def build(self) -> None:
        """Build now instead of at the first message. Raises Incident."""
        with self._lock:
            self._build()

    def close(self) -> None:
        """Delete the session, then the ruleset."""
        with self._lock:
            # No lives left: a late call raises Incident instead of building a ruleset that nobody frees.
            handle, self._handle, self._lives = self._handle, None, 0
            self.remembered.clear()
            if handle is not None:
                self._engine.delete_state(handle, SESSION)
                self._engine.delete_ruleset(handle)

    def fired(self, pieces: tuple[str, ...]) -> frozenset[str]:
        """The ids of the rules that a message of these pieces fires. Raises Incident if the run is incomplete."""
        known = self.remembered.get(pieces)
        if known is None:
            with self._lock:
                known = self._run_or_abandon("".join(pieces))
            # Emptied at once: simpler than tracking use, and the answers are computed again when needed.
            if len(self.remembered) >= self._room:
                self.remembered.clear()
            if self._room:
                self.remembered[pieces] = known
        return known

    def _build(self) -> int:
        """Create ruleset and session, and run once. Deleting a session in which no action ran crashes the process."""
        if self._lives <= 0:
            raise Incident("the shard is closed, or failed too often")
        # Counted before the attempt: one that fails costs memory, too.
        self._lives -= 1
        try:
            handle = self._engine.create_ruleset(f"shard {next(_names)}", self._definition)
        except ENGINE_ERRORS as error:
            raise Incident(f"{type(error).__name__}: {error}") from error
        # Not stored as usable until this first run is complete.
        self._run(handle, "")
        self._handle = handle
        return handle

    def _run_or_abandon(self, body: str) -> frozenset[str]:
        """Run a message. An interrupted run, also by the job's time-out, leaves a ruleset that must not be used or
        deleted.
        """
        handle = self._build() if self._handle is None else self._handle
        # Any exception during the run leaves the shard without a handle, so the next call builds a new one.
        self._handle = None
        fired = self._run(handle, body)
        self._handle = handle
        return fired

    def _run(self, handle: int, body: str) -> frozenset[str]:
        """Assert the fact, read every fired rule, retract the fact."""
        engine, fired = self._engine, list[str]()
        head = f'{{"sid":"{SESSION}","id":{next(self._ids)}'
        try:
            code, state = engine.assert_fact(handle, f"{head}{_ANCHOR}{body}}}")
            started = engine.start_action_for_state(handle, state) if code == 0 else None
            text = started[1] if started else None
            while text:
                fired.append(text[2 : text.index('"', 2)])
                text = engine.complete_and_start_action(handle, state)
            code = code or engine.retract_fact(handle, head + "}")[0]
        except ENGINE_ERRORS as error:
            raise Incident(f"{type(error).__name__}: {error}") from error
        if code or not fired or fired.pop() != SENTINEL:
            raise Incident(f"the run was not whole: code {code}, {len(fired)} fired")
        return frozenset(self._rules[int(name)] for name in fired)


class ReteMatcher:
    """Matches with durable_rules; see `engine.core.lead.matching.Matcher`. ``incidents`` counts faults of the
    library.
    """

    def __init__(
        self,
        compiled: Compiled,
        policy: Policy,
        engine: Engine | ModuleType = durable_rules_engine,
        *,
        remember: bool = True,
    ) -> None:
        """Build every shard. With ``remember=False`` nothing is cached, for measuring the library."""
        vocabulary, zone = Vocabulary.of(policy), ZoneInfo(policy.timezone)
        self._reference = InterpreterMatcher(policy)
        self._shards: list[ShardMatcher] = []
        self._rulesets: dict[str, RulesetMatcher] = {}
        self.incidents = 0
        for name, ruleset in compiled.rulesets.items():
            shards = [ShardMatcher(shard, cast("Engine", engine), remember=remember) for shard in ruleset.shards]
            self._rulesets[name] = RulesetMatcher(ruleset, shards, vocabulary, zone, remember=remember)
            self._shards += shards
            for shard in shards:
                self._warm(name, shard)

    @classmethod
    def of(cls, policy: Policy) -> "ReteMatcher":
        """Compile and build in one step."""
        return cls(compile_policy(policy), policy)

    def match(self, ruleset: str, view: View) -> frozenset[str]:
        """The ids of the rules of this ruleset that hold. Raises KeyError for a name that no ruleset can have."""
        matcher = self._rulesets.get(ruleset)
        if matcher is None:
            return no_rules(ruleset)
        try:
            return matcher.match(view)
        except Incident as incident:
            self._record(ruleset, incident)
            return self._reference.match(ruleset, view)

    def _warm(self, ruleset: str, shard: ShardMatcher) -> None:
        try:
            shard.build()
        except Incident as incident:
            self._record(ruleset, incident)

    def _record(self, ruleset: str, incident: Incident) -> None:
        self.incidents += 1
        _log.warning("matcher.incident", ruleset=ruleset, error=str(incident), incidents=self.incidents)

    def close(self) -> None:
        """Free every ruleset. The matcher cannot be used afterwards."""
        for shard in self._shards:
            shard.close()
