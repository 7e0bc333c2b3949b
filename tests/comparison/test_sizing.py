"""The size solver against exhaustive search over synthetic models."""

import itertools
import random

import pytest

from bakeoff.comparison.planning.sizing import Arguments, Knob, SizedModel, solve_size
from bakeoff.errors import ConfigError

WIDTH = {"arg": "width", "minimum": 8, "maximum": 4096, "step": 8}
FILL = {"arg": "mlp_width", "minimum": 8, "maximum": 16384, "step": 8}


def mlp(args: Arguments) -> int:
    """Four blocks of attention and MLP, whose width is four times the model's unless it is given."""
    width = int(args["width"])
    return 4 * (4 * width**2 + 2 * width * int(args.get("mlp_width", 4 * width)))


def test_one_knob_finds_the_nearest_value() -> None:
    targets = [random.Random(seed).randint(2_000, 10_000_000) for seed in range(50)]
    for target in targets:
        sized = solve_size(mlp, [WIDTH], target, allow_mismatch=True)
        best = min((mlp({"width": width}) for width in range(8, 4097, 8)), key=lambda n: abs(n - target))
        assert sized.params == best == mlp(sized.args)
        assert sized.relative_error == pytest.approx(best / target - 1)


def test_a_coarse_first_knob_is_filled_by_the_second() -> None:
    alone = solve_size(mlp, [WIDTH], 30_000, allow_mismatch=True)
    assert alone.args == {"width": 24} and alone.relative_error == pytest.approx(-0.0784)
    filled = solve_size(mlp, [WIDTH, FILL], 30_000)
    assert filled.args == {"width": 24, "mlp_width": 112}
    assert filled.params == 4 * (4 * 24**2 + 2 * 24 * 112) == 30_720


def test_a_third_knob_fills_what_the_second_leaves() -> None:
    def count(args: Arguments) -> int:
        return 1000 * int(args["a"]) + 100 * int(args.get("b", 5)) + int(args.get("c", 50))

    knobs = [Knob(arg=arg, minimum=1, maximum=99) for arg in "abc"]
    sized = solve_size(count, knobs, 2_237)
    assert count(sized.args) == sized.params
    assert abs(sized.relative_error) <= 0.01


def test_a_close_width_is_left_in_its_proportions() -> None:
    sized = solve_size(mlp, [WIDTH, FILL], mlp({"width": 64}) + 500)
    assert sized.args == {"width": 64}


def test_uneven_counts_still_give_the_nearest() -> None:
    """Rounding inside a model lets a count fall a little while the knob rises."""

    def count(args: Arguments) -> int:
        width = int(args["width"])
        return 1000 * width + (900 if width % 2 else -900)

    for target in range(20_000, 60_000, 777):
        sized = solve_size(count, [Knob(arg="width", minimum=1, maximum=100)], target, allow_mismatch=True)
        best = min(abs(count({"width": width}) - target) for width in range(1, 101))
        assert abs(sized.params - target) == best


def test_a_neighbouring_width_is_tried_where_the_nearest_cannot_be_filled() -> None:
    counts = {(10, None): 1_060, (9, None): 900, (9, 1): 960, (9, 2): 1_000}

    def count(args: Arguments) -> int:
        width, fill = args["width"], args.get("fill")
        return counts.get((width, fill), int(100 * width) if width < 9 else 5_000)

    knobs = [Knob(arg="width", minimum=1, maximum=20), Knob(arg="fill", minimum=1, maximum=2)]
    assert solve_size(count, knobs, 1_000) == SizedModel({"width": 9, "fill": 2}, 1_000, 0.0)


def test_fractional_steps_give_clean_values() -> None:
    sized = solve_size(
        lambda args: round(1000 * args["width"]), [Knob(arg="width", minimum=0.1, maximum=9, step=0.1)], 300
    )
    assert sized.args == {"width": 0.3}
    whole = solve_size(mlp, [WIDTH], mlp({"width": 80}))
    assert isinstance(whole.args["width"], int)


def test_both_ends_of_a_range_are_reached() -> None:
    assert solve_size(mlp, [WIDTH], mlp({"width": 8})).args == {"width": 8}
    assert solve_size(mlp, [WIDTH], mlp({"width": 4096})).args == {"width": 4096}


def test_no_setting_is_counted_twice_and_none_far_above_the_target() -> None:
    seen: list[Arguments] = []

    def count(args: Arguments) -> int:
        seen.append(args)
        return mlp(args)

    solve_size(count, [WIDTH, FILL], 100_000)
    assert all(first != second for first, second in itertools.combinations(seen, 2))
    assert len(seen) < 40
    assert max(args["width"] for args in seen) <= 128


@pytest.mark.parametrize(("target", "nearest"), [(100, 3_072), (10_000_000_000, mlp({"width": 4096}))])
def test_an_unreachable_budget_names_the_nearest_size(target: int, nearest: int) -> None:
    with pytest.raises(ConfigError) as caught:
        solve_size(mlp, [WIDTH], target, name="vit")
    error = caught.value
    assert error.code == "config.budget_unreachable" and error.exit_code == 2
    assert f"budget.value={target}: vit can't come within 5%; its nearest size is {nearest} (width=" in error.line()
    assert f"next: budget.value={nearest} or budget.allow_mismatch=true" in error.line()
    assert solve_size(mlp, [WIDTH], target, allow_mismatch=True).params == nearest


def test_the_tolerance_decides() -> None:
    with pytest.raises(ConfigError):
        solve_size(mlp, [WIDTH], 30_000, 0.05)
    assert solve_size(mlp, [WIDTH], 30_000, 0.08).params == 27_648


def test_a_model_without_knobs_has_one_size() -> None:
    assert solve_size(lambda args: 1_020, [], 1_000) == SizedModel({}, 1_020, pytest.approx(0.02))
    with pytest.raises(ConfigError, match="no knobs to turn"):
        solve_size(lambda args: 2_000, [], 1_000)


def test_bad_knobs_and_targets_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"config\.bad_knob.*knobs\.width.*step=8 lies between minimum=9 and maximum=15"
    ):
        solve_size(mlp, [{"arg": "width", "minimum": 9, "maximum": 15, "step": 8}], 1_000)
    with pytest.raises(ConfigError, match=r"config\.bad_knob.*'maxmum'; allowed: arg, minimum, maximum, step"):
        solve_size(mlp, [{"arg": "width", "minimum": 8, "maxmum": 64}], 1_000)
    with pytest.raises(ConfigError, match=r"config\.bad_value.*budget\.value=0"):
        solve_size(mlp, [WIDTH], 0)
