"""The tests of the tests: a planted fault must turn them red, and nothing else may.

Each fault is a replacement in a copy of the library: of a piece of code, whatever its variables and
functions are called there. The tests named beside it run on that copy.
"""

import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from planting import plant, with_other_names

ROOT = Path(__file__).resolve().parents[2]


class Fault(NamedTuple):
    """What is wrong, where, and which tests must notice."""

    name: str
    module: str
    right: str
    wrong: str
    tests: str  # a file of tests
    select: str  # and an expression that chooses among them


FAULTS = [
    Fault(
        "the comparator passes a wire by its value, not by its tangent",
        "comparators.py",
        "ours + wire.tangent(a, theirs - a)",
        "wire.apply(theirs)[0]",
        "test_comparators.py",
        "exact_behind_wires",
    ),
    Fault(
        "the tangent of pooling is taken where the step is largest",
        "wiring.py",
        "over(squares(a))[1] * squares(step)",
        "over(squares(step))[1] * squares(step)",
        "test_wiring.py",
        "tangent_has_the_pullback",
    ),
    Fault(
        "the feedback is transposed",
        "rules.py",
        "product(deltas[-1], M)",
        "product(deltas[-1], M.mT)",
        "test_velocity.py",
        "fixed_feedback or (loops and FA)",
    ),
    Fault(
        "the feedback is transposed where it is square",
        "rules.py",
        "product(deltas[-1], M)",
        "product(deltas[-1], M.mT if M.shape[-1] == M.shape[-2] else M)",
        "test_velocity.py",
        "loops and FA",
    ),
    Fault(
        "phi' is missing where the error passes back",
        "rules.py",
        "scaled(back(carried) if back else carried, slope)",
        "back(carried) if back else carried",
        "test_laws.py",
        "identity_holds_whatever",
    ),
    Fault(
        "phi' is missing where the error is broadcast",
        "rules.py",
        "return sent * passage.slope",
        "return sent",
        "test_velocity.py",
        "loops and DFA",
    ),
    Fault(
        "target projection has the wrong sign",
        "rules.py",
        "lambda error, y: -y",
        "lambda error, y: y",
        "test_velocity.py",
        "loops and DRTP",
    ),
    Fault(
        "Kolen-Pollack feedback rests",
        "rules.py",
        "return State(directions, directions[1:])",
        "return State(directions, tuple(0 * directions for directions in directions[1:]))",
        "test_velocity.py",
        "fixed_feedback",
    ),
    Fault(
        "the velocity goes uphill",
        "dynamics.py",
        "tuple(-S for S in uphill)",
        "uphill",
        "test_velocity.py",
        "derivative_of_the_loss",
    ),
    Fault(
        "a step goes uphill where the feedback rests",
        "dynamics.py",
        "moved = -eta * S",
        "moved = eta * S",
        "test_dynamics.py",
        "matrix_power",
    ),
    Fault(
        "the value is taken from the slope whatever the degree",
        "network.py",
        "activation.degree == 1",
        "activation.degree",
        "test_velocity.py",
        "loops and FA",
    ),
    Fault(
        "a step goes backwards where the feedback moves",
        "dynamics.py",
        "[M + eta * dM for M, dM, eta in zip(matrices, derivatives, etas, strict=True)]",
        "[M - eta * dM for M, dM, eta in zip(matrices, derivatives, etas, strict=True)]",
        "test_dynamics.py",
        "order_one and KP",
    ),
    Fault(
        "the steps of an ensemble go to the wrong axis",
        "dynamics.py",
        "size[..., None, None]",
        "size[..., None].mT[..., None, :1, :]",
        "test_dynamics.py",
        "own_step",
    ),
    Fault(
        "minibatches draw with replacement",
        "batches.py",
        "rng.permutation(x.shape[-2])",
        "rng.integers(x.shape[-2], size=x.shape[-2])",
        "test_dynamics.py",
        "minibatches",
    ),
    Fault(
        "a divergence keeps the wrong state",
        "dynamics.py",
        "raise _divergence(state, moved, number, etas)",
        "raise _divergence(moved, moved, number, etas)",
        "test_dynamics.py",
        "divergence",
    ),
    Fault(
        "the flow is solved to the wrong time",
        "dynamics.py",
        'solve_ivp(f, span, _flatten(state), "DOP853", instants, rtol=rtol, atol=atol)',
        'solve_ivp(f, span, _flatten(state), "DOP853", 0.999 * instants, rtol=rtol, atol=atol)',
        "test_dynamics.py",
        "matrix_exponential",
    ),
    Fault(
        "the law lost its half",
        "laws.py",
        "xp.sum(W * W, axis=-1) / (2 * r[i])",
        "xp.sum(W * W, axis=-1) / r[i]",
        "test_laws.py",
        "rests_along or trace or moves_where",
    ),
    Fault(
        "the law forgot the degree",
        "laws.py",
        "k * rule.potential(after, B)",
        "rule.potential(after, B)",
        "test_laws.py",
        "rests_along or moves_where",
    ),
    Fault(
        "the layer law is a mean over neurons",
        "laws.py",
        "[xp.sum(law, axis=-1) for law in laws]",
        "[xp.mean(law, axis=-1) for law in laws]",
        "test_laws.py",
        "neuron_laws_sum",
    ),
    Fault(
        "the matrix law is not symmetric",
        "rules.py",
        "B.mT @ W + W.mT @ B",
        "2 * B.mT @ W",
        "test_laws.py",
        "matrix or trace",
    ),
    Fault(
        "the discrete law adds up the balances with the wrong sign",
        "balances.py",
        "(ours(dW, W) / rate, terms.degree * above(dV, M) / next_rate)",
        "(-ours(dW, W) / rate, terms.degree * above(dV, M) / next_rate)",
        "test_laws.py",
        "full_batch or exact_in_fractions",
    ),
    Fault(
        "the discrete law runs backwards",
        "balances.py",
        "start + xp.cumulative_sum(balances, axis=0)",
        "start - xp.cumulative_sum(balances, axis=0)",
        "test_laws.py",
        "squares_of_all_steps",
    ),
    Fault(
        "the discrete law takes the carriers after the step",
        "balances.py",
        "B if B.shape[0] == 1 else B[:-1, ...]",
        "B if B.shape[0] == 1 else B[1:, ...]",
        "test_laws.py",
        "drawn_anew",
    ),
    Fault(
        "the discrete law forgot the rates",
        "balances.py",
        "(ours(dW, W) / rate, terms.degree * above(dV, M) / next_rate)",
        "(ours(dW, W) / rate, terms.degree * above(dV, M) / rate)",
        "test_laws.py",
        "rates_differ",
    ),
    Fault(
        "the balance of the matrix law is transposed",
        "balances.py",
        "return A.mT @ B + B.mT @ A",
        "return A.mT @ B + A.mT @ B",
        "test_laws.py",
        "discrete_matrix_law",
    ),
    Fault(
        "the loss is not normalised",
        "losses.py",
        "return exponentials / total - y",
        "return exponentials - y",
        "test_velocity.py",
        "derivative_of_the_loss or softmax",
    ),
    Fault(
        "minimum norm takes the transpose for the pseudoinverse",
        "linear_networks.py",
        "pseudoinverse(x) @ y",
        "x.mT @ y",
        "test_linear.py",
        "least_squares or the_data_do_not_see",
    ),
    Fault(
        "the product of the layers is in the wrong order",
        "linear_networks.py",
        "reduce(lambda product, W: W @ product, state.weights)",
        "reduce(lambda product, W: product @ W, state.weights)",
        "test_linear.py",
        "end_to_end",
    ),
    Fault(
        "a cosine is not divided by the norms",
        "alignment.py",
        "inner(A, B) / norms",
        "inner(A, B)",
        "test_alignment.py",
        "known_angle",
    ),
    Fault(
        "signals are compared with themselves",
        "alignment.py",
        "(each.signals(state, passages, error, y)[:-1] for each in (rule, reference))",
        "(each.signals(state, passages, error, y)[:-1] for each in (rule, rule))",
        "test_alignment.py",
        "gradient or weighs",
    ),
    Fault(
        "the expansion forgets the part that rests",
        "compression.py",
        "W @ self.basis.mT + self.frozen",
        "W @ self.basis.mT + 0 * self.frozen",
        "test_compression.py",
        "depend_on_each_other",
    ),
    Fault(
        "a ledger keeps the state before without a copy",
        "balances.py",
        "(tuple(map(detached, part)) for part in state)",
        "(tuple(part) for part in state)",
        "test_ledger.py",
        "in_place",
    ),
    Fault(
        "the start of a path lacks the axes of the rest",
        "dynamics.py",
        "state = _spread(state, *batch, *[eta for eta in etas if getattr(eta, 'ndim', 0)])",
        "state = state",
        "test_train.py",
        "axes_of",
    ),
    Fault(
        "the audit sums over units before it compares",
        "oracle.py",
        "off = float(np.sum(abs(into.sums - out.sums)))",
        "off = float(abs(np.sum(into.sums - out.sums)))",
        "test_oracle.py",
        "cancel",
    ),
    Fault(
        "the audit calls what does not move tested",
        "oracle.py",
        "return math.nan, math.nan",
        "return 0.0, 0.0",
        "test_oracle.py",
        "nothing",
    ),
    Fault(
        "readers of models keep no copies",
        "models.py",
        "BackwardPass(tuple(tuple(map(detached, each)) for each in weights),"
        " tuple(tuple(map(detached, each)) for each in moves), tuple(map(detached, carriers)))",
        "BackwardPass(tuple(tuple(map(detached, each)) for each in weights), tuple(moves),"
        " tuple(map(detached, carriers)))",
        "test_models.py",
        "copy",
    ),
    Fault(
        "an activation is believed",
        "_checks.py",
        "_is_homogeneous(value, namespace(W), W.dtype, device(W), (samples, W.shape[-2]))",
        "True",
        "test_refusals.py",
        "breaks_its_word",
    ),
    Fault(
        "the members of an ensemble share a teacher",
        "data.py",
        "shape = (*x.shape[:-2], outputs, x.shape[-1])",
        "shape = (outputs, x.shape[-1])",
        "test_data.py",
        "teacher_of_its_own",
    ),
    Fault(
        "the product rule lost a term",
        "counting.py",
        "self.tangent @ other.value + self.value @ other.tangent",
        "self.tangent @ other.value",
        "test_counting.py",
        "derivative_of_a_product",
    ),
    Fault(
        "the bracket is a sum",
        "counting.py",
        "map(operator.sub, there, back)",
        "map(operator.add, there, back)",
        "test_counting.py",
        "commutator",
    ),
    Fault(
        "the closure stops after the fields",
        "counting.py",
        "if deeper == rank: return LieClosure(parameters, rank, depth, gap)",
        "if depth == 1: return LieClosure(parameters, rank, depth, gap)",
        "test_counting.py",
        "known_number_of_laws",
    ),
    Fault(
        "the fields are bracketed with nothing new",
        "counting.py",
        "rank, depth, nested = deeper, depth + 1, bracket(draw(), nested)",
        "rank, depth, nested = deeper, depth + 1, draw()",
        "test_counting.py",
        "known_number_of_laws",
    ),
    Fault(
        "a divergence is not looked for",
        "_arrays.py",
        "return all(bool(namespace(array).all(is_finite(array))) for array in arrays)",
        "return True",
        "test_dynamics.py",
        "divergence",
    ),
    Fault(
        "the slope of ReLU is that of the other side",
        "_arrays.py",
        "on = h > 0",
        "on = h < 0",
        "test_velocity.py",
        "loops and FA",
    ),
    Fault(
        "numbers that are not finite are let in",
        "_checks.py",
        "not all_finite(value)",
        "False",
        "test_hostile.py",
        "no_array_of_finite_numbers and velocity-x",
    ),
]


@pytest.fixture(scope="module")
def processes():
    """Give each run a new process, a fork of one that imported all that is large, but not fa_lib.

    A process of its own would be as right, and spend seconds on imports each time.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["array_api_strict", "hypothesis", "matplotlib", "pytest", "scipy.integrate", "sympy"]
    )
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        yield pool


@pytest.fixture
def copy(tmp_path):
    """Return a folder with a copy of the library and of its tests."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for folder in ("fa_lib", "tests/library"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=unwanted)
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests")
    record = f"\nimport pathlib, fa_lib\npathlib.Path({str(tmp_path / 'imported')!r})"
    with (tmp_path / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(f"{record}.write_text(fa_lib.__file__)\n")
    settings = (
        "pythonpath = . tests/library\nfilterwarnings = error\naddopts = --import-mode=importlib\n"
    )
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{settings}", encoding="utf-8")
    return tmp_path


def run(processes, folder, tests, select):
    """Run some tests on the copy; return pytest's exit code and what it reported."""
    command = [f"{folder}/tests/library/{tests}", "-c", f"{folder}/pytest.ini", "-k", select, "-x"]
    command += ["--assert=plain"]  # the large modules are imported, and can be rewritten no more
    command += [f"--junitxml={folder}/report.xml", "--hypothesis-profile=find"]
    for plugin in ("terminal", "cacheprovider", "nbval", "xdist"):
        command += ["-p", f"no:{plugin}"]
    code = processes.submit(pytest.main, command).result()
    imported = Path((folder / "imported").read_text(encoding="utf-8"))
    assert imported == folder / "fa_lib" / "__init__.py", "the tests ran on another library"
    return code, (folder / "report.xml").read_text(encoding="utf-8")


def test_every_fault_has_one_place_whatever_things_are_called_there():
    """Quick, so that `make check` tells at once that the code with a fault has changed."""
    for fault in FAULTS:
        source = (ROOT / "fa_lib" / fault.module).read_text(encoding="utf-8")
        elsewhere = plant(with_other_names(source), fault.right, fault.wrong)
        assert elsewhere == with_other_names(plant(source, fault.right, fault.wrong)), fault.name


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_turns_the_tests_red(processes, copy, fault):
    module = copy / "fa_lib" / fault.module
    source = module.read_text(encoding="utf-8")
    module.write_text(plant(source, fault.right, fault.wrong), encoding="utf-8")
    code, report = run(processes, copy, fault.tests, fault.select)
    assert code == pytest.ExitCode.TESTS_FAILED, report


@pytest.mark.parametrize("tests", sorted({fault.tests for fault in FAULTS}))
def test_without_a_fault_the_same_tests_are_green(processes, copy, tests):
    select = " or ".join(f"({fault.select})" for fault in FAULTS if fault.tests == tests)
    code, report = run(processes, copy, tests, select)
    assert code == pytest.ExitCode.OK, report
