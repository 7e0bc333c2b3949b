"""Stand-ins for libraries that Lightning and torchmetrics load because they are there; each program is a process."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest

from bakeoff.postponed import SWITCH, Promise

START = """
import sys
import bakeoff
import pytorch_lightning, torch, torchmetrics
"""

NOTHING_LOADED = """
from torchmetrics.utilities import imports
heavy = {"matplotlib", "scipy", "sympy.core", "torch._dynamo.utils", "torchvision", "transformers"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert imports._SCIPY_AVAILABLE and imports._TORCHVISION_AVAILABLE and imports._MATPLOTLIB_AVAILABLE
"""

FIRST_USE_LOADS = """
from torchmetrics.classification import MulticlassAccuracy
metric = MulticlassAccuracy(num_classes=3)
metric.update(torch.tensor([0, 1]), torch.tensor([0, 2]))
figure, _ = metric.plot()
import matplotlib.figure
assert isinstance(figure, matplotlib.figure.Figure)
from torchmetrics.functional.detection import intersection_over_union
box = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
assert intersection_over_union(box, box + torch.tensor([1.0, 0.0, 1.0, 0.0])).item() == torch.tensor(1 / 3).item()
import scipy.signal, torchvision
from torchmetrics.functional.image.arniqa import resnet50, transforms
assert isinstance(resnet50(), torchvision.models.ResNet)
assert transforms.Resize is torchvision.transforms.Resize
assert scipy.signal.__file__ and scipy.signal.windows.hann(4).shape == (4,)
"""

OPTIMIZERS = """
net = torch.nn.Linear(3, 2)
optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
net(torch.ones(1, 3)).sum().backward()
before = net.bias.clone()
optimizer.step()
optimizer.zero_grad()
optimizer.load_state_dict(optimizer.state_dict())
assert not torch.equal(before, net.bias) and "torch._dynamo.utils" not in sys.modules
with torch.device("meta"):
    torch.nn.functional.softmax(torch.nn.Linear(3, 2)(torch.ones(2, 3)), dim=-1).mean(dim=1).sum().backward()
import tempfile
place = f"file://{tempfile.mkdtemp()}/meet"
torch.distributed.init_process_group("gloo", rank=0, world_size=1, init_method=place)
torch.nn.parallel.DistributedDataParallel(net)(torch.ones(1, 3)).sum().backward()
torch.distributed.destroy_process_group()
assert not {"sympy.core", "torch._dynamo.utils"} & set(sys.modules)
try:
    torch._check(False)
except RuntimeError:
    pass
else:
    raise AssertionError
"""

COMPILING = """
from pytorch_lightning.utilities.compile import OptimizedModule
assert not isinstance(net, OptimizedModule) and "torch._dynamo.utils" not in sys.modules
graphs = []
def note(graph, inputs):
    graphs.append(graph)
    return graph.forward
compiled = torch.compile(net, backend=note)
assert torch.equal(compiled(torch.ones(1, 3)), net(torch.ones(1, 3))) and len(graphs) == 1
assert isinstance(compiled, OptimizedModule)
from bakeoff.postponed import _Utils
told_before = _Utils("torch._dynamo.utils").get_optimize_ddp_mode()
import torch._dynamo.utils, torch._dynamo.config
assert told_before == torch._dynamo.utils.get_optimize_ddp_mode()
assert torch._dynamo is sys.modules["torch._dynamo"] and torch._dynamo.utils is sys.modules["torch._dynamo.utils"]
@torch.compile(backend=note)
def twice(number):
    optimizer.zero_grad()
    return kept_off(number) + number
@torch.compiler.disable
def kept_off(number):
    assert not torch.compiler.is_compiling()
    return number
assert twice(torch.ones(1)).item() == 2.0
graphs.clear()
def of_any_size(numbers):
    torch._check(numbers.shape[0] > 1)
    return numbers.sum() + numbers.shape[0]
of_any_size = torch.compile(of_any_size, backend=note, dynamic=True)
assert [of_any_size(torch.ones(size)).item() for size in (3, 4, 5)] == [6.0, 8.0, 10.0] and len(graphs) == 1
from torch.fx.experimental.symbolic_shapes import ShapeEnv, guard_or_false
assert guard_or_false(True) is True
"""

GRADIENTS_OF_REGIONS = """
from torchvision.ops import nms, roi_align
picture = torch.ones(1, 1, 4, 4, requires_grad=True)
roi_align(picture, torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]]), 2).sum().backward()
assert abs(picture.grad.sum().item() - 4.0) < 1e-5
assert roi_align(picture.to("meta"), torch.zeros(3, 5, device="meta"), 2).shape == (3, 1, 2, 2)
"""

AS_EVER = """
heavy = {"matplotlib", "scipy", "sympy.core", "torch._dynamo.utils", "torchvision", "transformers"}
assert heavy <= set(sys.modules), heavy - set(sys.modules)
"""


def run(program: str, **variables: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START + program], env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_libraries_come_at_their_first_use_and_work():
    run(NOTHING_LOADED + FIRST_USE_LOADS)


@pytest.mark.slow
def test_the_compiler_comes_when_something_is_compiled_and_keeps_off_what_it_should():
    run(OPTIMIZERS + COMPILING)


@pytest.mark.slow
def test_torchvision_registers_the_gradients_of_its_operators():
    run(GRADIENTS_OF_REGIONS)


@pytest.mark.slow
def test_the_environment_can_leave_imports_as_they_are():
    run(AS_EVER, **{SWITCH: "0"})


def test_the_tracker_does_without_pandas():
    program = """
import sys
import bakeoff
from bakeoff.tracking import following, store, trial_sync
loaded = {"fastapi", "hydra", "pandas", "scipy", "torch"} & set(sys.modules)
assert not loaded, loaded
from mlflow.models import infer_signature
import pandas
assert infer_signature(pandas.DataFrame({"width": [1.0]})).inputs.input_names() == ["width"]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Taken:
    """A class that is had late."""


@pytest.fixture
def promise():
    return Promise("json", lambda: Taken)


def test_a_promise_is_what_it_promises(promise):
    assert isinstance(promise(), Taken) and isinstance(Taken(), promise) and issubclass(Taken, promise)
    assert promise.__name__ == "Taken"

    class Child(promise):
        """A promise as a base class."""

    assert issubclass(Child, Taken)
    assert not Promise("json", list)
    assert isinstance(3, int | promise) and isinstance(Taken(), promise | int) and not isinstance("3", promise | int)


def test_a_promise_is_pickled_as_what_it_promises(promise):
    assert pickle.loads(pickle.dumps(promise)) is Taken


def test_nothing_is_an_instance_of_a_class_that_is_not_in_memory():
    assert not isinstance(3, Promise("no_such_library", lambda: pytest.fail("it was asked for")))
