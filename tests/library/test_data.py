"""Data to learn from: what is drawn, one-hot rows, and what is refused."""

import numpy as np
import pytest

import fa_lib as fa
from refusing import refused, table


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("noise", [{}, {"noise": 0.5}], ids=["clean", "noisy"])
def test_each_member_has_a_linear_teacher_of_its_own_and_then_its_noise(noise, dtype):
    x = np.random.default_rng(1).standard_normal((2, 6, 3)).astype(dtype)
    y, teacher = fa.linear_teacher(x, 4, rng=np.random.default_rng(0), **noise)
    rng = np.random.default_rng(0)
    assert np.array_equal(teacher, (rng.standard_normal((2, 4, 3)) / 3**0.5).astype(dtype))
    assert y.dtype == teacher.dtype == dtype
    off = noise.get("noise", 0) * rng.standard_normal((2, 6, 4))
    # A sum of three products of order one, and the noise.
    assert abs(y - (x @ teacher.mT + off)).max() < 16 * np.finfo(dtype).eps


def test_inputs_without_a_covariance_are_white():
    drawn = fa.gaussian_inputs(6, 3, rng=np.random.default_rng(0), ensemble=(2,))
    assert np.array_equal(drawn, np.random.default_rng(0).standard_normal((2, 6, 3)))


def test_inputs_of_no_variance_are_zero():
    nothing = np.zeros((3, 3))
    assert not fa.gaussian_inputs(6, 3, rng=np.random.default_rng(0), covariance=nothing).any()


def test_one_label_is_one_row():
    assert fa.one_hot(np.array([2])).tolist() == [[0, 0, 1]]


def test_a_part_that_lacks_the_last_class_has_a_column_for_it():
    assert fa.one_hot(np.array([1, 0]), classes=3).tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [(2, "got 2, expected at least 3, as one label is 2"), (0, "positive"), (2.5, "positive")],
)
def test_a_label_beyond_the_classes_is_refused(classes, expected):
    with pytest.raises(ValueError, match=f"^classes: .*{expected}"):
        fa.one_hot(np.array([0, 2]), classes=classes)


@table(
    (lambda: fa.one_hot(np.array([0.0, 1.0])), "labels", "float64", "whole numbers"),
    (lambda: fa.one_hot(np.array([-1, 1])), "labels", "shape (2,)", "zero or more"),
    (lambda: fa.one_hot(np.array([[1]])), "labels", "shape (1, 1)", "whole numbers"),
    (lambda: fa.one_hot([]), "labels", "shape (0,)", "whole numbers"),
    (lambda: fa.one_hot(np.zeros(0, int)), "labels", "shape (0,) of int", "whole numbers"),
)
def test_bad_arguments_are_refused(call, name, came, expected):
    refused(call, name, came, expected)
