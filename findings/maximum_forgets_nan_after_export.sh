#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU): the maximum over an axis is NaN or not by where the NaN stands.
# Expected: as in torch, numpy and onnx's own reference evaluator, a maximum over values with a NaN is NaN.
# Happens: ReduceMax gives NaN only if the NaN comes first: [NaN, 1, 3] is NaN, [1, NaN, 3] is 3. GlobalMaxPool never does, and
# of nothing but NaN it makes -3.4e38. Softmax in the same runtime keeps NaN.
# Matters: networks that pool by maximum (text CNNs, spotting, segmentation heads) answer with confident numbers after the
# export where the trained model says NaN: a diverged or half-precision model passes checks of its served answers, and a
# check of export against training fails on some inputs only, by the place of the overflow.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(3)


def both(op, rows, **attributes):
    """What onnxruntime and the reference evaluator say of one operator."""
    node = helper.make_node(op, list(rows), ["y"], **attributes)
    kinds = {np.float32: TensorProto.FLOAT, np.int64: TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(n, kinds[v.dtype.type], v.shape) for n, v in rows.items()]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "one", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = session.run(None, rows)[0], ReferenceEvaluator(model).run(None, rows)[0]
    return [float(answer.ravel()[0]) for answer in answers]


found = {}
for name, row in {"first": [np.nan, 1, 3], "middle": [1, np.nan, 3], "all": [np.nan] * 3}.items():
    x = np.array([row], np.float32)
    found["ReduceMax", name] = both("ReduceMax", {"x": x, "axes": np.array([1], np.int64)}, keepdims=0)
    found["GlobalMaxPool", name] = both("GlobalMaxPool", {"x": x[None]})
    found["Softmax", name] = both("Softmax", {"x": x}, axis=1)
for (op, name), (runtime, reference) in found.items():
    print(f"{op}, NaN {name}: onnxruntime {runtime:.4g}, reference {reference:.4g}")
assert np.isnan(found["ReduceMax", "first"][0]) and found["ReduceMax", "middle"][0] == 3.0
assert np.isnan(found["ReduceMax", "middle"][1])
assert found["GlobalMaxPool", "middle"][0] == 3.0 and found["GlobalMaxPool", "all"][0] < -3e38
assert all(np.isnan(found["Softmax", name][0]) for name in ("first", "middle", "all"))
PY
