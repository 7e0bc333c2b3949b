"""The page that ``--help`` prints: what a pipeline does, what can be chosen, examples."""

from __future__ import annotations

import textwrap

from bakeoff.config.catalog import Catalog
from bakeoff.config.schema import PIPELINES
from bakeoff.config.signatures import signature

EXAMPLES = {
    "train": [
        "task=image_classification model=resnet data=digits",
        "model=vit optimizer.lr=3e-4 trainer.max_epochs=30",
        "-m model=lenet,renet,vit seed=0,1,2          # one run for each combination",
    ],
    "compare": [
        "task=image_classification data=digits seeds=5",
        "contenders=[resnet,renet,vit] budget=params budget.value=100_000",
        "'contenders=[resnet, {model: vit, depth: 6}]'   # spaces need quotes",
    ],
    "scale": [
        "task=text_classification data=tweets contenders=[tcn,lstm,transformer]",
        "scale.bakeoff=outputs/compare/BAKEOFF          # its contenders at their sizes, shown in its report",
    ],
    "gradients": [
        "contenders=[rnn,lstm,gru,tcn,transformer] gradients.lengths=[50,200,1000]",
        "run=outputs/train/RUN                          # before and after training",
    ],
    "evaluate": ["run=outputs/train/RUN split=test"],
    "predict": [
        "run=outputs/train/RUN input=new_images/ output=predictions.csv",
        "run=outputs/train/RUN input=reviews.csv column=body     # texts: labels, or translations",
        """run=outputs/train/RUN 'text="a prompt"' task.predict.num_tokens=100   # a language model goes on""",
    ],
    "export": [
        "run=outputs/train/RUN",
        "run=outputs/compare/BAKEOFF contender=lstm int8=true   # also with weights of one byte",
    ],
    "report": ["run=outputs/compare/BAKEOFF"],
}

_FLAGS = """\
  -m, --multirun      run every combination of the values given (model=a,b seed=0,1)
  --config-dir DIR    look for your own model/, data/, experiment/ ... files in DIR too
  --config-name NAME  start from another primary file
  --cfg job           print the composed configuration and stop (--resolve: with references filled in)
  --hydra-help        what Hydra itself can do"""


def help_page(pipeline: str, program: str, catalog: Catalog) -> str:
    """The help of a pipeline, as text of at most 100 columns."""
    schema = signature(PIPELINES[pipeline])
    names = schema.names() if schema else []
    groups = [name for name in catalog.groups() if name in names and catalog.options(name)]
    lines = [f"{program} [key=value ...]", "", schema.summary if schema else "", "", "Examples"]
    lines += [f"  {program} {example}" for example in EXAMPLES.get(pipeline, [])]
    if groups:
        lines += ["", "Choose with group=name (bakeoff list GROUP says more)"]
        lines += [_row(group, _options(group, catalog)) for group in groups]
    lines += ["", "Set with key=value (bakeoff explain KEY says more)"]
    for parameter in schema.parameters if schema else ():
        if parameter.name not in groups and parameter.doc:
            lines.append(_row(parameter.name, parameter.doc))
    return "\n".join([*lines, "", "Flags", _FLAGS])


def _options(group: str, catalog: Catalog) -> str:
    """All by name; of experiments, data and claims, of which every task brings some, how many."""
    names = catalog.options(group)
    return (
        f"{len(names)} of them: bakeoff list {group}" if group in ("experiment", "data", "claim") else ", ".join(names)
    )


def _row(name: str, text: str) -> str:
    return textwrap.fill(text, width=100, initial_indent=f"  {name:<13} ", subsequent_indent=" " * 16)
