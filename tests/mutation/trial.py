"""Tries mutants: each in a process of its own, against a module's own tests, and if it lives against all of the rules'.

Run in a copy of the project, where `tests.mutation` puts it: it writes each mutant over its module.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final, NamedTuple

import hypothesis
import pytest

from tests.mutation.operators import Enumerations, Mutant, enumerations_in, mutants

WARM: Final = (
    "alembic.context",
    "govuk_bank_holidays.bank_holidays",
    "hypothesis.strategies",
    "playwright.sync_api",
    "psycopg",
    "pydantic",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
)
"""What the tests import, besides the project: once, before the first fork, since that takes longer than the tests."""

RULES: Final = Path("core/rules")
TESTS: Final = Path("tests/rules")
REASONS: Final = Path("tests/mutation/survivors.toml")

FIRST: Final = ("policy", "assessment", "cycle", "procurement", "calendar", "states", "lifecycle", "fund_rules")
"""Bands, tiers, the calendar, the lifecycle, and what the funds are held to: none may survive here without a reason."""

OTHERS: Final = {
    "policy": ("test_assessment.py", "test_policy_file.py"),
    "assessment": ("test_properties.py",),
    "parts": ("test_assessment.py", "test_legal_basis.py"),
    "states": ("test_lifecycle.py", "test_payment.py"),
    "checks": ("test_legal_basis.py", "test_payment.py"),
    "facts": ("test_assessment.py", "test_legal_basis.py"),
    "words": ("test_assessment.py", "test_fund_rules.py"),
    "answers": ("test_questions.py",),
    "forms": ("test_questions.py", "test_own_questions.py", "test_return_questions.py"),
    "questions": ("test_own_questions.py", "test_return_questions.py"),
}
"""Tests that hold a module besides its namesake and those that hold all of them: they are tried first."""

EVERYWHERE: Final = ("test_cases.py", "test_values.py")
"""Tests that hold every module."""

SLOW: Final = {"test_moved_figures.py": "it moves the figures of the policy, not of the code, each against every case"}
"""Tests that no mutant meets, and why."""

OWN_SECONDS: Final = 30
"""Of processor time, for a module's own tests, which take two. A mutant that loops takes no more."""

ALL_SECONDS: Final = 120
"""Of processor time, for all tests of the rules, which take some thirty."""

MEMORY: Final = 4 * 1024**3
"""Bytes that a trial may have."""

OPTIONS: Final = (
    *("-x", "-q", "--no-header", "--hypothesis-profile=mutation"),
    *("-p", "no:cacheprovider", "-p", "no:unraisableexception"),
    *("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"),  # it is, to warm
)
"""How the tests run: up to the first that fails, and without what only takes time."""

SAID: Final = Path("said.txt")
"""Where the last tests say what they have to say."""


class Outcome(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMED_OUT = "timed out"


class Survivor(NamedTuple):
    """A change that no test notices, as a reason names it: in which function or class, its lines before and after."""

    module: str
    within: str
    was: str
    now: str


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 where every mutant is killed or has a reason; 1 where one has none, or a reason has no mutant."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of core/rules; unless given: {' '.join(FIRST)}")
    modules = parser.parse_args(arguments).modules or FIRST
    os.nice(10)
    for name in WARM:
        import_module(name)
    gc.freeze()
    gc.disable()
    reasons = reasons_given()
    enumerations = enumerations_in(sorted(RULES.glob("*.py")))
    found: list[Survivor] = []
    for module in modules:
        found += try_module(module, enumerations, reasons)
    unexplained = [survivor for survivor in found if survivor not in reasons]
    idle = [reason for reason in reasons if reason.module in modules and reason not in found]
    for reason in idle:
        print(f"\n{reason.module}: this no longer survives; its reason goes:\n{difference(reason.was, reason.now)}")
    print(f"\n{len(unexplained)} survived without a reason, {len(idle)} reasons without a survivor")
    return 1 if unexplained or idle else 0


def reasons_given() -> dict[Survivor, str]:
    """The survivors that are accounted for, and why nothing tells them from what is written."""
    rows = tomllib.loads(REASONS.read_text(encoding="utf-8")).get("survivor", [])
    return {Survivor(row["module"], row["within"], row["was"], row["now"]): row["because"] for row in rows}


def try_module(module: str, enumerations: Enumerations, reasons: dict[Survivor, str]) -> Iterator[Survivor]:
    """Try every mutant of a module, and print what became of them. Yields those that survived."""
    path = RULES / f"{module}.py"
    source = path.read_text(encoding="utf-8")
    began = time.monotonic()
    own, rest = tests_of(module)
    for tests in (own, rest):
        if run(tests, ALL_SECONDS, as_it_is=True) is not Outcome.SURVIVED:
            sys.exit(f"{SAID.read_text(encoding='utf-8')}\nThe tests of {module} fail as it is, so they show nothing.")
    # Whatever was compiled stays but the module itself: a mutant of the same second and size would be taken for it.
    Path(cache_from_source(str(path))).unlink(missing_ok=True)
    outcomes: Counter[Outcome] = Counter()
    explained = 0
    try:
        for mutant in mutants(path, enumerations):
            outcome = try_mutant(path, mutant, own, rest)
            outcomes[outcome] += 1
            survivor = Survivor(module, mutant.within, mutant.was, mutant.now)
            if outcome is Outcome.SURVIVED:
                explained += survivor in reasons
                yield survivor
            if outcome is Outcome.TIMED_OUT or (outcome is Outcome.SURVIVED and survivor not in reasons):
                place = f"{path}:{mutant.line}" + (f", in {mutant.within}" if mutant.within else "")
                print(f"\n{place}: {outcome} ({mutant.operator})\n{difference(mutant.was, mutant.now)}", flush=True)
    finally:
        path.write_text(source, encoding="utf-8")
    print(
        f"{module}: {outcomes.total()} mutants, {outcomes[Outcome.KILLED]} killed, "
        f"{outcomes[Outcome.TIMED_OUT]} timed out, {outcomes[Outcome.SURVIVED]} survived "
        f"({explained} with a reason), {time.monotonic() - began:.0f} seconds",
        flush=True,
    )


def tests_of(module: str) -> tuple[list[str], list[str]]:
    """The tests that hold a module, which are tried first, and the rest of the rules'."""
    first = [f"test_{module}.py", *OTHERS.get(module, ()), *EVERYWHERE]
    own = [str(TESTS / name) for name in first if (TESTS / name).exists()]
    every = [str(path) for path in sorted(TESTS.glob("test_*.py")) if path.name not in SLOW]
    return own, [path for path in every if path not in own]


def try_mutant(path: Path, mutant: Mutant, own: list[str], rest: list[str]) -> Outcome:
    """Write a mutant over its module and run the tests against it, until one fails."""
    path.write_text(mutant.text, encoding="utf-8")
    outcome = run(own, OWN_SECONDS)
    return run(rest, ALL_SECONDS) if outcome is Outcome.SURVIVED else outcome


def run(tests: list[str], seconds: int, *, as_it_is: bool = False) -> Outcome:
    """Run tests in a process forked from this one, up to the first that fails; what they say goes to `SAID`.

    `seconds` of processor time is what they may take.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = _run_here(tests, seconds, as_it_is=as_it_is)
        except BaseException:  # a forked process goes no further than here, whatever happened
            traceback.print_exc()
            raise
        finally:
            sys.stdout.flush()
            os._exit(status)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return Outcome.TIMED_OUT
    if os.WEXITSTATUS(status) == pytest.ExitCode.NO_TESTS_COLLECTED:
        sys.exit(f"No test was found in {' '.join(tests)}.")
    return Outcome.KILLED if os.WEXITSTATUS(status) else Outcome.SURVIVED


def _run_here(tests: list[str], seconds: int, *, as_it_is: bool) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    said = os.open(SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.dont_write_bytecode = not as_it_is
    # Whether an example fails is asked, not which is the smallest that does.
    hypothesis.settings.register_profile(
        "mutation",
        database=None,
        deadline=None,
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    return pytest.main([*OPTIONS, *tests])


def difference(was: str, now: str) -> str:
    """The changed lines as a difference shows them."""
    return "\n".join([*(f"  - {line}" for line in was.splitlines()), *(f"  + {line}" for line in now.splitlines())])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
