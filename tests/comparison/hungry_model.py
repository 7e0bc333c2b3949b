"""A model whose training takes memory in proportion to its batch, in a process that has little: a user's own code."""

import multiprocessing
import resource

import psutil
import torch

from bakeoff.models.baseline.linear import LinearPixels

SPARE_BYTES = 600 * 2**20
BYTES_AN_IMAGE = 30 * 2**20
"""The digits' batches of 64 images, and half of them, are too large; a quarter is not."""


class Hungry(LinearPixels):
    """Logistic regression that wastes memory, but not that of the tests themselves."""

    def limited(self):
        return multiprocessing.parent_process() is not None

    def forward(self, images_BCHW):
        if self.training and images_BCHW.device.type == "cpu" and self.limited():
            _limit_memory()
            torch.empty(len(images_BCHW) * BYTES_AN_IMAGE, dtype=torch.uint8)
        return super().forward(images_BCHW)


class HungryProgram(Hungry):
    """The same for a program that the tests start."""

    def limited(self):
        return True


def _limit_memory():
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        limit = psutil.Process().memory_info().vms + SPARE_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
