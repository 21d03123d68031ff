"""Data to learn from: multivariate normal inputs and linear teachers."""

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
        Their number, and that of their features.
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
    _checks.generator(rng)
    _checks.ensemble(ensemble)
    white = rng.standard_normal((*ensemble, samples, n_0))
    return white if covariance is None else white @ covariance_root(covariance, n_0)


def covariance_root(covariance: np.ndarray, n_0: int) -> np.ndarray:
    """Return the symmetric square root of a covariance, or refuse what is none."""
    _checks.array("covariance", covariance)
    if covariance.shape != (n_0, n_0):
        _checks.refuse("covariance", f"shape {covariance.shape}", f"({n_0}, {n_0})")
    values, vectors = np.linalg.eigh(covariance)
    rounding = n_0 * np.finfo(float).eps * abs(values).max()
    if values.min() < -rounding or abs(covariance - covariance.T).max() > rounding:
        _checks.refuse("covariance", "another matrix", "a symmetric positive semidefinite one")
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T


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
    teacher : array (n_L, n_0)
        Entries of standard deviation 1 / sqrt(n_0).

    Raises
    ------
    ValueError
        If x is no array of finite reals, or ``noise`` is negative.
    """
    _checks.array("x", x)
    _checks.floats("x", x)
    _checks.count("outputs", outputs)
    _checks.generator(rng)
    spread = _checks.scale("noise", noise, ())
    teacher = (rng.standard_normal((outputs, x.shape[-1])) / x.shape[-1] ** 0.5).astype(x.dtype)
    clean = x @ teacher.T
    return clean + (spread * rng.standard_normal(clean.shape)).astype(x.dtype), teacher
