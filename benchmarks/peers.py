"""Audit the packages of feedback alignment that install from the package index, as they come.

    python benchmarks/peers.py [RECORD.json]

BioTorch has layers, each with the matrix that carries the error back through it; zenkai has
learners, each of which trains a layer by a loss of its own. For every pass a small network of them
is drawn, its own backward pass is run, and `fa_lib.audit` reads what that left behind.
"""

import contextlib
import io
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from biotorch.module.biomodule import BioModule
from torch import nn
from zenkai import NNLoss, OptimFactory
from zenkai.feedback import DFALearner, FALearner, LinearFABuilder, OutT
from zenkai.kaku import iou

import fa_lib
from run import Row, write

Array = Any  # of PyTorch
Module = Any
Layer = fa_lib.Audit  # one that has a single hidden layer

WIDTHS = (7, 8, 6, 3)  # all different: what carries the error fits in one place
SAMPLES = 16
PASSES = 100
# zenkai passes an error on as an output less its target: it has the rounding of the output, beside
# which it may be small.
OF_DIFFERENCES = 1e-9
RULES = {
    "FA": fa_lib.feedback_alignment,
    "uSF": fa_lib.sign_symmetric,
    "frSF": fa_lib.weighted_sign,
}


class Peer(NamedTuple):
    """One use of a package: what is built, what it is held to, and the audit of one pass."""

    package: str
    built: str
    held_to: str
    audited: Callable[[], fa_lib.Audit]


def dense(kind: Any) -> Module:
    n_0, n_1, n_2, n_3 = WIDTHS
    first, second, last = kind.Linear(n_0, n_1), kind.Linear(n_1, n_2), kind.Linear(n_2, n_3)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)


def convolutional(kind: Any) -> Module:
    first, second = kind.Conv2d(2, 5, 3, padding=1), kind.Conv2d(5, 4, 3, stride=2)
    below = (first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), nn.Flatten())
    return nn.Sequential(*below, kind.Linear(16, WIDTHS[-1]))


def prepared(model: Module, dtype: Any) -> tuple[Module, Array, Array]:
    """Return a model whose biases are not zero, where they would not count, inputs and targets."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.1)
    images = any(isinstance(layer, nn.Conv2d) for layer in model)
    x = torch.randn(SAMPLES, *((2, 10, 10) if images else WIDTHS[:1]), dtype=dtype)
    return model.to(dtype), x, torch.randn(SAMPLES, WIDTHS[-1], dtype=dtype)


def biotorch_layers(build: Callable[[Any], Module], kind: str, rule: str, dtype: Any) -> Layer:
    model, x, y = prepared(build(import_module(f"biotorch.layers.{kind}")), dtype)
    nn.functional.mse_loss(model(x), y).backward()
    held = "weight_backward" if RULES[rule].reads_feedback else ()
    return fa_lib.audit(*fa_lib.backward_pass(model, held), rule=RULES[rule])


def biotorch_direct(build: Callable[[Any], Module], dtype: Any) -> Layer:
    """Audit each hidden layer of DFA with its virtual read-out, which has the error of the loss."""
    model, x, y = prepared(build(nn), dtype)
    with contextlib.redirect_stdout(io.StringIO()):  # it tells what it converts
        model = BioModule(model, mode="dfa", output_dim=WIDTHS[-1]).to(dtype)
    nn.functional.mse_loss(model(x, y, nn.functional.mse_loss), y).backward()
    chain = model.module
    places = [i for i, layer in enumerate(chain) if hasattr(layer, "weight_backward")]
    return together(
        at_read_out(chain[i], chain[j], chain[:j](x).detach()) for i, j in pairwise(places)
    )


def at_read_out(layer: Module, above: Module, a: Array) -> Layer:
    """Audit a layer to whose activity a the error comes by what BioTorch holds in the one above."""
    B, error = above.weight_backward, above.loss_gradient
    if B.ndim == 2:
        moved = error.T @ a
    else:  # every place of the convolution gets the same error
        how = {"stride": above.stride, "padding": above.padding}
        places = nn.functional.conv2d(a, B, **how).shape[2:]
        sent = error[:, :, None, None].expand(-1, -1, *places)
        moved = nn.grad.conv2d_weight(a, B.shape, sent, **how)
    weights, gradients = own(layer)
    return fa_lib.audit([weights, B], [gradients, moved], [B])


def own(layer: Module) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Return what leads into the units of a layer, and its gradients."""
    leads_in = layer.weight, layer.bias
    return leads_in, tuple(parameter.grad for parameter in leads_in)


def together(layers: Iterable[Layer]) -> fa_lib.Audit:
    """Return audits of one hidden layer each as that of a network of all of them."""
    parts = zip(*layers, strict=True)
    return fa_lib.Audit(*(tuple(number for (number,) in part) for part in parts))


def zenkai_learners(criterion: Any) -> fa_lib.Audit:
    """Audit a chain of learners, each of which has this loss."""
    n_0, n_1, n_2, n_3 = WIDTHS
    ways = {"optim_factory": OptimFactory("SGD", lr=1), "learn_criterion": criterion}
    hidden = LinearFABuilder(activation=nn.ReLU, **ways)
    first = hidden(in_features=n_0, out_features=n_1)
    second = hidden(in_features=n_1, out_features=n_2)
    last = FALearner(nn.Linear(n_2, n_3), nn.Linear(n_2, n_3), **ways)
    chain, x, y = prepared(nn.Sequential(first, second, last), torch.float64)
    nn.functional.mse_loss(chain(x), y, reduction="sum").backward()
    nets, carriers = [m.net for m in chain], [m.netB.weight for m in chain]
    return fa_lib.audit(*fa_lib.backward_pass(nets, carriers), accuracy=OF_DIFFERENCES)


def zenkai_direct(of_its_own: bool) -> fa_lib.Audit:
    """Audit a learner of DFA with its read-out, which has an error of its own, or the output's."""
    n_0, n_1, _, n_3 = WIDTHS
    nets, ways = [nn.Linear(n_0, n_1) for _ in range(2)], OptimFactory("SGD", lr=1)
    summed = NNLoss("MSELoss", "sum", 0.5)
    learner = DFALearner(*nets, n_1, n_3, ways, nn.ReLU(), summed)
    chain, x, y = prepared(nn.Sequential(learner, nn.Linear(n_1, n_3)), torch.float64)
    a = learner(x, out_t=OutT(iou(y)))
    f = chain[1](a)
    (nn.functional.mse_loss(f, y, reduction="sum") / 2).backward()
    B = learner.B.weight
    moved = B.grad if of_its_own else (f - y).detach().T @ a.detach()
    weights, gradients = own(learner.net)
    return fa_lib.audit([weights, B], [gradients, moved], [B], accuracy=OF_DIFFERENCES)


def peers() -> list[Peer]:
    found = []
    kinds = (("fa", "FA"), ("usf", "FA"), ("usf", "uSF"), ("frsf", "frSF"), ("brsf", "FA"))
    for dtype in (torch.float64, torch.float32):
        for build in (dense, convolutional):
            how = f"{build.__name__}, {str(dtype).removeprefix('torch.')}"
            for kind, rule in kinds:
                audited = partial(biotorch_layers, build, kind, rule, dtype)
                found.append(Peer("biotorch", f"layers.{kind}, {how}", rule, audited))
            audited = partial(biotorch_direct, build, dtype)
            found.append(Peer("biotorch", f"BioModule, dfa, {how}", "DFA", audited))
    for said, criterion in (
        ("as it comes", "MSELoss"),
        ("loss summed and halved", NNLoss("MSELoss", "sum", 0.5)),
    ):
        audited = partial(zenkai_learners, criterion)
        found.append(Peer("zenkai", f"FALearner, {said}", "FA", audited))
    for said, of_its_own in (("the output", False), ("its own read-out", True)):
        audited = partial(zenkai_direct, of_its_own)
        found.append(Peer("zenkai", f"DFALearner, with the error of {said}", "DFA", audited))
    return found


def drawn(peer: Peer, passes: int) -> Row:
    """Return what the audits of so many passes say, by hidden layer."""
    with torch.random.fork_rng(devices=[]):
        audits = []
        for seed in range(passes):
            torch.manual_seed(seed)
            audits.append(peer.audited())
    layers = zip(*(zip(*audit, strict=True) for audit in audits), strict=True)
    return {
        "package": peer.package,
        "built": peer.built,
        "held to": peer.held_to,
        "passes": passes,
        "hidden layers": [
            summary([Layer(*((n,) for n in one)) for one in each]) for each in layers
        ],
    }


def summary(layers: list[Layer]) -> Row:
    """Return one hidden layer in all passes: r where it is more than rounding, to two digits."""
    broken = [said.balance[0] for said in layers if said.balance[0] > said.bound[0]]
    factors = [said.factor[0] for said in layers]
    carriers = {said.fits[0] for said in layers}
    return {
        "kept": sum(said.holds for said in layers),
        "broken": len(broken),
        "r": [float(f"{r:.2g}") for r in (min(broken), max(broken))] if broken else None,
        "factor": float(f"{factors[0]:.3g}") if np.ptp(factors) < 1e-3 * abs(factors[0]) else None,
        "carried by": carriers.pop() if len(carriers) == 1 else "",
    }


def main() -> None:
    record: Row = {
        "packages": {
            name: version(name).partition("+")[0]  # without how it was built
            for name in ("numpy", "torch", "biotorch", "zenkai")
        },
        "audits": [drawn(peer, PASSES) for peer in peers()],
    }
    for row in record["audits"]:
        for i, layer in enumerate(row["hidden layers"], start=1):
            print(f"{row['package']} {row['built']}, held to {row['held to']}, layer {i}: {layer}")
    write(record)


if __name__ == "__main__":
    main()
