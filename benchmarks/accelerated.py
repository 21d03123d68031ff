"""Measure the same steps on an accelerator that PyTorch can use, larger ones, and the laws there.

    python benchmarks/accelerated.py [RECORD.json]

The ratios are to the bare products there. One way stays on the processor, with one thread, so that
the table tells from which size on the accelerator is worth its launches.
"""

import json

import ways
from precision import precision
from run import SETTINGS, TOGETHER, Setting, compare, machine, write

# The size of CIFAR's images, and an ensemble 64 times as large.
LARGE = (
    Setting("images", (3072, 1024, 10), 256, "float32"),
    Setting("images", (3072, 1024, 10), 256, "float64"),
    Setting("large ensemble", (10, 20, 2), 16, "float64", (16384,)),
    Setting("large ensemble", (10, 20, 2), 16, "float32", (16384,)),
)


def main() -> None:
    """Measure all, or say that there is no accelerator and leave its record as it is."""
    there = ways.on_accelerator()
    if not there:
        print("PyTorch finds no accelerator here; the record of one stays as it is")
        return
    described = machine() | {"accelerator": ways.accelerator()}
    print(json.dumps(described, indent=1))
    rows = [row for s in SETTINGS + LARGE for row in compare(s, there, "PyTorch products")]
    write(
        {
            "machine": described,
            "together": TOGETHER,
            "steps": rows,
            "precision": precision(),
        }
    )


if __name__ == "__main__":
    main()
