"""Learning-rate factors, worked by hand."""

import math

import pytest

from bakeoff.training.loop.schedules import Constant, Cosine, Linear, Step


def test_warmup_rises_in_equal_parts_and_ends_at_one():
    schedule = Constant(warmup=0.4)
    assert [schedule(step / 10) for step in range(1, 7)] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])


def test_cosine_is_one_at_the_start_half_way_between_in_the_middle_and_final_at_the_end():
    schedule = Cosine(final=0.2)
    assert schedule(0.0) == 1.0
    assert schedule(0.5) == pytest.approx(0.6)
    assert schedule(0.25) == pytest.approx(0.2 + 0.8 * 0.5 * (1 + math.cos(math.pi / 4)))
    assert schedule(1.0) == pytest.approx(0.2)


def test_linear_falls_in_a_line_after_warmup():
    schedule = Linear(warmup=0.2)
    assert [schedule(progress) for progress in (0.2, 0.6, 1.0)] == pytest.approx([1.0, 0.5, 0.0])


def test_step_falls_at_each_milestone():
    schedule = Step(milestones=[0.5, 0.75], factor=0.1)
    found = [schedule(progress) for progress in (0.01, 0.49, 0.5, 0.74, 0.75, 1.0)]
    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("warmup", [-0.1, 1.0])
def test_a_warmup_that_is_no_fraction_is_refused(warmup):
    with pytest.raises(ValueError, match="fraction"):
        Constant(warmup=warmup)
