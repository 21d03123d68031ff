"""Linear networks: the one matrix that they are, where training takes them, and how fast."""

from functools import reduce

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Result, inner, pseudoinverse
from fa_lib.data import covariance_root
from fa_lib.rules import feedback_alignment, gradient_descent
from fa_lib.state import Rule, State


def end_to_end(state: State) -> Result:
    """Return W_L ... W_1, the matrix that a linear network applies.

    Parameters
    ----------
    state : State

    Returns
    -------
    array (..., n_L, n_0)

    Raises
    ------
    ValueError
        If the shapes do not chain.
    """
    _checks.weights(state)
    _checks.leading(*state.weights)
    return reduce(lambda product, W: W @ product, state.weights)


def minimum_norm(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the matrix theta of least Frobenius norm among those that minimise ||X theta^T - Y||.

    It is Y^T (X^+)^T, by the pseudoinverse: the target of Theorem 5.2.

    Parameters
    ----------
    x, y : array (..., N, n_0), array (..., N, n_L)
        Floats only.

    Returns
    -------
    array (..., n_L, n_0)

    Raises
    ------
    ValueError
        If the two do not fit, or an entry is not finite.

    Examples
    --------
    >>> minimum_norm(np.array([[1.0, 1.0]]), np.array([[2.0]])).round(12)
    array([[1., 1.]])
    """
    _checks.data(x, y)
    _checks.decomposable("x", x)
    theta: np.ndarray = (pseudoinverse(x) @ y).mT
    return theta


def row_space_split(W: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows of W into their parts inside the row space of x and orthogonal to it.

    Parameters
    ----------
    W : array (..., n_1, n_0)
    x : array (..., N, n_0)
        Floats only.

    Returns
    -------
    inside, outside : arrays (..., n_1, n_0)
        Their sum is W. Training moves W_1 only inside, unless its weights decay.

    Raises
    ------
    ValueError
        If W and x differ in their number of columns, or an entry is not finite.
    """
    _checks.decomposable("x", x)
    _checks.decomposable("W", W, columns=x.shape[-1])
    if W.dtype != x.dtype:
        _checks.refuse("W", f"dtype {W.dtype}", f"{x.dtype}, the dtype of x")
    _checks.leading(W, x)
    inside = W @ (pseudoinverse(x) @ x)
    return inside, W - inside


def convergence_rate(B: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return 2 lambda_min(B B^T) lambda_min(X X^T), the proven rate of feedback alignment.

    In a two-layer linear network that starts from W_1 X^T = 0 and W_2 = B, the squared error as
    the hidden layer receives it, ||B^T E||^2 / 2, falls at least as fast as exp(-rate * t).

    Parameters
    ----------
    B : array (..., m, n_1)
        The feedback. Floats only.
    x : array (..., N, n_0)
        The samples, as rows.

    Returns
    -------
    array (...)
        In units of 1 / time. Zero, which promises nothing, where m > n_1 or N > n_0.

    Raises
    ------
    ValueError
        If an argument is not an array of finite floats, or their leading axes do not fit.

    Notes
    -----
    Not in the paper; proved on the page about convergence.

    Examples
    --------
    >>> B, x = np.array([[2.0, 0.0]]), np.array([[3.0, 0.0], [0.0, 1.0]])
    >>> float(convergence_rate(B, x))
    8.0
    """
    for name, value in (("B", B), ("x", x)):
        _checks.decomposable(name, value)
    _checks.leading(B, x)
    rate: np.ndarray = 2 * _least_eigenvalue(B) * _least_eigenvalue(x)
    return rate


def _least_eigenvalue(A: np.ndarray) -> np.ndarray:
    """Return the least eigenvalue of A A^T: (..., m, n) -> (...)."""
    rows, columns = A.shape[-2:]
    if rows > columns:
        return np.zeros(A.shape[:-2], A.dtype)
    return np.linalg.svd(A, compute_uv=False)[..., -1] ** 2


def final_readout_norm(
    theta_norm: float | np.ndarray,
    *,
    feedback_norm: float | np.ndarray,
    kappa: float | np.ndarray,
    rule: Rule = feedback_alignment,
) -> np.ndarray:
    """Return ||W_2|| at the end of training a two-layer linear network with one output.

    From W_1 X^T = 0 and W_2 = kappa b the read-out stays on the line of b. It ends at c b, where
    ||b||^2 c s = ||theta*||, the norm of the minimum-norm solution, and c = kappa + s^2 / 2 under
    feedback alignment, c^2 = kappa^2 + s^2 under gradient descent.

    Parameters
    ----------
    theta_norm : number or array (...)
        ||theta*||, zero or more.
    feedback_norm : number or array (...)
        ||b||, positive.
    kappa : number or array (...)
        The start of the read-out in units of b: zero or more, and positive for gradient descent,
        which does not leave zero.
    rule : Rule
        Feedback alignment or gradient descent.

    Returns
    -------
    array (...)
        Of the shape that the arguments broadcast to.

    Raises
    ------
    ValueError
        If a number is outside its range, shapes do not fit, or the rule is neither of the two.

    Notes
    -----
    Not in the paper; derived on the page about the implicit bias.

    Examples
    --------
    >>> float(final_readout_norm(12.0, feedback_norm=1.0, kappa=4.0))
    6.0
    """
    given = {"theta_norm": theta_norm, "feedback_norm": feedback_norm, "kappa": kappa}
    q, b, k = (_checks.scale(name, value) for name, value in given.items())
    _checks.leading(*(value[..., None, None] for value in (q, b, k)))
    _checks.kind("rule", rule, Rule)
    if rule not in (feedback_alignment, gradient_descent):
        _checks.refuse("rule", rule.name, "FA or GD")
    if not np.all(b > 0):
        _checks.refuse("feedback_norm", feedback_norm, "positive numbers")
    if rule == feedback_alignment:
        aligned: np.ndarray = (k + _cubic_root(2 * k, 2 * q / b**2) ** 2 / 2) * b
        return aligned
    if not np.all(k > 0):
        _checks.refuse("kappa", kappa, "positive numbers: gradient descent does not leave zero")
    descended: np.ndarray = np.sqrt(((k * b) ** 2 + np.hypot((k * b) ** 2, 2 * q)) / 2)
    return descended


def _cubic_root(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the root s >= 0 of s^3 + p s = q, for p, q >= 0, by Newton's method."""
    s: np.ndarray = np.cbrt(q)  # which p only lowers: so this is not below the root
    for _ in range(6):  # convex and increasing: from above the error is squared each time
        s = (2 * s**3 + q) / (3 * s * s + p + np.finfo(float).tiny)  # zero where p and q are
    return s


def excess_risk(
    theta: np.ndarray, teacher: np.ndarray, covariance: np.ndarray | None = None
) -> np.ndarray:
    """Return <Z, Z Sigma> for Z = theta - teacher: the expected squared error on a new input.

    The target's own noise, which no theta can predict, is left out.

    Parameters
    ----------
    theta : array (..., m, n_0)
        What was learned, as `end_to_end` gives it. Floats only.
    teacher : array (..., m, n_0)
    covariance : array (n_0, n_0), optional
        Sigma, of centred inputs: symmetric, positive semidefinite; the identity by default.

    Returns
    -------
    array (...)
        Zero or more.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or ``covariance`` is not a covariance.

    Examples
    --------
    >>> theta, teacher = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])
    >>> float(excess_risk(theta, teacher))
    4.0
    """
    for name, value in (("teacher", teacher), ("theta", theta)):
        _checks.array(name, value)
        _checks.of_numpy(name, value)
        _checks.floats(name, value)
    if theta.shape[-1] != teacher.shape[-1]:
        expected = f"{teacher.shape[-1]} columns, as the teacher"
        _checks.refuse("theta", f"shape {theta.shape}", expected)
    if theta.dtype != teacher.dtype:
        _checks.refuse("theta", f"dtype {theta.dtype}", f"{teacher.dtype}, the dtype of teacher")
    if theta.shape[-2] != teacher.shape[-2]:
        _checks.refuse("theta", f"shape {theta.shape}", f"{teacher.shape[-2]} rows, as the teacher")
    _checks.leading(theta, teacher)
    off: np.ndarray = theta - teacher
    if covariance is not None:
        off = off @ covariance_root(covariance, teacher.shape[-1])
    risk: np.ndarray = inner(off, off)
    return risk
