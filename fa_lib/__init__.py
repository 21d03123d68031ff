"""Feedback alignment and its conservation laws: states, rules, training, laws, alignment."""

from fa_lib.alignment import signal_alignment, weight_alignment
from fa_lib.data import gaussian_inputs, linear_teacher
from fa_lib.dynamics import Diverged, descend, flow, full_batch, minibatches, velocity
from fa_lib.laws import discrete_law, layer_law, matrix_law, neuron_law
from fa_lib.linear import end_to_end, minimum_norm, row_space_split
from fa_lib.network import (
    Activation,
    Loss,
    State,
    forward,
    initial_state,
    leaky_relu,
    linear,
    relu,
    softmax_cross_entropy,
    squared_error,
    squared_relu,
    tanh,
)
from fa_lib.rules import (
    Rule,
    direct_feedback_alignment,
    feedback_alignment,
    gradient_descent,
    kolen_pollack,
    pseudo_backpropagation,
    sign_symmetric,
    target_projection,
)

__all__ = [
    "Activation",
    "Diverged",
    "Loss",
    "Rule",
    "State",
    "descend",
    "direct_feedback_alignment",
    "discrete_law",
    "end_to_end",
    "feedback_alignment",
    "flow",
    "forward",
    "full_batch",
    "gaussian_inputs",
    "gradient_descent",
    "initial_state",
    "kolen_pollack",
    "layer_law",
    "leaky_relu",
    "linear",
    "linear_teacher",
    "matrix_law",
    "minibatches",
    "minimum_norm",
    "neuron_law",
    "pseudo_backpropagation",
    "relu",
    "row_space_split",
    "sign_symmetric",
    "signal_alignment",
    "softmax_cross_entropy",
    "squared_error",
    "squared_relu",
    "tanh",
    "target_projection",
    "velocity",
    "weight_alignment",
]
