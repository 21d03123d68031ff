import torch
from torch_training import make_model

import fa_lib as fa


def test_one_backward_pass():
    torch.manual_seed(0)
    model, loss = make_model(), torch.nn.CrossEntropyLoss()
    x, labels = torch.randn(8, 20), torch.randperm(10)[:8]
    loss(model(x), labels).backward()
    fa.assert_feedback_alignment(*fa.backward_pass(model, "feedback"))
