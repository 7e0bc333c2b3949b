"""Libraries that others import because they are installed, postponed to their first use.

Lightning and torchmetrics look at their import for what else there is, and load it: SciPy for a patch of one function,
matplotlib for an annotation, torchvision and transformers for metrics of generated pictures and texts, and with those
SymPy and scikit-learn; MLflow loads pandas and a web server. Every optimizer of torch loads the compiler, to keep it
off a few functions, and so does every process that trains with others, to ask how it is set. That is two thirds of the
time and almost half of the memory of a start, and hardly a training uses any of it.

So a library has a stand-in while one of these is being imported, and at no other time: each name that is taken of it is
a promise, kept at its first use. The compiler, SymPy and what torch knows of sizes as symbols have one until they are
asked for more than it can answer: before they are in memory nothing is traced, and no size is a symbol. Nothing is
hidden: what asks for installed packages is answered as ever, all of those libraries work, and ``import scipy``
elsewhere is the real thing. At worst a newer version uses a promise during its import, and so loads what it always did;
`tests/contracts/test_start.py` would tell.

``BAKEOFF_POSTPONE=0`` in the environment leaves all imports as they are; processes that bakeoff starts inherit it.
Python 3.15 has such imports of its own (PEP 810).
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import FunctionType, ModuleType
from typing import Any

SWITCH = "BAKEOFF_POSTPONE"
_BUILT_ON_TORCH = ("pytorch_lightning", "lightning_fabric", "torchmetrics", "torchvision")
"""Torch is imported before them, as ever."""
IMPORTERS = (*_BUILT_ON_TORCH, "mlflow")
OURS = ("bakeoff.data.", "bakeoff.statistics.")
"""What our own modules below these name at their top is put off as well: prepared data does without `datasets`."""
LIBRARIES = (
    "datasets",
    "fastapi",
    "matplotlib",
    "pandas",
    "pyarrow.parquet",
    "scipy",
    "torchvision",
    "transformers",
    "triton",
)
_REGISTERS = ("torchvision._", "torchvision.extension")
"""What a library imports of itself for what it registers with torch, such as gradients: real wherever it is itself."""
COMPILER = "torch._dynamo"
SYMBOLS = "torch.fx.experimental.symbolic_shapes"
SYMPY = "sympy"


def postpone() -> None:
    """From now on, where the environment does not forbid it; what is in memory already stays."""
    if os.environ.get(SWITCH) != "0" and _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


class _Finder(MetaPathFinder):
    """Notices when an importer begins, and finds stand-ins."""

    def __init__(self) -> None:
        self._depth = 0
        self._thread: int | None = None
        self._real: set[str] = set()

    @property
    def active(self) -> bool:
        """Whether this thread is importing an importer."""
        return self._depth > 0 and self._thread == threading.get_ident()

    @contextmanager
    def importing(self) -> Iterator[None]:
        """The import of an importer, which may import another."""
        self._depth, self._thread = self._depth + 1, threading.get_ident()
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                _withdraw(*LIBRARIES, *_LASTING, keep=_LASTING)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """How we load a module; None for one that is none of ours."""
        library = _library(fullname)
        stood_in = library is not None and library not in self._real
        if fullname.startswith(_REGISTERS) and "torchvision" in sys.modules and not _is_absent("torchvision"):
            return None
        if stood_in and (fullname in _LASTING or self.active):
            return _found(fullname, path, _StandingIn)
        if fullname in IMPORTERS or fullname.startswith(OURS):
            return _found(fullname, path, _Importing)
        if stood_in and library in _LASTING:  # a module of its own is wanted: it is in memory with it, or found by now
            self.load(library)
            return spec_from_loader(fullname, _Present()) if fullname in sys.modules else None
        return None

    def load(self, library: str) -> None:
        """Imports it for real, in place of its stand-in; of those that last, what it builds on first."""
        lasting = list(_LASTING)
        for name in [*lasting[: lasting.index(library)], library] if library in _LASTING else [library]:
            self._real.add(name)
            _withdraw(name)
            importlib.import_module(name)


_finder = _Finder()


class _Importing(Loader):
    """Executes an importer."""

    def __init__(self, usual: Loader) -> None:
        self._usual = usual

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._usual
        if module.__name__ in _BUILT_ON_TORCH:
            importlib.import_module("torch")
        with _finder.importing():
            self._usual.exec_module(module)


class _StandingIn(Loader):
    """Makes a stand-in."""

    def __init__(self, usual: Loader) -> None:
        pass

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _LASTING.get(spec.name, StandIn)(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Present(Loader):
    """Gives what is in memory."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        pass


class StandIn(ModuleType):
    """In place of a module; what is taken of it is taken of the real one."""

    def __getattr__(self, name: str) -> Any:
        library = _library(self.__name__)
        if library is None or name in _SET_BY_IMPORT:
            raise AttributeError(name)
        return _taken(library, lambda: _member(self.__name__, name), name)


class _Rules(StandIn):
    """In place of the compiler's rules of what it traces: it has kept none yet that could be out of date."""

    def clear_lru_cache(self) -> None:
        """Where processes begin to train together."""


class _Utils(StandIn):
    """In place of what the compiler tells of its settings, which are those of its start while nobody has set others."""

    def get_optimize_ddp_mode(self) -> str:
        """How it would cut a network whose gradients several processes add up."""
        return "ddp_optimizer"


class _Compiler(StandIn):
    """In place of torch's compiler: while it is not in memory, nothing is traced that it could be kept off."""

    trace_rules = _Rules("torch._dynamo.trace_rules")
    utils = _Utils("torch._dynamo.utils")

    def graph_break(self, msg: str = "") -> None:
        """Around the step of every optimizer."""

    def disable(self, fn: Callable[..., Any] | None = None, recursive: bool = True, **options: Any) -> Any:
        """The function; once the compiler is in memory, what that makes of it."""
        if not isinstance(fn, FunctionType):
            return _member(COMPILER, "disable")(fn, recursive, **options)
        compiled = cache(lambda: _member(COMPILER, "disable")(fn, recursive, **options))

        @wraps(fn)
        def kept_off(*args: Any, **kwargs: Any) -> Any:
            return (fn if _is_absent(COMPILER) else compiled())(*args, **kwargs)

        kept_off._torchdynamo_disable = True  # type: ignore[attr-defined]  # the compiler's own sign
        return kept_off


class _Symbols(StandIn):
    """In place of what torch knows of sizes as symbols: what it would say of numbers and conditions."""

    def __getattr__(self, name: str) -> Any:
        if name not in _OF_NUMBERS:
            return super().__getattr__(name)

        def answer(*values: Any, **options: Any) -> Any:
            return (_OF_NUMBERS[name] if _is_plain(values) else _member(SYMBOLS, name))(*values, **options)

        setattr(self, name, answer)  # asked hundreds of times by each pass of shapes alone
        return answer


class _Sympy(StandIn):
    """In place of SymPy: of the class of its values, of which there are none yet, torch asks nothing else."""

    def __getattr__(self, name: str) -> Any:
        return Promise(SYMPY, lambda: _member(SYMPY, name)) if name == "Basic" else super().__getattr__(name)


def _is_plain(value: Any) -> bool:
    """Whether it is a number, a condition, a shape of numbers, or a tensor of such a shape."""
    shape = value if isinstance(value, tuple | list) else getattr(value, "shape", None)
    return isinstance(value, int) or (isinstance(shape, tuple | list) and all(map(_is_plain, shape)))


def _as_it_is(value: int, skip: int = 0) -> int:
    return value


_OF_NUMBERS: dict[str, Callable[..., Any]] = {
    "expect_true": _as_it_is,
    "guard_or_false": _as_it_is,
    "guard_or_true": _as_it_is,
    "guard_size_oblivious": _as_it_is,
    "statically_known_true": _as_it_is,
    "free_unbacked_symbols": lambda tensor: set(),
    "guarding_hint_or_throw": _as_it_is,
    "has_guarding_hint": lambda size: True,
    "is_nested_int": lambda size: False,
    "sym_and": lambda *conditions: all(conditions),
    "sym_or": lambda *conditions: any(conditions),
    "sym_eq": lambda one, other: list(one) == list(other) if isinstance(one, tuple | list) else one == other,
}
_SET_BY_IMPORT = frozenset({"__path__", "__file__", "__cached__", "__loader__", "__package__", "__spec__"})
"""What a stand-in has of itself, or lacks as the real module does."""
_LASTING: dict[str, type[StandIn]] = {SYMPY: _Sympy, SYMBOLS: _Symbols, COMPILER: _Compiler}
"""Stand-ins that stay until more is asked of them; each builds on those before it."""


class Promise:
    """A value of a library, had at its first use.

    An attribute of it, and what a call of it gives, are promises too as long as the importer is being imported:
    torchmetrics decorates with what matplotlib makes.
    """

    def __init__(self, library: str, make: Callable[[], Any]) -> None:
        self.__dict__.update(_library=library, _make=make)

    def _kept(self) -> Any:
        if "_value" not in self.__dict__:
            self.__dict__["_value"] = self._make()
        return self.__dict__["_value"]

    def __getattr__(self, name: str) -> Any:
        return _taken(self._library, lambda: getattr(self._kept(), name), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _taken(self._library, lambda: self._kept()(*args, **kwargs))

    def __instancecheck__(self, instance: object) -> bool:
        """Nothing is an instance of a class that is not in memory."""
        return not _is_absent(self._library) and isinstance(instance, self._kept())

    def __subclasscheck__(self, subclass: type) -> bool:
        return not _is_absent(self._library) and issubclass(subclass, self._kept())

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (self._kept(),)

    def __or__(self, other: Any) -> Any:
        return _taken("builtins", lambda: self._kept() | other)  # which are in memory, as the other type may be

    def __ror__(self, other: Any) -> Any:
        return _taken("builtins", lambda: other | self._kept())

    def __bool__(self) -> bool:
        return bool(self._kept())

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        return _itself, (self._kept(),)


def _taken(library: str, make: Callable[[], Any], name: str = "") -> Any:
    """A promise within the import of an importer, else the value; `typing` looks for special names, and finds none."""
    if not _finder.active:
        return make()
    if name.startswith("__"):
        raise AttributeError(name)
    return Promise(library, make)


def _member(module: str, name: str) -> Any:
    """What the real module holds, a module below it too."""
    library = _library(module)
    if library is not None and _is_absent(module):
        _finder.load(library)
    found = importlib.import_module(module)
    if not hasattr(found, name) and hasattr(found, "__path__"):
        with suppress(ModuleNotFoundError):
            importlib.import_module(f"{module}.{name}")
    return getattr(found, name)


def _library(fullname: str) -> str | None:
    return next((name for name in (*LIBRARIES, *_LASTING) if f"{fullname}.".startswith(f"{name}.")), None)


def _is_absent(module: str) -> bool:
    """Whether it is not in memory, but for a stand-in."""
    return isinstance(sys.modules.get(module, _NOTHING), StandIn)


_NOTHING = StandIn("nothing")


def _found(fullname: str, path: Sequence[str] | None, loader: Callable[[Loader], Loader]) -> ModuleSpec | None:
    """The module's usual specification with a loader of ours."""
    spec = PathFinder.find_spec(fullname, path)
    if spec is not None and spec.loader is not None:
        spec.loader = loader(spec.loader)
    return spec


def _withdraw(*libraries: str, keep: Container[str] = ()) -> None:
    """Takes their stand-ins out of memory, but for some."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, StandIn) and _library(name) in libraries and name not in keep:
            del sys.modules[name]
            parent, _, child = name.rpartition(".")
            if vars(sys.modules.get(parent, _NOTHING)).get(child) is module:
                delattr(sys.modules[parent], child)


def _itself(value: Any) -> Any:
    return value
