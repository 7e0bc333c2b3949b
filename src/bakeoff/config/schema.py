"""What each pipeline and each section may say, where no ``_target_`` says it already.

These classes are never made: `bakeoff.config.validation` reads their fields, types and docs as it reads the signature
of a ``_target_``, and `bakeoff explain` prints them. A new key at the top of a pipeline, or in one of these sections,
is a new field here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

from bakeoff.ranges import Count, NotNegative, Positive, Rate, Seed, WholeNumber

Section = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Common:
    """Keys that every pipeline has.

    Args:
        allow_code: your own packages whose classes ``_target_`` may name.
        debug: whether errors come with a traceback.
        yes: go ahead where bakeoff would ask first (a sweep of more than 10,000 jobs).
        output_dir: the folder for everything that is written; null chooses one under ``outputs/``.
        experiment: a file of ``conf/experiment`` with changes to many sections.
    """

    allow_code: list[str] | None = None
    debug: bool = False
    yes: bool = False
    output_dir: str | None = None
    experiment: Any = None


@dataclass(frozen=True, kw_only=True)
class Network(Common):
    """What every trained network is a function of.

    Args:
        seed: initialisation, data order and the train/validation split.
        task: what is learned, and the metric that counts.
        data: where the examples come from.
        model: the architecture.
        optimizer: how weights move.
        scheduler: how the learning rate moves.
        trainer: epochs, device, precision, early stopping.
        augment: random changes to training examples; null for none.
    """

    seed: Seed = 0
    task: Section
    data: Section
    model: Section
    optimizer: Section
    scheduler: Section | None
    trainer: Section
    augment: Section | None


@dataclass(frozen=True, kw_only=True)
class Tracked(Network):
    """What is trained and tracked.

    Args:
        tracking: the MLflow store.
        train_fraction: the part of the train examples that is learnt from.
        energy: a country's code, such as DEU: measures joules, and CO2e of its electricity.
        progress: what is shown meanwhile: ``auto`` is a bar on a terminal and lines elsewhere.
    """

    tracking: Section | None
    train_fraction: Annotated[float, Interval(gt=0, le=1)] = 1.0
    energy: str | None = None
    progress: Literal["auto", "lines", "none"] = "auto"


@dataclass(frozen=True, kw_only=True)
class Train(Tracked):
    """One training run.

    Args:
        sweep: what ``-m hydra/sweeper=optuna`` searches.
    """

    sweep: Section | None = None


@dataclass(frozen=True, kw_only=True)
class Compare(Tracked):
    """A bakeoff: contenders at one budget, over seeds, to a verdict.

    Args:
        contenders: models by name, or mappings with changes: ``[resnet, {model: vit, depth: 6}]``.
        baselines: reference models beside the contenders, no part of the verdict.
        seeds: how many, or a list of them; null: 5, or as many as the last of ``looks``.
        alpha: the verdict's error rate, over all pairs.
        margin: what difference matters; null: a tenth of the best error, or best gain where less.
        looks: seeds (of a search: trials) to read the verdict at; ``every`` one from 5 to 20.
        futility: end where a decision by the last look has become unlikely.
        tune: how contenders are searched.
        paired: pair contenders by seed; needs 10 of them.
        budget: what is held equal.
        executor: how trials run.
        rerun: ``killed``: trials killed from outside are run again, the test still sealed.
        trials_from: another bakeoff's folder: its finished trials are not run again.
        claim: a file of ``conf/claim``: what a publication says of these contenders, to be ruled on.
    """

    contenders: list[str | dict[str, Any]]
    baselines: list[str | dict[str, Any]] | None = None
    seeds: Count | list[Seed] | None = None
    alpha: Annotated[float, Interval(gt=0, lt=0.5)] = 0.05
    margin: Positive | None = None
    looks: Any = None
    futility: bool = False
    tune: Section
    paired: bool = False
    budget: Section
    executor: Section
    rerun: Literal["killed"] | None = None
    trials_from: str | None = None
    claim: Section | None = None


@dataclass(frozen=True, kw_only=True)
class Scale(Network):
    """Time and memory of contenders against sequence length and width.

    Args:
        contenders: models by name, or mappings with changes: ``[gru, {model: transformer, depth: 6}]``.
        budget: what is held equal; with ``budget=none`` contenders have the sizes that their YAML gives.
        scale: what is measured.
    """

    contenders: list[str | dict[str, Any]]
    budget: Section
    scale: Section


@dataclass(frozen=True, kw_only=True)
class Gradients(Common):
    """How far back the loss reaches in sequence models.

    Args:
        contenders: models by name, or mappings with changes; looked at as they are before training.
        run: the folder of a finished run or bakeoff, whose models are looked at before and after training instead.
        gradients: what is looked at.
    """

    contenders: list[str | dict[str, Any]] | None = None
    run: str | None = None
    gradients: Section


@dataclass(frozen=True, kw_only=True)
class Evaluate(Common):
    """A finished run on a split.

    Args:
        run: the folder of a finished run.
        split: the part of the data to score.
        data: changes to the run's own data section.
    """

    run: str
    split: Literal["train", "val", "test"] = "test"
    data: Section


@dataclass(frozen=True, kw_only=True)
class Predict(Common):
    """A finished run on new files.

    Args:
        run: the folder of a finished run, or of a bakeoff.
        contender: of a bakeoff, another one than the winner.
        input: a file, a folder, a table, or a text itself that does not look like a path.
        text: a text itself, instead of ``input``.
        output: the table to write: .csv, .parquet or .jsonl.
        column: the table's input column; null finds it.
        sep: what stands between columns of a CSV file; null: as in training, or what its first lines show.
        quote: what encloses fields of a CSV file; null: as in training.
        header: the names of a CSV file's columns, where its first line is a row already.
        encoding: of text files; null: UTF-8, or else as in training.
        on_bad: what to do about unreadable files.
        batch_size: examples at once.
        task: changes of the options of the run's task, ``task.predict.NAME=VALUE``.
    """

    run: str
    contender: str | None = None
    input: str | None = None
    text: str | None = None
    output: str = "predictions.csv"
    column: str | None = None
    sep: str | None = None
    quote: str | None = None
    header: list[str] | None = None
    encoding: str | None = None
    on_bad: Literal["error", "skip"] = "error"
    batch_size: Count = 256
    task: Section


@dataclass(frozen=True, kw_only=True)
class Export(Common):
    """A finished run as ONNX, with its weights and a model card.

    Args:
        run: the folder of a finished run, or of a bakeoff.
        contender: of a bakeoff, another one than the winner.
        int8: whether to write a form with weights of one byte too.
        max_examples: validation examples on which it is measured beside the network; 0 measures nothing.
    """

    run: str
    contender: str | None = None
    int8: bool = False
    max_examples: WholeNumber = 2_000


@dataclass(frozen=True, kw_only=True)
class Report(Common):
    """The report of a finished bakeoff.

    Args:
        run: the folder of a finished bakeoff.
    """

    run: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """The ``task`` section.

    Args:
        name: the task's name.
        contract: what its models fulfil, by the names of classes of `bakeoff.models.contracts`.
        gives: arguments that the task passes to its models' constructors, or those of each contract where they differ;
            no configuration sets them.
        data_kind: what its data is, as the data's ``kind``.
        metric: what the verdict is about.
        direction: whether more of the metric is better.
        metrics: everything that is measured.
        contenders: the models that a bakeoff compares when none are named.
        baselines: the reference models that stand beside them.
        network: settings of the stem and head that all contenders share.
        predict: options of `bakeoff predict`.
        module: what the task is: its loss, its metrics, its answers.
    """

    name: str
    contract: list[str]
    gives: list[str] | dict[str, list[str]] | None = None
    data_kind: str
    metric: str
    direction: Literal["maximize", "minimize"]
    metrics: list[str]
    contenders: list[str | dict[str, Any]]
    baselines: list[str | dict[str, Any]]
    network: Section | None = None
    predict: Section | None = None
    module: Section


@dataclass(frozen=True, kw_only=True)
class Data:
    """The ``data`` section; its other keys are those that ``module`` reads by interpolation.

    Args:
        name: the dataset's name.
        kind: what its examples are, as in the task's ``data_kind``.
        module: the data module.
    """

    name: str
    kind: str | None = None
    module: Section


@dataclass(frozen=True, kw_only=True)
class Model:
    """The ``model`` section.

    Args:
        name: the model's name.
        family: which of the three families it belongs to, or ``baseline``.
        contract: what it fulfils, by the name of a class of `bakeoff.models.contracts`.
        data_kind: the only kind of data that it takes, where it is fitted in one go.
        paper: who described it first.
        net: the network.
        knobs: the arguments that the budget solver turns, the main one first.
        search: what tuning tries: ``{low, high, scale}`` or ``{choices}`` by dotted key.
        simple: whether it is linear in its inputs, counts them or looks them up: what a task must be too hard for.
    """

    name: str
    family: Literal["cnn", "rnn", "transformer", "baseline"]
    contract: str
    data_kind: str | None = None
    paper: str
    net: Section
    knobs: list[dict[str, Any]] | None = None
    search: Section | None = None
    simple: bool = False


@dataclass(frozen=True, kw_only=True)
class Knob:
    """An entry of ``model.knobs``.

    Args:
        arg: the argument that the budget solver turns.
        minimum: its smallest value.
        maximum: its largest.
        step: the spacing of its values; a whole number makes all values whole.
    """

    arg: str
    minimum: NotNegative
    maximum: Positive
    step: Positive = 1


@dataclass(frozen=True, kw_only=True)
class Contender:
    """An entry of ``contenders`` or ``baselines``, besides its changes.

    Args:
        model: its model's name.
        name: what it is called; null: by its model and changes.
        seed_offset: added to each of its seeds.
    """

    model: str
    name: str | None = None
    seed_offset: WholeNumber = 0


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The ``sweep`` section.

    Args:
        name: the search space's name.
        space: ``{low, high, scale}`` or ``{choices}`` by dotted key; null: the model's own ``search``.
        trial: where a trial of a running study reports to; the sweeper sets it.
    """

    name: str
    space: Section | None
    trial: Section | None = None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The ``budget`` section.

    Args:
        mode: what is held equal.
        value: how much of it.
        tolerance: the largest relative error at which a contender counts as equal.
        allow_mismatch: compare at unequal sizes, and say so in the verdict.
    """

    mode: Literal["params", "flops", "time", "examples", "none"]
    value: Positive | None
    tolerance: Rate = 0.05
    allow_mismatch: bool = False


@dataclass(frozen=True, kw_only=True)
class Tune:
    """The ``tune`` section.

    Args:
        trials: random trials of each contender; 0 compares the settings as they are.
        best_of: the claim is about the best of so many trials; null: 5, or a quarter of the trials.
        seed: of the random search.
    """

    trials: WholeNumber = 0
    best_of: Count | None = None
    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The ``claim`` section.

    Args:
        name: the claim's name.
        source: who published it, when and where.
        statement: what it says, in a sentence.
        here: what differs from the publication: sizes, data, training.
        better: pairs of contenders of which the first is said to be better.
        equal: pairs of contenders that are said to differ by less than the margin.
        minutes: of one core that it takes, about; ``replay --all`` runs the cheapest first.
    """

    name: str
    source: str
    statement: str
    here: str
    better: list[list[str]] | None = None
    equal: list[list[str]] | None = None
    minutes: Positive = 5.0


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The ``scale`` section.

    Args:
        lengths: time steps of the sequences, one point each.
        widths: of the model, one point each.
        length: time steps of the points along the width.
        batch_size: sequences a call.
        repeats: how often each point is measured; medians are told.
        max_seconds: a point that takes longer is skipped, and with it the larger ones of its contender.
        bakeoff: the folder of a bakeoff, whose contenders are measured, and whose report shows the result.
    """

    lengths: list[Count]
    widths: list[Count] | None
    length: Count
    batch_size: Count
    repeats: Count
    max_seconds: Positive
    bakeoff: str | None = None


@dataclass(frozen=True, kw_only=True)
class GradientSettings:
    """The ``gradients`` section.

    Args:
        lengths: time steps of the sequences, one curve each.
        batch_size: sequences over which norms are averaged.
        seed: of the weights before training, and of the inputs.
    """

    lengths: list[Count]
    batch_size: Count
    seed: Seed = 0


PIPELINES = {
    "train": "bakeoff.config.schema.Train",
    "compare": "bakeoff.config.schema.Compare",
    "scale": "bakeoff.config.schema.Scale",
    "gradients": "bakeoff.config.schema.Gradients",
    "evaluate": "bakeoff.config.schema.Evaluate",
    "predict": "bakeoff.config.schema.Predict",
    "export": "bakeoff.config.schema.Export",
    "report": "bakeoff.config.schema.Report",
}

SECTIONS = {
    "task": "bakeoff.config.schema.Task",
    "data": "bakeoff.config.schema.Data",
    "model": "bakeoff.config.schema.Model",
    "sweep": "bakeoff.config.schema.Sweep",
    "budget": "bakeoff.config.schema.Budget",
    "tune": "bakeoff.config.schema.Tune",
    "claim": "bakeoff.config.schema.Claim",
    "scale": "bakeoff.config.schema.Scaling",
    "gradients": "bakeoff.config.schema.GradientSettings",
}

CONTENDER = "bakeoff.config.schema.Contender"
KNOB = "bakeoff.config.schema.Knob"

GIVEN_BY_PROGRAM: dict[str, frozenset[str]] = {
    "task.module": frozenset({"spec"}),
    "data.module": frozenset({"seed"}),
    "optimizer": frozenset({"params"}),
}
"""Arguments that the program passes when it builds a section: no configuration sets them. What a task passes to its
models stands in its YAML, under `gives`."""

GIVEN_LATER = frozenset({"executor"})
"""Sections whose missing arguments show when they are built, since the program passes some of them."""
