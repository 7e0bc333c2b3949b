"""What a ``_target_`` takes, read from its source without importing it.

Validation and ``bakeoff explain`` need names, defaults, types and meanings of arguments; importing torch for them would
cost seconds where reading one file costs milliseconds.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from bakeoff.config.annotations import without_ranges
from bakeoff.config.docstrings import argument_docs, first_line
from bakeoff.config.sources import Module, find_definition, read_module

_WITHOUT_ARGUMENTS = ("ABC", "abc.ABC", "object", "Generic", "typing.Generic")
"""Bases whose constructors take nothing."""
_NO_DEFAULT = "dataclasses.field()"
"""Of a field that an attribute of a base would else be the default of."""


@dataclass(frozen=True)
class Parameter:
    """One argument: its name, annotation and default as source text (None where absent), and what it means.

    ``ranges`` is the annotation with the ranges of its numbers (`bakeoff.ranges`), where it names any.
    """

    name: str
    annotation: str | None = None
    default: str | None = None
    doc: str = ""
    ranges: str | None = None

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is None


@dataclass(frozen=True)
class Signature:
    """What a class's constructor or a function takes; ``open`` when it has ``**kwargs`` that swallow any name."""

    target: str
    parameters: tuple[Parameter, ...]
    open: bool
    summary: str

    def names(self) -> list[str]:
        """The names of the arguments, in order."""
        return [parameter.name for parameter in self.parameters]

    def get(self, name: str) -> Parameter | None:
        """The argument of that name, if there is one."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


@cache
def signature(target: str) -> Signature | None:
    """The static signature of a dotted name; None when its source can't be found or is no class or function."""
    module_name, _, name = target.rpartition(".")
    found = find_definition(module_name, name) if module_name else None
    if found is None:
        return None
    module, definition = found
    if isinstance(definition, ast.FunctionDef):
        return _of_function(target, module, definition, ast.get_docstring(definition) or "", skip=0)
    if isinstance(definition, ast.ClassDef):
        return _of_class(target, module, definition)
    return None


@cache
def ancestors(target: str) -> frozenset[str] | None:
    """The dotted names, where they are defined, of a class and all that it is made from; a function has none.

    Of bases whose source can't be read, what stands there follows a ``?``. None: there is no such definition.
    """
    module_name, _, name = target.rpartition(".")
    found = find_definition(module_name, name) if module_name else None
    if found is None:
        return None
    module, definition = found
    if not isinstance(definition, ast.ClassDef):
        return frozenset()
    names = {f"{module.name}.{definition.name}"}
    for base in _bases(definition):
        written = ast.unparse(base)
        if written in _WITHOUT_ARGUMENTS:
            continue
        inherited = ancestors(f"{module.name}.{written}") if isinstance(base, ast.Name) else None
        names |= inherited if inherited is not None else {f"?{written}"}
    return frozenset(names)


def public_classes(module_name: str) -> list[str]:
    """The public classes that a module defines, and those that a package re-exports, for suggestions."""
    module = read_module(module_name)
    if module is None:
        return []
    names = [name for name, item in module.definitions.items() if isinstance(item, ast.ClassDef)]
    if module.is_package:
        names += [name for name in module.imports if name[:1].isupper()]
    return sorted({name for name in names if not name.startswith("_")})


def _of_class(target: str, module: Module, definition: ast.ClassDef) -> Signature:
    doc = module.docs.get(definition.name) or ast.get_docstring(definition) or ""
    constructor = _constructor(definition)
    if constructor is not None:
        return _of_function(target, module, constructor, f"{doc}\n\n{ast.get_docstring(constructor) or ''}", skip=1)
    if _is_dataclass(definition):
        return Signature(target, tuple(_fields(module, definition).values()), False, first_line(doc))
    for base in _bases(definition):
        found = find_definition(module.name, base.id) if isinstance(base, ast.Name) else None
        if found and isinstance(found[1], ast.ClassDef):
            inherited = _of_class(target, found[0], found[1])
            return Signature(target, inherited.parameters, inherited.open, first_line(doc) or inherited.summary)
    plain = all(ast.unparse(base) in _WITHOUT_ARGUMENTS for base in _bases(definition))
    return Signature(target, (), not plain, first_line(doc))


def _bases(definition: ast.ClassDef) -> list[ast.expr]:
    """The classes that it is made from, without what they are generic in."""
    return [base.value if isinstance(base, ast.Subscript) else base for base in definition.bases]


def _constructor(definition: ast.ClassDef) -> ast.FunctionDef | None:
    methods = [item for item in definition.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    return methods[-1] if methods else None


def _of_function(target: str, module: Module, function: ast.FunctionDef, doc: str, *, skip: int) -> Signature:
    arguments, docs = function.args, argument_docs(doc)
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = [*zip(positional, defaults, strict=True)][skip:]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters = tuple(_parameter(module, item.arg, item.annotation, default, docs) for item, default in pairs)
    return Signature(target, parameters, arguments.kwarg is not None, first_line(doc))


def _fields(module: Module, definition: ast.ClassDef) -> dict[str, Parameter]:
    """Those of a dataclass, inherited ones first; of another class, those of the dataclasses that it is made from."""
    parameters: dict[str, Parameter] = {}
    for base in reversed(_bases(definition)):  # the first of them has the last word
        found = find_definition(module.name, base.id) if isinstance(base, ast.Name) else None
        if found and isinstance(found[1], ast.ClassDef):
            parameters |= _fields(found[0], found[1])
    if not _is_dataclass(definition):
        return parameters
    doc = module.docs.get(definition.name) or ast.get_docstring(definition) or ""
    docs = {name: item.doc for name, item in parameters.items()} | argument_docs(doc) | _field_docs(definition.body)
    for item in definition.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and not _is_of_class(item):
            default = None if item.value is not None and ast.unparse(item.value) == _NO_DEFAULT else item.value
            field = _parameter(module, item.target.id, item.annotation, default, docs)
            parameters[field.name] = field
    return parameters


def _is_dataclass(definition: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in definition.decorator_list)


def _is_of_class(item: ast.AnnAssign) -> bool:
    return ast.unparse(item.annotation).startswith(("ClassVar", "typing.ClassVar"))


def _field_docs(body: list[ast.stmt]) -> dict[str, str]:
    """The string under a field, which documents it."""
    docs: dict[str, str] = {}
    for item, following in pairwise(body):
        if not (isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)):
            continue
        text = following.value if isinstance(following, ast.Expr) else None
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            docs[item.target.id] = " ".join(text.value.split())
    return docs


def _parameter(
    module: Module, name: str, annotation: ast.expr | None, default: ast.expr | None, docs: dict[str, str]
) -> Parameter:
    written = None if default is None else ast.unparse(default)
    if annotation is None:
        return Parameter(name, None, written, docs.get(name, ""))
    ranges = ast.unparse(_expand(module, annotation))
    plain = without_ranges(ranges)
    return Parameter(name, plain, written, docs.get(name, ""), ranges if plain != ranges else None)


def _expand(module: Module, annotation: ast.expr) -> ast.expr:
    """Aliases such as ``Activation = Literal[...]`` replaced by what they stand for."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    return _Aliases(module).visit(annotation)


class _Aliases(ast.NodeTransformer):
    def __init__(self, module: Module) -> None:
        self.module = module

    def visit_Name(self, node: ast.Name) -> ast.expr:
        found = find_definition(self.module.name, node.id)
        if found and isinstance(found[1], ast.Assign | ast.AnnAssign):
            module, value = found[0], found[1].value
            if isinstance(value, ast.Subscript | ast.BinOp):
                return _Aliases(module).visit(value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if ast.unparse(node.value) in ("Literal", "typing.Literal"):
            return node
        return ast.Subscript(self.visit(node.value), self.visit(node.slice), node.ctx)
