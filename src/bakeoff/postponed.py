"""Libraries that others import because they are installed, postponed to their first use.

Lightning and torchmetrics look at their import for what else there is, and load it: SciPy for a patch of one function,
matplotlib for an annotation, torchvision and transformers for metrics of generated pictures and texts, and with those
SymPy and scikit-learn. Every optimizer of torch loads the compiler, to keep it off a few functions. That is two thirds
of the time and almost half of the memory of a start, and hardly a training uses any of it.

So a library has a stand-in while Lightning and torchmetrics are being imported, and at no other time: each name that is
taken of it is a promise, kept at its first use. The compiler has one for as long as all that is asked of it is to keep
off what it does not trace. Nothing is hidden: what asks for installed packages is answered as ever, all of those
libraries work, and ``import scipy`` elsewhere is the real thing. At worst a newer version uses a promise during its
import, and so loads what it always did; `tests/contracts/test_start.py` would tell.

``BAKEOFF_POSTPONE=0`` in the environment leaves all imports as they are; processes that bakeoff starts inherit it.
Python 3.15 has such imports of its own (PEP 810).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import FunctionType, ModuleType
from typing import Any

SWITCH = "BAKEOFF_POSTPONE"
IMPORTERS = ("pytorch_lightning", "lightning_fabric", "torchmetrics", "torchvision")
LIBRARIES = ("matplotlib", "scipy", "torchvision", "transformers")
COMPILER = "torch._dynamo"


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
            for library in (*LIBRARIES, COMPILER) if not self._depth else ():
                _withdraw(library, keep=COMPILER)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """How we load a module; None for one that is none of ours."""
        library = _library(fullname)
        stood_in = library is not None and library not in self._real and _is_absent(library)
        if fullname == COMPILER or (stood_in and self.active):
            return _found(fullname, path, _StandingIn) if stood_in else None
        if fullname in IMPORTERS:
            return _found(fullname, path, _Importing)
        if library == COMPILER and stood_in:  # a module of its own is wanted: it is in memory with it, or found by now
            self.load(COMPILER)
            return spec_from_loader(fullname, _Present()) if fullname in sys.modules else None
        return None

    def load(self, library: str) -> None:
        """Imports it for real, in place of its stand-in."""
        self._real.add(library)
        _withdraw(library)
        importlib.import_module(library)


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
        with _finder.importing():
            self._usual.exec_module(module)


class _StandingIn(Loader):
    """Makes a stand-in."""

    def __init__(self, usual: Loader) -> None:
        pass

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Compiler(spec.name) if spec.name == COMPILER else StandIn(spec.name)

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
        assert library is not None
        return _taken(library, lambda: _member(self.__name__, name), name)


class _Compiler(StandIn):
    """In place of torch's compiler: while it is not in memory, nothing is traced that it could be kept off."""

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
    if library is not None and _is_absent(library):
        _finder.load(library)
    found = importlib.import_module(module)
    if not hasattr(found, name) and importlib.util.find_spec(f"{module}.{name}") is not None:
        importlib.import_module(f"{module}.{name}")
    return getattr(found, name)


def _library(fullname: str) -> str | None:
    return next((name for name in (*LIBRARIES, COMPILER) if f"{fullname}.".startswith(f"{name}.")), None)


def _is_absent(library: str) -> bool:
    """Whether it is not in memory, but for a stand-in."""
    return isinstance(sys.modules.get(library, _NOTHING), StandIn)


_NOTHING = StandIn("nothing")


def _found(fullname: str, path: Sequence[str] | None, loader: Callable[[Loader], Loader]) -> ModuleSpec | None:
    """The module's usual specification with a loader of ours."""
    spec = PathFinder.find_spec(fullname, path)
    if spec is not None and spec.loader is not None:
        spec.loader = loader(spec.loader)
    return spec


def _withdraw(library: str, *, keep: str | None = None) -> None:
    """Takes its stand-ins out of memory, but for that of the module ``keep``."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, StandIn) and _library(name) == library and name != keep:
            del sys.modules[name]
            parent, _, child = name.rpartition(".")
            if vars(sys.modules.get(parent, _NOTHING)).get(child) is module:
                delattr(sys.modules[parent], child)


def _itself(value: Any) -> Any:
    return value
