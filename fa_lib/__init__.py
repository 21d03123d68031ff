"""Feedback alignment and its conservation laws: states, rules, training, laws, alignment."""

from fa_lib.activations import leaky_relu, linear, relu, squared_relu, tanh
from fa_lib.alignment import (
    angle,
    neuron_alignment,
    signal_alignment,
    update_alignment,
    weight_alignment,
)
from fa_lib.balances import Ledger, discrete_law, ledger
from fa_lib.batches import full_batch, minibatches
from fa_lib.comparators import comparator, comparator_prediction, squared_distance
from fa_lib.compression import Expansion, compress
from fa_lib.counting import LieClosure, lie_closure
from fa_lib.data import (
    gaussian_inputs,
    linear_teacher,
    one_hot,
)
from fa_lib.dominance import relu_certificate
from fa_lib.dynamics import (
    Diverged,
    descend,
    flow,
    readout_velocity,
    train,
    velocity,
    virtual_networks,
    watch,
)
from fa_lib.laws import junction, junctions, layer_law, matrix_law, neuron_law
from fa_lib.linear_networks import (
    convergence_rate,
    end_to_end,
    excess_risk,
    final_readout_norm,
    minimum_norm,
    row_space_split,
)
from fa_lib.losses import (
    exponential_loss,
    hinge_loss,
    huber_loss,
    logistic_loss,
    softmax_cross_entropy,
    squared_error,
)
from fa_lib.models import BackwardPass, backward_pass
from fa_lib.network import forward, initial_state
from fa_lib.oracle import Audit, assert_feedback_alignment, audit
from fa_lib.rules import (
    direct_feedback_alignment,
    feedback_alignment,
    gradient_descent,
    kolen_pollack,
    pseudo_backpropagation,
    sign_symmetric,
    target_projection,
    weighted_sign,
    with_weight_decay,
)
from fa_lib.state import Activation, Loss, Rule, State
from fa_lib.wiring import wired

__all__ = [
    "Activation",
    "Audit",
    "BackwardPass",
    "Diverged",
    "Expansion",
    "Ledger",
    "LieClosure",
    "Loss",
    "Rule",
    "State",
    "angle",
    "assert_feedback_alignment",
    "audit",
    "backward_pass",
    "comparator",
    "comparator_prediction",
    "compress",
    "convergence_rate",
    "descend",
    "direct_feedback_alignment",
    "discrete_law",
    "end_to_end",
    "excess_risk",
    "exponential_loss",
    "feedback_alignment",
    "final_readout_norm",
    "flow",
    "forward",
    "full_batch",
    "gaussian_inputs",
    "gradient_descent",
    "hinge_loss",
    "huber_loss",
    "initial_state",
    "junction",
    "junctions",
    "kolen_pollack",
    "layer_law",
    "leaky_relu",
    "ledger",
    "lie_closure",
    "linear",
    "linear_teacher",
    "logistic_loss",
    "matrix_law",
    "minibatches",
    "minimum_norm",
    "neuron_alignment",
    "neuron_law",
    "one_hot",
    "pseudo_backpropagation",
    "readout_velocity",
    "relu",
    "relu_certificate",
    "row_space_split",
    "sign_symmetric",
    "signal_alignment",
    "softmax_cross_entropy",
    "squared_distance",
    "squared_error",
    "squared_relu",
    "tanh",
    "target_projection",
    "train",
    "update_alignment",
    "velocity",
    "virtual_networks",
    "watch",
    "weight_alignment",
    "weighted_sign",
    "wired",
    "with_weight_decay",
]
