"""Feedback alignment in PyTorch: each layer holds its feedback."""

import torch


class Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, feedback):
        ctx.save_for_backward(x, feedback)
        return x @ weight.T + bias

    @staticmethod
    def backward(ctx, error):
        x, feedback = ctx.saved_tensors
        return error @ feedback, error.T @ x, error.sum(0), None


class Linear(torch.nn.Linear):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        feedback = torch.randn(outputs, inputs) / inputs**0.5
        self.register_buffer("feedback", feedback)

    def forward(self, x):
        return Through.apply(x, self.weight, self.bias, self.feedback)


def make_model():
    return torch.nn.Sequential(
        Linear(20, 16),
        torch.nn.ReLU(),
        Linear(16, 16),
        torch.nn.ReLU(),
        Linear(16, 10),
    )
