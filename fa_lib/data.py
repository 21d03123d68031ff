"""Data to learn from: multivariate normal inputs, linear teachers, labels as rows."""

import numpy as np

from fa_lib import _checks


def gaussian_inputs(
    samples: int,
    n_0: int,
    *,
    rng: np.random.Generator,
    covariance: np.ndarray | None = None,
    ensemble: tuple[int, ...] = (),
) -> np.ndarray:
    """Draw samples of a centred multivariate normal distribution, as rows.

    Parameters
    ----------
    samples, n_0 : int
        The number of samples, and of features.
    rng : numpy.random.Generator
    covariance : array (n_0, n_0), optional
        Symmetric, positive semidefinite; the identity by default.
    ensemble : tuple of int
        Leading axes.

    Returns
    -------
    array (..., N, n_0)

    Raises
    ------
    ValueError
        If a count is not a positive integer, or ``covariance`` is not a covariance.
    """
    _checks.count("samples", samples)
    _checks.count("n_0", n_0)
    _checks.kind("rng", rng, np.random.Generator)
    _checks.ensemble(ensemble)
    white = rng.standard_normal((*ensemble, samples, n_0))
    return white if covariance is None else white @ covariance_root(covariance, n_0)


def covariance_root(covariance: np.ndarray, n_0: int) -> np.ndarray:
    """Return the symmetric square root of a covariance, or refuse what is none."""
    _checks.decomposable("covariance", covariance)
    if covariance.shape != (n_0, n_0):
        _checks.refuse("covariance", f"shape {covariance.shape}", f"({n_0}, {n_0})")
    values, vectors = np.linalg.eigh(covariance)
    rounding = n_0 * np.finfo(float).eps * abs(values).max()
    if values.min() < -rounding or abs(covariance - covariance.T).max() > rounding:
        _checks.refuse("covariance", "another matrix", "a symmetric positive semidefinite one")
    root: np.ndarray = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def linear_teacher(
    x: np.ndarray, outputs: int, *, rng: np.random.Generator, noise: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a linear map and return the targets it gives for x, with Gaussian noise if asked.

    Parameters
    ----------
    x : array (..., N, n_0)
    outputs : int
        n_L.
    rng : numpy.random.Generator
    noise : float
        Standard deviation of what is added to each target.

    Returns
    -------
    y : array (..., N, n_L)
    teacher : array (..., n_L, n_0)
        One for each member of an ensemble; entries of standard deviation 1 / sqrt(n_0).

    Raises
    ------
    ValueError
        If x is not an array of finite reals, or ``noise`` is negative.
    """
    _checks.array("x", x)
    _checks.of_numpy("x", x)
    _checks.floats("x", x)
    _checks.count("outputs", outputs)
    _checks.kind("rng", rng, np.random.Generator)
    spread = _checks.scale("noise", noise, ())
    shape = (*x.shape[:-2], outputs, x.shape[-1])
    teacher = (rng.standard_normal(shape) / x.shape[-1] ** 0.5).astype(x.dtype)
    clean = x @ teacher.mT
    return clean + (spread * rng.standard_normal(clean.shape)).astype(x.dtype), teacher


def one_hot(labels: np.ndarray, *, classes: int | None = None) -> np.ndarray:
    """Return a row for each label, with one 1 among zeros.

    Parameters
    ----------
    labels : array (N,) of int
        Counted from 0.
    classes : int, optional
        How many there are; needed for a part of a data set, which may lack the last one. By default
        the largest label decides.

    Returns
    -------
    array (N, classes)

    Raises
    ------
    ValueError
        If the labels are not whole numbers of zero or more, or one of them exceeds the classes.
    """
    if hasattr(labels, "dtype"):
        _checks.plain("labels", labels)
    try:
        labels = np.asarray(labels)
    except ValueError:  # rows of different lengths
        _checks.refuse("labels", labels, "whole numbers (N,) of zero or more")
    whole = labels.ndim == 1 and labels.size > 0 and np.issubdtype(labels.dtype, np.integer)
    if not whole or labels.min() < 0:
        came = f"shape {labels.shape} of {labels.dtype}"
        _checks.refuse("labels", came, "whole numbers (N,) of zero or more")
    least = int(labels.max()) + 1
    if classes is not None:
        _checks.count("classes", classes)
        if classes < least:
            _checks.refuse("classes", classes, f"at least {least}, as one label is {least - 1}")
    rows: np.ndarray = np.eye(classes or least)[labels]
    return rows
