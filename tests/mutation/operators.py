"""The small changes that are made to the rules, one at a time: those of cosmic-ray that tell, and four of our own.

Of a comparison cosmic-ray makes seven others and of a sum eleven; two and one are kept, the nearest and the opposite: a
test that notices a penny notices those, and the others fall with them. Four operators are ours: the next member of an
enumeration (a state, a tier, a route, a verdict), the next figure in a text (a rule's id, a paragraph, a pattern),
`in` and `not in`, and the other of `min` and `max` or `any` and `all`.

What is not changed, and why:
- annotations and type variables: mypy reads them, nothing else does
- docstrings, and the words of a message beside the figures in them: no rule is decided by them
- `slots=True`: it saves memory; what must hold is `frozen`, which is changed
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

Node: TypeAlias = Any
"""A node of parso's tree: the library has no types."""

Enumerations: TypeAlias = Mapping[str, tuple[str, ...]]

COSMIC_RAY: Final = (
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_Lt_GtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_LtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_Gt_LtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_GtE_Lt",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_FloorDiv",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_Mod_FloorDiv",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ZeroIterationForLoop",
)


class Mutant(NamedTuple):
    """A module with one small change: where, by which operator, the lines before and after, and the whole text."""

    line: int
    within: str
    operator: str
    was: str
    now: str
    text: str


class NextMember:
    """`Tier.LIGHT` becomes `Tier.STANDARD`: each member of an enumeration becomes the one after it."""

    def __init__(self, enumerations: Enumerations) -> None:
        self._members = {name: members for name, members in enumerations.items() if len(members) > 1}

    def mutation_positions(self, node: Node) -> Iterator[tuple[Node, Node]]:
        member = self._member(node)
        if member is not None:
            yield member.start_pos, member.end_pos

    def mutate(self, node: Node, _index: int) -> Node:
        members, member = self._members[node.children[0].value], node.children[1].children[1]
        member.value = members[(members.index(member.value) + 1) % len(members)]
        return node

    def _member(self, node: Node) -> Node | None:
        if node.type != "atom_expr" or node.children[0].type != "name" or node.children[1].type != "trailer":
            return None
        member = node.children[1].children[1]
        return member if getattr(member, "value", None) in self._members.get(node.children[0].value, ()) else None


class NextFigure:
    """`"T1"` becomes `"T2"` and `"[0-9]{2}"` becomes `"[0-9]{3}"`: each figure in a text but a docstring."""

    _figure: Final = re.compile(r"[0-9]+")

    def mutation_positions(self, node: Node) -> Iterator[tuple[Node, Node]]:
        if node.type in ("string", "fstring_string") and node.parent.type not in ("simple_stmt", "file_input"):
            for _ in self._figure.finditer(node.value):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Node, index: int) -> Node:
        found = list(self._figure.finditer(node.value))[index]
        figure = str(int(found.group()) + 1).zfill(len(found.group()))
        node.value = node.value[: found.start()] + figure + node.value[found.end() :]
        return node


class OtherMembership:
    """`in` becomes `not in`, and `not in` becomes `in`."""

    _other: Final = {"in": " not in", "not in": " in"}

    def mutation_positions(self, node: Node) -> Iterator[tuple[Node, Node]]:
        for place in self._places(node):
            yield node.children[place].start_pos, node.children[place].end_pos

    def mutate(self, node: Node, index: int) -> Node:
        place = self._places(node)[index]
        node.children[place] = parso.parse(self._other[_words(node.children[place])])
        return node

    def _places(self, node: Node) -> list[int]:
        if node.type != "comparison":
            return []
        return [place for place, child in enumerate(node.children) if place % 2 and _words(child) in self._other]


class OtherFunction:
    """`min` becomes `max` and `any` becomes `all`, where they are called, and the other way round."""

    _other: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}

    def mutation_positions(self, node: Node) -> Iterator[tuple[Node, Node]]:
        if node.type == "name" and node.value in self._other and node.parent.type == "atom_expr":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Node, _index: int) -> Node:
        node.value = self._other[node.value]
        return node


def mutants(path: Path, enumerations: Enumerations) -> Iterator[Mutant]:
    """Every mutant of a module that is still Python, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    own = [NextMember({**enumerations, **_aliases(source, enumerations)}), NextFigure(), OtherMembership()]
    operators = [
        *((name, get_operator(f"core/{name}")()) for name in COSMIC_RAY),
        *((type(operator).__name__, operator) for operator in (*own, OtherFunction())),
    ]
    found = [mutant for name, operator in operators for mutant in _of(operator, name, source)]
    yield from sorted(found, key=lambda mutant: mutant.line)


def enumerations_in(paths: list[Path]) -> Enumerations:
    """The members of every enumeration that these modules define, by its name."""
    found = {}
    for path in paths:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Enum") for base in node.bases):
                assigned = (line.targets[0] for line in node.body if isinstance(line, ast.Assign))
                found[node.name] = tuple(target.id for target in assigned if isinstance(target, ast.Name))
    return found


def _of(operator: Any, name: str, source: str) -> Iterator[Mutant]:
    places = ((node, start) for node in ast_nodes(get_ast(source)) for start, _ in operator.mutation_positions(node))
    for occurrence, (node, start) in enumerate(places):
        if _decides_nothing(node):
            continue
        text = mutate_code(source, operator, occurrence)
        if text is not None and _is_another(text, source):
            was, now = _changed(source, text)
            yield Mutant(start[0], _within(node), name, was, now, text)


def _is_another(text: str, source: str) -> bool:
    if "not not " in text:  # to take the first away is the same change
        return False
    try:
        return ast.dump(ast.parse(text)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def _changed(source: str, text: str) -> tuple[str, str]:
    lines = list(difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm=""))[3:]
    was, now = ("\n".join(line[1:].strip() for line in lines if line[0] == sign).strip() for sign in "-+")
    return was, now


def _decides_nothing(node: Node) -> bool:
    """Whether it stands in an annotation, in a type variable, or says `slots`."""
    while node.parent is not None:
        above = node.parent
        if above.type == "tfpdef" or (above.type == "annassign" and node is above.children[1]):
            return True
        if above.type == "funcdef" and node is above.annotation:
            return True
        if above.type == "argument" and above.children[0].get_code().strip() == "slots":
            return True
        if above.type == "atom_expr" and above.children[0].get_code().strip() == "TypeVar":
            return True
        node = above
    return False


def _within(node: Node) -> str:
    """What a node stands in: `Band.holds`, or the name that a module gives a value."""
    names = []
    while node.parent is not None:
        if node.type in ("funcdef", "classdef"):
            names.append(node.name.value)
        elif node.type == "decorator":
            above = node.parent if node.parent.type == "decorated" else node.parent.parent
            names.append(above.children[-1].name.value)
        elif node.type == "expr_stmt":
            names += [name.value for name in node.get_defined_names() if node.parent.parent.type == "file_input"]
        node = node.parent
    return ".".join(reversed(names))


def _words(node: Node) -> str:
    return " ".join(node.get_code().split())


def _aliases(source: str, enumerations: Enumerations) -> Enumerations:
    """What a module calls an enumeration besides its name: `_S = ApplicationState`."""
    return {
        node.targets[0].id: enumerations[node.value.id]
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Name) and node.value.id in enumerations
    }
