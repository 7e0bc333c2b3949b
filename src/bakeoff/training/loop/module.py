"""The Lightning module of every training: optimisation, metrics and logging exist once, whatever the task.

Lightning's own bookkeeping costs more than the arithmetic of a small model. So optimisation is manual, and one step of
Lightning's runs a list of batches (``trainer.steps_per_call``): each batch is still one optimizer step, with its own
learning rate, but callbacks, progress and metrics are paid once a call.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities import move_data_to_device
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.data.batches.batch import Batch, Tree, join_rows
from bakeoff.models.sharding import shard, whole
from bakeoff.tasks.contract import Task
from bakeoff.training.loop.accumulation import GradientSum
from bakeoff.training.loop.divergence import LossGuard
from bakeoff.training.loop.schedules import Schedule

Augment: TypeAlias = Callable[[Tree, Tree], tuple[Tree, Tree]]
OptimizerFactory: TypeAlias = Callable[[Iterable[dict[str, Any]]], torch.optim.Optimizer]


class TrainingModule(pl.LightningModule):
    """How a task's network is trained.

    Before fitting, set ``progress``: the share of the training that is done with optimizer step number ``step`` (from
    0), in (0, 1]; training stops before a step for which it is above 1. ``guard``, ``end_requested``, ``accumulate``
    and ``take_step`` may be set too: what becomes of losses that are not finite, whether to end a call at the next
    step, in how many parts to go through each batch, and how a step is taken where other seeds take theirs with it.

    Args:
        task: gives the loss and the metrics, and says how a pass over batches calls the network.
        net: the whole network, head included, as the task's ``network`` makes it.
        optimizer: makes the optimizer from parameter groups.
        schedule: the factor of the learning rate at each optimizer step.
        augment: ``(inputs, targets) -> (inputs, targets)``, applied to training batches only; None for none.
        gradient_clip_norm: the largest norm of the gradient; None leaves it.
        seed: with the step number, decides all randomness in training (dropout, augmentation), so that a resumed run
            draws what the undisturbed one would have drawn.
    """

    def __init__(
        self,
        *,
        task: Task[Any],
        net: nn.Module,
        optimizer: OptimizerFactory,
        schedule: Schedule,
        augment: Augment | None = None,
        gradient_clip_norm: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.task = task
        self.net = net
        self.make_optimizer = optimizer
        self.schedule = schedule
        self.augment = augment
        self.gradient_clip_norm = gradient_clip_norm
        self.seed = seed
        self.train_metrics, self.val_metrics = task.metrics("train"), task.metrics("val")
        self.progress: Callable[[int], float] = lambda step: 0.0
        self.guard = LossGuard()
        self.end_requested: Callable[[], bool] = lambda: False
        self.accumulate = 1
        self.take_step: Callable[[TrainingModule, Batch], None] = TrainingModule.step_alone
        self.examples_in_call = 0
        self.steps_in_call = 0
        self.share_done = 0.0
        self.latest_losses = torch.zeros(1)
        self.norm_before_clipping: Tensor | None = None
        self.first_step_at: float | None = None
        self._pass = self._waiting = task.begin_pass(training=True)
        self._pending: list[tuple[Tree, Tensor, int]] = []
        self._learnt: list[nn.Parameter] = []

    def forward(self, inputs: Tree) -> Any:
        """The network's outputs, as the present pass over batches calls it."""
        return self._pass(self.net, inputs)

    # One step, in training and in validation --------------------------------------------------------------------------

    def _step(self, batch: Batch) -> Tensor:
        """The loss of a batch; what the metrics want of it waits for them."""
        outputs = self(batch.inputs)
        loss = self.task.loss(outputs, batch, training=self.training)
        self.note(outputs, batch, loss.detach())
        return loss

    def note(self, outputs: Any, batch: Batch, loss: Tensor) -> None:
        """Keeps what the metrics want of a batch until they are updated."""
        self._pending.append((self.task.observe(outputs, batch), loss, self.task.num_terms(batch)))

    def _training_loss(self, batch: Batch) -> Tensor:
        """The loss of a batch, whose gradient is gathered already where the batch is gone through in parts."""
        if self.accumulate == 1:
            return self._step(batch)
        num_terms, first = self.task.num_terms(batch), len(self._pending)
        scaler = self._scaler
        gathered = GradientSum(self.parameters(), num_terms=num_terms, scale=scaler.get_scale() if scaler else 1.0)
        for part in self._pass.parts(batch, self.accumulate):
            gathered.add(self._step(part), self._pending[-1][-1])
        loss = gathered.mean_loss()
        observed = join_rows([waiting for waiting, *_ in self._pending[first:]])
        self._pending[first:] = [(observed, loss.detach(), num_terms)]
        return loss

    def training_step(self, batches: list[Batch] | Batch, batch_index: int) -> None:
        """One optimizer step for each batch of the list, until the training's end or the next step after a signal.

        Args:
            batches: what the loader yields; with one step a call, the batch alone.
            batch_index: the number of the call in its epoch.
        """
        batches = batches if isinstance(batches, list) else [batches]
        ended_within = self._steps(batches)
        if not ended_within:  # else what waits for the metrics goes on waiting: sums round as they are grouped
            self._drop_nonfinite()
            self._update_metrics("train")

    def _steps(self, batches: Sequence[Batch]) -> bool:
        """An optimizer step for each batch; whether a signal ended them before the last."""
        groups = self.only_optimizer().param_groups
        examples, steps, share_done, ended = 0, 0, self.share_done, False  # an attribute of a module is slow to set
        for step, batch in enumerate(batches, start=self.global_step):
            progress = self.progress(step)
            if progress > 1.0:
                self.trainer.should_stop = True
                break
            share_done = progress
            factor = self.schedule(progress)
            for group in groups:
                group["lr"] = group["initial_lr"] * factor
            self._seed_step(step)
            self.take_step(self, self._augmented(batch))
            examples += batch.size
            steps += 1
            if self.first_step_at is None:
                self.first_step_at = time.time()
            if steps < len(batches) and self._ends_within_call():
                ended = True
                break
        self.examples_in_call, self.steps_in_call, self.share_done = examples, steps, share_done
        return ended

    def only_optimizer(self) -> LightningOptimizer:
        """Tasks train with one."""
        optimizer = self.optimizers()
        assert isinstance(optimizer, LightningOptimizer)
        return optimizer

    def step_alone(self, batch: Batch) -> None:
        """One optimizer step for an augmented batch."""
        self._optimize_if_finite(self.only_optimizer(), self._training_loss(batch))

    def _augmented(self, batch: Batch) -> Batch:
        return batch if self.augment is None else Batch(*self.augment(batch.inputs, batch.targets), batch.size)

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
            self.count_step(optimizer)

    def count_step(self, optimizer: LightningOptimizer) -> None:
        """Counts a step that is not taken."""
        self._pass.forget()
        optimizer._on_before_step()
        optimizer._on_after_step()

    def _drop_nonfinite(self) -> None:
        """Leaves steps that were not taken out of the metrics.

        Raises:
            Diverged: there have been too many in a row.
        """
        if self._pending:
            losses = torch.stack([loss for _, loss, _ in self._pending])
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
        for parameter in self._learnt:
            parameter.grad = None  # as `zero_grad`, at a tenth of its price
        if self.trainer.world_size == 1 and self._scaler is None:
            loss.backward()
        else:
            self.manual_backward(self._share_of_mean(loss))
        self.apply_gradients(optimizer)

    @property
    def _scaler(self) -> Any:
        return getattr(self.trainer.precision_plugin, "scaler", None)

    def apply_gradients(self, optimizer: LightningOptimizer) -> None:
        """What comes of a step's gradients."""
        plain, scaler = optimizer.optimizer, self._scaler
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
        self.task.update_whole(self.val_metrics, self.net, batch)
        for part in self._pass.parts(batch, self.accumulate):
            self._step(part)
        self._update_metrics("val")

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """What a loader gives, or a checkpoint, is in the processor's memory: there it may stay."""
        return batch if device.type == "cpu" else super().transfer_batch_to_device(batch, device, dataloader_idx)

    # Passes over a split ---------------------------------------------------------------------------------------------

    def on_train_epoch_start(self) -> None:
        """A pass over train begins."""
        self._pass = self.task.begin_pass(training=True)

    def on_validation_epoch_start(self) -> None:
        """A pass over validation begins; that of training waits."""
        self._waiting, self._pass = self._pass, self.task.begin_pass(training=False)

    def on_validation_epoch_end(self) -> None:
        """Publishes the validation metrics to callbacks, and takes up the pass over train again."""
        self.log_dict(self.take_metrics("val"))
        self._pass = self._waiting

    def on_train_start(self) -> None:
        """Brings what a checkpoint holds of a pass to the device."""
        self._pass.restore(move_data_to_device(self._pass.state(), self.device))

    # Metrics ---------------------------------------------------------------------------------------------------------

    def _update_metrics(self, split: str) -> None:
        """Hands what has waited since the last call to the metrics, in one update."""
        if not self._pending:
            return
        observed, losses, weights = zip(*self._pending, strict=True)
        self._pending.clear()
        self.latest_losses = loss = torch.stack(losses)
        collection = self._collection(split)
        collection["loss"].update(loss, torch.tensor(weights, device=loss.device))
        self.task.update(collection, join_rows(observed))

    def _collection(self, split: str) -> MetricCollection:
        return self.train_metrics if split == "train" else self.val_metrics

    def take_metrics(self, split: str) -> dict[str, float]:
        """``split/name -> value`` of everything since the last call, and a fresh start."""
        collection = self._collection(split)
        values = {name: float(value) for name, value in collection.compute().items()}
        collection.reset()
        return {f"{split}/{name}": value for name, value in (values | self.task.derived(values)).items()}

    # What a resumed run goes on from ---------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps what the epoch's training metrics have gathered, the count of losses that were not finite, and the
        state that the pass has reached in each of several processes."""
        checkpoint["guard"] = self.guard.state_dict()
        checkpoint["pending"] = self._pending
        checkpoint["train_metrics"] = {}
        for name, metric in self.train_metrics.items(keep_base=True):
            with metric.sync_context():  # of several processes, what all have gathered
                checkpoint["train_metrics"][name] = (metric.update_count, metric.metric_state)
        states = [self._pass.state()] * _num_processes()
        if len(states) > 1:
            torch.distributed.all_gather_object(states, move_data_to_device(self._pass.state(), "cpu"))
        checkpoint["pass_states"] = states

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes them up again; of several processes one has the metrics of all; among another number of processes, the
        pass starts anew."""
        self.guard.load_state_dict(checkpoint["guard"])
        self._pending = self.transfer_batch_to_device(checkpoint["pending"], self.device, 0)
        states = checkpoint["pass_states"]
        self._pass.restore(states[self.global_rank] if len(states) == _num_processes() else None)
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
        optimizer = self.make_optimizer(parameter_groups(parameters))
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self._learnt = parameters
        return optimizer


def parameter_groups(parameters: Sequence[Tensor], *, matrix_axes: int = 2) -> list[dict[str, Any]]:
    """Parameters with as many axes as a matrix, and others, which do not decay."""
    groups: list[dict[str, Any]] = [
        {"params": [parameter for parameter in parameters if parameter.ndim >= matrix_axes]},
        {"params": [parameter for parameter in parameters if parameter.ndim < matrix_axes], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _num_processes() -> int:
    """How many train together."""
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
