"""The server: rows or files in, answers out; prepared arrays in, a network's outputs out."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse

from bakeoff.delivery.serving.asked import SUFFIXES, Limits, Refused, as_table, read_body
from bakeoff.delivery.serving.counters import Counters
from bakeoff.delivery.serving.model import ServedModel
from bakeoff.errors import BakeoffError

_UNPROCESSABLE = 422
Answer = Callable[[Request], Awaitable[dict[str, Any]]]


def make_app(model: ServedModel, limits: Limits) -> FastAPI:
    """The application.

    ``GET /health`` and ``/about`` say that it is there and what it is, ``/metrics`` what it has done. ``POST /predict``
    takes ``{"rows": [...]}``, a CSV table, an image or a recording, and answers as `bakeoff predict` does;
    ``POST /infer`` takes prepared inputs by name. What can't be answered gets a status of 4xx and one line.
    """
    app, counters = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), Counters()

    async def predict(request: Request) -> dict[str, Any]:
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if SUFFIXES.get(kind) not in model.sent_as:
            allowed = ", ".join(name for name, suffix in SUFFIXES.items() if suffix in model.sent_as) or "none"
            raise Refused(415, f"a body of type {kind[:80]} can't be read for {model.name}; allowed: {allowed}")
        body = await read_body(request, limits)
        table = await run_in_threadpool(as_table, body, limits) if kind == "application/json" else body
        return await run_in_threadpool(model.predict, table, SUFFIXES[kind], limits)

    async def infer(request: Request) -> dict[str, Any]:
        body, form = await read_body(request, limits), model.form
        if form is None:
            raise Refused(501, f"{model.name} is no network; POST /predict answers")
        return await run_in_threadpool(lambda: model.outputs(form.tensors(body, limits)))

    app.add_api_route("/predict", _counted(predict, counters), methods=["POST"])
    app.add_api_route("/infer", _counted(infer, counters), methods=["POST"])
    app.add_api_route("/health", lambda: {"status": "ok"}, methods=["GET"])
    app.add_api_route("/about", lambda: _about(model, limits), methods=["GET"])
    app.add_api_route("/metrics", lambda: PlainTextResponse(counters.text()), methods=["GET"])
    return app


def _counted(answer: Answer, counters: Counters) -> Callable[[Request], Awaitable[Response]]:
    """A route that answers, or says in one line why it does not."""

    async def route(request: Request) -> Response:
        start, examples = time.perf_counter(), 0
        try:
            found = await answer(request)
            examples = max((len(part) for part in found.values()), default=0)
            response: Response = Response(json.dumps(found), media_type="application/json")
        except Refused as error:
            response = JSONResponse({"error": error.line()}, status_code=error.status)
        except BakeoffError as error:
            response = JSONResponse({"error": " ".join(error.line().split())}, status_code=_UNPROCESSABLE)
        counters.add(response.status_code, time.perf_counter() - start, examples)
        return response

    return route


def _about(model: ServedModel, limits: Limits) -> dict[str, Any]:
    trial, form = model.saved.trial, model.form
    about: dict[str, Any] = {"task": trial.task, "model": model.name, "data": model.saved.spec.name}
    about |= {"run": model.saved.result["trial_id"], "max_bytes": limits.max_bytes, "max_batch": limits.max_batch}
    if form is not None:
        shapes = [list(example.shape) for example in form.examples]
        about["inputs"] = {
            name: [None if axis in free else size for axis, size in enumerate(shape)]
            for name, shape, free in zip(form.names, shapes, form.free, strict=True)
        }
    return about
