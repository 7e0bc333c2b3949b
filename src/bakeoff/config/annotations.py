"""Whether a value from a YAML file can be of the type that an annotation asks for.

Only plain types are judged (int, float, bool, str, None, Literal, lists, tuples, mappings and unions of them); a value
for anything else passes, since the constructor knows better. Of a union with plain types only those count: no YAML file
can write the tensor of ``float | Tensor``.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from functools import cache, reduce
from typing import Any

_SCALARS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "str": (str,)}
_LISTS = {"list", "List", "tuple", "Tuple", "Sequence", "Iterable", "set", "frozenset", "Collection"}
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping"}
_TEXTS = {"Path", "PathLike"}
_JUDGED = {*_SCALARS, *_LISTS, *_MAPPINGS, *_TEXTS, "Literal", "Any", "object"}


def mismatch(value: Any, annotation: str) -> str | None:
    """What was expected, in words, where ``value`` does not fit; None where it fits or can't be judged.

    Args:
        value: a plain value: scalar, list, dict or None.
        annotation: the annotation as source text, such as ``"int | None"``.
    """
    expression = _writable(annotation)
    if expression is None or _fits(value, expression):
        return None
    return f"expected {describe(annotation)}, got {_kind(value)}"


def outside(value: Any, ranges: str) -> str | None:
    """The numbers that are allowed, in words, where ``value`` has one that is not; None where all are.

    Args:
        value: of the type that is asked for.
        ranges: the annotation as source text, with its ranges: ``"Annotated[int, Ge(1)] | None"``.
    """
    tree = ast.parse(ranges, mode="eval").body
    return None if _within(value, tree) else ", or ".join(_ranges_in_words(tree))


def names_folder(ranges: str) -> bool:
    """Whether a text must be the path of a folder that is there (`bakeoff.ranges.RunFolder`)."""
    return "Predicate(Path.is_dir)" in ranges


def without_ranges(annotation: str) -> str:
    """The annotation without the ranges of its numbers: ``"int | None"``."""
    return ast.unparse(_Plain().visit(ast.parse(annotation, mode="eval").body))


def holds_nonfinite(value: Any) -> bool:
    """Whether a value, or an entry of a list, is infinite or no number."""
    if isinstance(value, list):
        return any(map(holds_nonfinite, value))
    return isinstance(value, float) and not math.isfinite(value)


def choices(annotation: str) -> list[Any]:
    """The values of a ``Literal`` anywhere in the annotation; empty where there is none."""
    try:
        tree = ast.parse(annotation, mode="eval")
    except SyntaxError:
        return []
    found: list[Any] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _name(node.value) == "Literal":
            found += [item.value for item in _items(node.slice) if isinstance(item, ast.Constant)]
    return found


def describe(annotation: str) -> str:
    """An annotation as a person reads it: ``int | None`` becomes ``int or null``."""
    allowed = choices(annotation)
    if allowed and annotation.startswith("Literal["):
        return "one of " + ", ".join(map(str, allowed))
    expression = _writable(annotation)
    written = annotation if expression is None else ast.unparse(expression)
    return written.replace(" | ", " or ").replace("None", "null")


def is_list(annotation: str) -> bool:
    """Whether the annotation's outermost type is a list or tuple, so that an empty one is likely a mistake."""
    return _name(ast.parse(annotation, mode="eval").body) in _LISTS


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _items(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


@cache
def _writable(annotation: str) -> ast.expr | None:
    """The part of a type that YAML can write; None where the annotation is no type."""
    try:
        expression: ast.expr = _Writable().visit(ast.parse(annotation, mode="eval").body)
    except SyntaxError:
        return None
    return expression


class _Writable(ast.NodeTransformer):
    """Writes every union as ``a | b``, without tensors and other objects where plain types are left."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        return self._union([node.left, node.right])

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        name = _name(node)
        if name in ("Union", "Optional"):
            return self._union([*_items(node.slice), *([ast.Constant(None)] if name == "Optional" else [])])
        return node if name == "Literal" else ast.Subscript(node.value, self.visit(node.slice), node.ctx)

    def _union(self, members: list[ast.expr]) -> ast.expr:
        members = [inner for member in members for inner in _members(self.visit(member))]
        judged = [member for member in members if _name(member) in _JUDGED or _is_none(member)]
        kept = members if all(map(_is_none, judged)) else judged
        return reduce(lambda left, right: ast.BinOp(left, ast.BitOr(), right), kept)


def _members(node: ast.expr) -> list[ast.expr]:
    return [*_members(node.left), *_members(node.right)] if isinstance(node, ast.BinOp) else [node]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _fits(value: Any, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _fits(value, node.left) or _fits(value, node.right)
    if isinstance(node, ast.Constant):
        return value is None if node.value is None else True
    name = _name(node)
    inner = _items(node.slice) if isinstance(node, ast.Subscript) else []
    if name == "Literal":
        return any(isinstance(item, ast.Constant) and _same(item.value, value) for item in inner)
    if name in _SCALARS:
        return isinstance(value, _SCALARS[name]) and (name == "bool" or not isinstance(value, bool))
    if name in _LISTS:
        return isinstance(value, list) and _items_fit(value, inner, fixed=name in ("tuple", "Tuple"))
    if name in _MAPPINGS:
        return isinstance(value, dict)
    return isinstance(value, str) if name in _TEXTS else True


def _same(expected: Any, value: Any) -> bool:
    return bool(expected == value and isinstance(expected, bool) == isinstance(value, bool))


def _items_fit(values: list[Any], inner: list[ast.expr], *, fixed: bool) -> bool:
    if not inner:
        return True
    if fixed and not any(isinstance(item, ast.Constant) and item.value is ... for item in inner):
        return len(values) == len(inner) and all(map(_fits, values, inner))
    return all(_fits(value, inner[0]) for value in values)


class _Plain(ast.NodeTransformer):
    """Takes the type out of every ``Annotated[type, range]``."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if _name(node) == "Annotated":
            return _items(node.slice)[0]
        return ast.Subscript(node.value, self.visit(node.slice), node.ctx)


_LIMITS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "ge": (operator.ge, "at least"),
    "gt": (operator.gt, "above"),
    "le": (operator.le, "at most"),
    "lt": (operator.lt, "below"),
}


def _within(value: Any, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _within(value, node.left) or _within(value, node.right)
    if isinstance(node, ast.Subscript) and _name(node) == "Annotated":
        fits = _fits(value, _items(node.slice)[0])
        return fits and all(_LIMITS[name][0](value, limit) for name, limit in _limits(node).items())
    if isinstance(node, ast.Subscript) and _name(node) in _LISTS and isinstance(value, list):
        inner = [item for item in _items(node.slice) if not (isinstance(item, ast.Constant) and item.value is ...)]
        wanted = inner if len(inner) == len(value) else inner[:1] * len(value)
        return all(map(_within, value, wanted))
    return _fits(value, _Plain().visit(node))


def _limits(annotated: ast.Subscript) -> dict[str, float]:
    """The limits of a number, by their names in ``annotated_types.Interval``; what else a user writes there is left."""
    found: dict[str, float] = {}
    for limit in _items(annotated.slice)[1:]:
        if isinstance(limit, ast.Call):
            named = [(_name(limit.func).lower(), item) for item in limit.args]
            named += [(str(word.arg), word.value) for word in limit.keywords]
            found |= {name: ast.literal_eval(item) for name, item in named if name in _LIMITS and _is_number(item)}
    return found


def _is_number(node: ast.expr) -> bool:
    written = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(written, ast.Constant) and isinstance(written.value, int | float)


def _ranges_in_words(tree: ast.expr) -> list[str]:
    """``1 or more``, ``at least 0 and below 1``: each range in an annotation; whole numbers among others so called."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript) and _name(node) == "Annotated"]
    kinds = {_name(_items(node.slice)[0]) for node in nodes}
    found = []
    for node in nodes:
        limits = _limits(node)
        words = " and ".join(f"{_LIMITS[name][1]} {limit}" for name, limit in limits.items())
        if set(limits) == {"ge"}:
            words = f"{limits['ge']} or more"
        elif set(limits) == {"ge", "le"}:
            words = f"{limits['ge']} to {limits['le']}"
        whole = _name(_items(node.slice)[0]) == "int" and len(kinds) > 1
        found.append(f"a whole number, {words}" if whole else words)
    return [words for words in dict.fromkeys(found) if words]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {
        bool: "a truth value",
        int: "a whole number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a mapping",
    }
    return f"{names.get(type(value), type(value).__name__)}"
