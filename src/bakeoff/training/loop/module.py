"""The Lightning module that all tasks share: optimisation, metrics and logging exist once.

B batch, V outputs of one example.

Lightning's own bookkeeping costs more than the arithmetic of a small model. So optimisation is manual, and one step of
Lightning's runs a list of batches (``trainer.steps_per_call``): each batch is still one optimizer step, with its own
learning rate, but callbacks, progress and metrics are paid once a call.
"""

from __future__ import annotations

import abc
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.data.spec import Inputs
from bakeoff.models.sharding import shard, whole
from bakeoff.training.loop.accumulation import GradientSum, in_parts
from bakeoff.training.loop.divergence import LossGuard
from bakeoff.training.loop.schedules import Schedule

Batch = tuple[Inputs, Tensor]
Predictions = dict[str, np.ndarray]
MakeBackbone = Callable[..., nn.Module]
"""Makes the configured model from what only the task and the data know: channels, or whether it is causal."""
OptimizerFactory = Callable[[Iterable[dict[str, Any]]], torch.optim.Optimizer]


class TaskModule(pl.LightningModule, abc.ABC):
    """What every task does with a network; a task adds the network's head, the loss and the metrics.

    Before fitting, set ``progress``: the share of the training that is done with optimizer step number ``step`` (from
    0), in (0, 1]; training stops before a step for which it is above 1. ``guard``, ``end_requested`` and ``accumulate``
    may be set too: what becomes of losses that are not finite, whether to end a call at the next step, and in how many
    parts to go through each batch.

    Args:
        net: the whole network, head included, as the task's ``network`` makes it.
        optimizer: makes the optimizer from parameter groups.
        schedule: the factor of the learning rate at each optimizer step.
        augment: ``(inputs, targets) -> (inputs, targets)``, applied to training batches only; None for none.
        gradient_clip_norm: the largest norm of the gradient; None leaves it.
        seed: with the step number, decides all randomness in training (dropout, augmentation), so that a resumed run
            draws what the undisturbed one would have drawn.
    """

    trivial_words: ClassVar[str]
    """What the trivial predictor does, as a sentence says it: "always answering the most frequent class"."""
    test_only: ClassVar[frozenset[str]] = frozenset()
    """Metrics in `summarise` that validation doesn't measure, so that nothing can be selected by them."""

    def __init__(
        self,
        *,
        net: nn.Module,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Callable[[Inputs, Tensor], Batch] | None,
        gradient_clip_norm: float | None,
        seed: int,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.net = net
        self.make_optimizer = optimizer
        self.schedule = schedule
        self.augment = augment
        self.gradient_clip_norm = gradient_clip_norm
        self.seed = seed
        self.train_metrics, self.val_metrics, self.test_metrics = map(self.metrics, ("train", "val", "test"))
        self.progress: Callable[[int], float] = lambda step: 0.0
        self.guard = LossGuard()
        self.end_requested: Callable[[], bool] = lambda: False
        self.accumulate = 1
        self.examples_in_call = 0
        self.steps_in_call = 0
        self.norm_before_clipping: Tensor | None = None
        self.first_step_at: float | None = None
        self._pending: list[tuple[Tensor, Tensor, Tensor, int]] = []

    def forward(self, inputs: Inputs) -> Tensor:
        """The network's outputs."""
        return self.net(inputs)

    # What a task adds -------------------------------------------------------------------------------------------------

    @staticmethod
    @abc.abstractmethod
    def network(make: MakeBackbone, spec: Any) -> nn.Module:
        """A model with the task's stem and head: the same ones for all contenders.

        A task's further keyword arguments are settings of its stem and head, from ``task.network``.
        """

    @abc.abstractmethod
    def metrics(self, split: str) -> MetricCollection:
        """A fresh collection of the split's metrics, updated with ``(outputs, targets)``; one is ``loss``, a mean."""

    @abc.abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The scalar to minimise; ``targets`` may be soft where augmentation mixes examples."""

    def hard_targets(self, targets: Tensor) -> Tensor:
        """The targets as metrics want them, where augmentation may have made them soft."""
        return targets

    def observe(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What the metrics are updated with; a task whose outputs are large keeps less of them."""
        return outputs.detach(), self.hard_targets(targets)

    def forget_step(self) -> None:
        """Drops what a step whose loss is not finite left in the task for later ones."""

    def loss_weight(self, targets: Tensor) -> int:
        """How many terms the batch's mean loss is a mean of."""
        return len(targets)

    def respond(self, inputs: Inputs) -> Predictions:
        """What is stored of each example of a batch: the answer of the network, in evaluation mode."""
        return self.predictions(self(inputs))

    def respond_to_all(self, loader: Any) -> Predictions:
        """What is stored of each example of a loader of inputs, in the order of the data's ``labels``."""
        batches = (self.transfer_batch_to_device(inputs, self.device, 0) for inputs in loader)
        parts = [self.respond(part) for inputs in batches for part in in_parts(inputs, self.accumulate)]
        found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        positions = getattr(loader, "positions", None)
        if positions is None:
            return found
        return {name: values[np.argsort(positions, kind="stable")] for name, values in found.items()}

    # What a task says of predictions, away from training: the scorer's part -------------------------------------------

    @staticmethod
    def answer(net: nn.Module, inputs: Inputs) -> Any:
        """What a user waits for when the network answers; timed as its latency."""
        return net(inputs)

    @staticmethod
    def illustrate(net: nn.Module, examples: Sequence[Any], spec: Any) -> list[dict[str, Any]]:
        """What a trained network does with some test inputs, for the report; nothing where scores say it all.

        Each is ``{"kind": "text", "input", "output"}`` or ``{"kind": "attention", "input", "output", "rows", "columns",
        "weights"}``, with what each token of the output (a row) looked at in the input (a column).
        """
        return []

    @staticmethod
    @abc.abstractmethod
    def predictions(outputs: Tensor) -> Predictions:
        """What is stored of each example, from the network's outputs."""

    @staticmethod
    @abc.abstractmethod
    def score_examples(predictions: Predictions, labels: np.ndarray, metric: str) -> np.ndarray:
        """Each example's share of ``metric``: its score, or its pseudo-value where the metric is no mean of scores."""

    @staticmethod
    @abc.abstractmethod
    def summarise(predictions: Predictions, labels: np.ndarray) -> dict[str, float]:
        """All metrics of a set of predictions, by name."""

    @staticmethod
    @abc.abstractmethod
    def trivial_predictions(train_labels: np.ndarray, num_examples: int, spec: Any) -> Predictions:
        """What the trivial predictor says; a failed trial is scored with it (rule 19)."""

    # One step for the three splits -----------------------------------------------------------------------------------

    def _step(self, batch: Batch) -> Tensor:
        """The loss of a batch; its outputs wait for the metrics."""
        inputs, targets = batch
        outputs = self(inputs)
        loss = self.loss(outputs, targets)
        self._pending.append((*self.observe(outputs, targets), loss.detach(), self.loss_weight(targets)))
        return loss

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """A batch in ``accumulate`` parts of nearly equal numbers of rows, to be gone through one after the other."""
        if self.accumulate == 1:
            yield batch
            return
        yield from zip(*(in_parts(of_rows, self.accumulate) for of_rows in batch), strict=True)

    def _training_loss(self, batch: Batch) -> Tensor:
        """The loss of a batch, whose gradient is gathered already where the batch is gone through in parts."""
        if self.accumulate == 1:
            return self._step(batch)
        num_terms, first = self.loss_weight(batch[1]), len(self._pending)
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        gathered = GradientSum(self.parameters(), num_terms=num_terms, scale=scaler.get_scale() if scaler else 1.0)
        for part in self.parts(batch):
            gathered.add(self._step(part), self._pending[-1][-1])
        loss = gathered.mean_loss()
        outputs, targets = (torch.cat(column) for column in list(zip(*self._pending[first:], strict=True))[:2])
        self._pending[first:] = [(outputs, targets, loss.detach(), num_terms)]
        return loss

    def training_step(self, batches: list[Batch] | Batch, batch_index: int) -> None:
        """One optimizer step for each batch of the list, until the training's end or the next step after a signal.

        Args:
            batches: what the loader yields; with one step a call, the batch alone.
            batch_index: the number of the call in its epoch.
        """
        optimizer = self.optimizers()
        assert isinstance(optimizer, LightningOptimizer)  # tasks train with one optimizer
        batches = batches if isinstance(batches, list) else [batches]
        self.examples_in_call, self.steps_in_call = 0, 0
        for step, batch in enumerate(batches, start=self.global_step):
            progress = self.progress(step)
            if progress > 1.0:
                self.trainer.should_stop = True
                break
            factor = self.schedule(progress)
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
            self._seed_step(step)
            loss = self._training_loss(batch if self.augment is None else self.augment(*batch))
            self._optimize_if_finite(optimizer, loss)
            self.examples_in_call += len(batch[1])
            self.steps_in_call += 1
            if self.first_step_at is None:
                self.first_step_at = time.time()
            if self.steps_in_call < len(batches) and self._ends_within_call():
                return  # what waits for the metrics goes on waiting: sums round as they are grouped
        self._drop_nonfinite()
        self._update_metrics("train")

    def _ends_within_call(self) -> bool:
        """Whether a signal asks for an end; several processes agree on that between calls, and only there."""
        return self.end_requested() and self.trainer.world_size == 1

    def _optimize_if_finite(self, optimizer: LightningOptimizer, loss: Tensor) -> None:
        """One optimizer step, or in its place the mere count of one, where the loss is no finite number."""
        together = self.trainer.world_size > 1
        agreed = self.trainer.strategy.reduce_boolean_decision if together else None
        if self.guard.admits(loss, optimizer.optimizer, agreed=agreed):
            self._optimize(optimizer, loss)
        else:
            self.forget_step()
            optimizer._on_before_step()
            optimizer._on_after_step()

    def _drop_nonfinite(self) -> None:
        """Leaves steps that were not taken out of the metrics.

        Raises:
            Diverged: there have been too many in a row.
        """
        if self._pending:
            losses = torch.stack([loss for _, _, loss, _ in self._pending])
            taken = self.guard.review(losses, first_step=self.global_step - len(losses))
            self._pending = [waiting for waiting, was_taken in zip(self._pending, taken, strict=True) if was_taken]

    def _seed_step(self, step: int) -> None:
        """Makes what is random in a step a function of seed, step and rank, however steps are gathered into calls.

        As `torch.manual_seed`, which spends a millisecond on devices that are not in use.
        """
        seed = (self.seed << 32) + step
        if self.global_rank:
            numbers = f"{self.global_rank} {seed}".encode()
            seed = int.from_bytes(hashlib.blake2b(numbers, digest_size=8).digest(), "big")
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        elif self.device.type == "mps":
            torch.mps.manual_seed(seed)

    def _optimize(self, optimizer: LightningOptimizer, loss: Tensor) -> None:
        """One optimizer step.

        Lightning's plugins are gone through as far as several devices or a scaled loss need it: their own step costs a
        small network a tenth of its speed, and refuses to clip gradients of fused optimizers in half precision. What is
        called instead keeps ``global_step`` right.
        """
        plain, scaler = optimizer.optimizer, getattr(self.trainer.precision_plugin, "scaler", None)
        plain.zero_grad()
        if self.trainer.world_size == 1 and scaler is None:
            loss.backward()
        else:
            self.manual_backward(self._share_of_mean(loss))
        if scaler is not None:
            scaler.unscale_(plain)
        if self.gradient_clip_norm is not None:
            norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.gradient_clip_norm)
            self.norm_before_clipping = whole(norm)
        optimizer._on_before_step()
        if scaler is None:
            plain.step()
        else:
            scaler.step(plain)
            scaler.update()
        optimizer._on_after_step()

    def _share_of_mean(self, loss: Tensor) -> Tensor:
        """The loss so weighed that gradients, averaged over processes, are those of the mean over all processes' terms.

        Processes have unequal numbers of terms where the last batch does not divide, and wherever texts differ in
        length.
        """
        if self.trainer.world_size == 1:
            return loss
        weight = torch.tensor(float(self._pending[-1][-1]), device=loss.device)
        total = weight.clone()
        torch.distributed.all_reduce(total)
        return loss * (weight * self.trainer.world_size / total)

    def on_validation_model_zero_grad(self) -> None:
        """Keeps the last step's gradients, for callbacks to look at; the next step starts with none."""

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Adds a batch to the validation metrics."""
        for part in self.parts(batch):
            self._step(part)
        self._update_metrics("val")

    def on_validation_epoch_end(self) -> None:
        """Publishes the validation metrics to callbacks."""
        self.log_dict(self.take_metrics("val"))

    def test_step(self, batch: Batch, batch_index: int) -> None:
        """Adds a batch to the test metrics."""
        for part in self.parts(batch):
            self._step(part)
        self._update_metrics("test")

    def on_test_epoch_end(self) -> None:
        """Publishes the test metrics to callbacks."""
        self.log_dict(self.take_metrics("test"))

    # Metrics ---------------------------------------------------------------------------------------------------------

    def _update_metrics(self, split: str) -> None:
        """Hands what has waited since the last call to the metrics, in one update."""
        if not self._pending:
            return
        outputs, targets, losses, weights = (list(parts) for parts in zip(*self._pending, strict=True))
        self._pending.clear()
        loss = torch.stack(losses)
        collection = self._collection(split)
        collection["loss"].update(loss, torch.tensor(weights, device=loss.device))
        for name, metric in collection.items(keep_base=True):
            if name != "loss":
                metric.update(torch.cat(outputs), torch.cat(targets))

    def _collection(self, split: str) -> MetricCollection:
        collection = getattr(self, f"{split}_metrics")
        assert isinstance(collection, MetricCollection)
        return collection

    def take_metrics(self, split: str) -> dict[str, float]:
        """``split/name -> value`` of everything since the last call, and a fresh start."""
        collection = self._collection(split)
        values = {f"{split}/{name}": float(value) for name, value in collection.compute().items()}
        collection.reset()
        return values

    # What a resumed run goes on from ---------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps what the epoch's training metrics have gathered, and the count of losses that were not finite."""
        checkpoint["guard"] = self.guard.state_dict()
        checkpoint["pending"] = self._pending
        checkpoint["train_metrics"] = {}
        for name, metric in self.train_metrics.items(keep_base=True):
            with metric.sync_context():  # of several processes, what all have gathered
                checkpoint["train_metrics"][name] = (metric.update_count, metric.metric_state)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes them up again; of several processes one has the metrics of all."""
        self.guard.load_state_dict(checkpoint["guard"])
        self._pending = self.transfer_batch_to_device(checkpoint["pending"], self.device, 0)
        if self.global_rank > 0:
            return
        for name, (update_count, state) in checkpoint["train_metrics"].items():
            metric = self.train_metrics[name]
            metric._update_count = update_count
            for part, value in state.items():
                grows = isinstance(metric._defaults[part], list) and not isinstance(value, list)
                found = self.transfer_batch_to_device(value, self.device, 0)
                setattr(metric, part, [found] if grows else found)

    # Optimizer -------------------------------------------------------------------------------------------------------

    def configure_model(self) -> None:
        """Cuts the network in parts, where the trainer's strategy is to keep one on each device."""
        if self.device_mesh is not None:
            shard(self.net, self.device_mesh["data_parallel"])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The configured optimizer; weight decay reaches matrices and kernels, not biases, norms or single slopes."""
        parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [parameter for parameter in parameters if parameter.ndim >= 2]},
            {"params": [parameter for parameter in parameters if parameter.ndim < 2], "weight_decay": 0.0},
        ]
        optimizer = self.make_optimizer([group for group in groups if group["params"]])
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        return optimizer
