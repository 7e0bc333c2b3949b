"""The protocol's formulas once more, as plain loops over lists: slow, obvious, and sharing no code with the package."""

from __future__ import annotations

import itertools
import math

from scipy.stats import t as student


def mean(values):
    """Arithmetic mean."""
    values = list(values)
    return math.fsum(values) / len(values)


def variance(values):
    """Unbiased variance."""
    values = list(values)
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def residual_mean_square(rows):
    """Two-way residual mean square of a list of rows; 0 where one row or column leaves no residual."""
    num_rows, num_columns = len(rows), len(rows[0])
    if num_rows == 1 or num_columns == 1:
        return 0.0
    grand = mean(value for row in rows for value in row)
    row_means = [mean(row) for row in rows]
    column_means = [mean(row[i] for row in rows) for i in range(num_columns)]
    squares = [
        (rows[s][i] - row_means[s] - column_means[i] + grand) ** 2 for s in range(num_rows) for i in range(num_columns)
    ]
    return math.fsum(squares) / ((num_rows - 1) * (num_columns - 1))


def crossed_t(a, b):
    """Rule 12: (difference, v_a, v_b, vex, c, V, df)."""
    num_examples = len(a[0])
    d = [mean(row[i] for row in a) - mean(row[i] for row in b) for i in range(num_examples)]
    v_a = variance(mean(row) for row in a) / len(a)
    v_b = variance(mean(row) for row in b) / len(b)
    vex = variance(d) / num_examples
    c = residual_mean_square(a) / (len(a) * num_examples) + residual_mean_square(b) / (len(b) * num_examples)
    total = max(v_a + v_b + vex - c, v_a + v_b, vex)
    df = total**2 / (v_a**2 / (len(a) - 1) + v_b**2 / (len(b) - 1) + vex**2 / (num_examples - 1))
    return mean(d), v_a, v_b, vex, c, total, df


def paired_crossed_t(a, b):
    """Rule 13: (difference, v, vex, c, V, df) of the row differences."""
    rows = [[x - y for x, y in zip(row_a, row_b, strict=True)] for row_a, row_b in zip(a, b, strict=True)]
    num_seeds, num_examples = len(rows), len(rows[0])
    d = [mean(row[i] for row in rows) for i in range(num_examples)]
    v = variance(mean(row) for row in rows) / num_seeds
    vex = variance(d) / num_examples
    c = residual_mean_square(rows) / (num_seeds * num_examples)
    total = max(v + vex - c, v, vex)
    return mean(d), v, vex, c, total, total**2 / (v**2 / (num_seeds - 1) + vex**2 / (num_examples - 1))


def interval(difference, total, df, level):
    """t interval."""
    half = student.ppf(1 - level / 2, df) * math.sqrt(total)
    return difference - half, difference + half


def p_value(difference, total, df):
    """Two-sided t test."""
    return 2 * student.sf(abs(difference) / math.sqrt(total), df)


def best_of_m(values, validation, m):
    """Mean over all m-subsets of the value of the trial with the best validation; tied trials count equally."""
    found = []
    for subset in itertools.combinations(range(len(values)), m):
        top = max(validation[trial] for trial in subset)
        found.append(mean(values[trial] for trial in subset if validation[trial] == top))
    return mean(found)


def pool(test, validation, m):
    """Rule 9: (theta, v, df, weighted scores per example)."""
    num_trials = len(test)
    means = [mean(row) for row in test]
    left_out = []
    for j in range(num_trials):
        kept = [trial for trial in range(num_trials) if trial != j]
        left_out.append(best_of_m([means[k] for k in kept], [validation[k] for k in kept], m))
    u = [(value - mean(left_out)) ** 2 for value in left_out]
    v = (num_trials - 1) / num_trials * math.fsum(u)
    spread = mean(value**2 for value in u) - mean(u) ** 2
    df = min(max(2 * mean(u) ** 2 * num_trials / spread, 2), num_trials - 1) if spread > 0 else num_trials - 1
    scores = [best_of_m([row[i] for row in test], validation, m) for i in range(len(test[0]))]
    return mean(scores), v, df, scores


def compare_pools(a, b):
    """Rule 9 for two families, each (theta, v, df, scores): (difference, vex, V, df)."""
    d = [x - y for x, y in zip(a[3], b[3], strict=True)]
    vex = variance(d) / len(d)
    total = a[1] + b[1] + vex
    df = total**2 / (a[1] ** 2 / a[2] + b[1] ** 2 / b[2] + vex**2 / (len(d) - 1))
    return a[0] - b[0], vex, total, df
