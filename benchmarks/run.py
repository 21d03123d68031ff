"""Measure `fa_lib` beside what would be used instead, in one run, and print the table.

    python benchmarks/run.py [RECORD.json]

A ratio compares two timings that follow each other within a second; the table gives the median of
the ratios, and their range, since a shared machine has fast minutes and slow ones. Rows are
skipped, and said to be, where PyTorch or JAX is not installed. `accelerated` does the same on an
accelerator.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy, and so the same for everyone

import numpy as np

import fa_lib
import rivals
import ways
from compressed import compressed
from promises import promises

Call = Callable[[], object]
Row = dict[str, Any]  # of the record

REPEATS = 9
STEPS = 100  # where the cost grows along an axis
SECONDS = 0.01  # of one repeat, at least
PART = 20  # of the steps of an accelerator that the processor beside it takes
TOGETHER = {"step": 5e-5, "steps": 10}  # where the ends of all ways are compared


class Setting(NamedTuple):
    """A network of two layers, its data, and the dtype."""

    name: str
    widths: tuple[int, int, int]
    samples: int
    dtype: str
    ensemble: tuple[int, ...] = ()


class Problem(NamedTuple):
    """What a training starts from."""

    W_1: np.ndarray
    W_2: np.ndarray
    B: np.ndarray
    x: np.ndarray
    y: np.ndarray


SETTINGS = (
    Setting("small", (50, 100, 1), 20, "float64"),
    Setting("small", (50, 100, 1), 20, "float32"),
    Setting("digits", (784, 512, 10), 128, "float32"),
    Setting("digits", (784, 512, 10), 128, "float64"),
    Setting("ensemble", (10, 20, 2), 16, "float64", (256,)),
    Setting("ensemble", (10, 20, 2), 16, "float32", (256,)),
)
BASE = Setting("base", (50, 100, 1), 20, "float64")
GROWTH = {
    "input width": [BASE._replace(widths=(n, 100, 1)) for n in (50, 200, 800, 3200)],
    "hidden width": [BASE._replace(widths=(50, n, 1)) for n in (25, 100, 400, 1600)],
    "batch": [BASE._replace(samples=n) for n in (5, 20, 80, 320)],
    "ensemble": [BASE._replace(widths=(10, 20, 2), ensemble=(n,)) for n in (1, 16, 256, 4096)],
}


def problem(setting: Setting) -> Problem:
    rng = np.random.default_rng(0)
    (W_1, W_2), (B,) = fa_lib.initial_state(setting.widths, rng=rng, ensemble=setting.ensemble)
    shape = (*setting.ensemble, setting.samples)
    x = rng.standard_normal((*shape, setting.widths[0]))
    y = rng.standard_normal((*shape, setting.widths[-1]))
    return Problem(*(array.astype(setting.dtype) for array in (W_1, W_2, B, x, y)))


def timed(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def interleaved(calls: Mapping[str, Call]) -> dict[str, list[float]]:
    """Time every call, one after the other, ``REPEATS`` times; once before, for compilers."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS):
        for name, call in calls.items():
            times[name].append(timed(call))
    return times


def ratio(times: dict[str, list[float]], name: str, beside: str) -> list[float]:
    """Return the least, the median and the largest ratio of timings that were taken together."""
    ratios = sorted(np.divide(times[name], times[beside]).tolist())
    return [float(f"{r:.3g}") for r in (ratios[0], ratios[len(ratios) // 2], ratios[-1])]


def steps_for(train: Callable[[float, int], object]) -> int:
    once = min(timed(partial(train, 1e-6, 20)) for _ in range(3)) / 20
    return max(4, round(SECONDS / once))


def ends(
    calls: Mapping[str, Callable[[], rivals.Weights]], start: Sequence[np.ndarray]
) -> dict[str, dict[str, float]]:
    """Return how far each way moves the weights, and how far from `fa_lib`, over the largest one.

    The bare products are left out: they move nothing.
    """
    train = {name: call for name, call in calls.items() if "products" not in name}
    reached = {name: [ways.on_host(W) for W in call()] for name, call in train.items()}
    here = reached.get("fa_lib") or reached[ways.HERE]
    size = max(abs(W).max() for W in start)

    def apart(some: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
        pairs = zip(some, others, strict=True)
        return float(f"{max(abs(W - V).max() for W, V in pairs) / size:.3g}")

    return {
        name: {"movement": apart(end, start), "difference": apart(end, here)}
        for name, end in reached.items()
    }


def compare(setting: Setting, available: dict[str, ways.Way], base: str) -> list[Row]:
    """Measure the available ways in one setting; return a row for each."""
    arrays, available, beside = problem(setting), dict(available), dict(ways.BESIDE)
    if setting.ensemble and "fa_lib" in available:
        available.pop("BioTorch layers", None)
        available["fa_lib, one by one"] = (rivals.one_by_one, np.asarray)
        beside["fa_lib, one by one"] = "fa_lib"
    ready = {name: partial(way, *map(there, arrays)) for name, (way, there) in available.items()}
    together = {name: partial(way, *TOGETHER.values()) for name, way in ready.items()}
    reached = ends(together, arrays[:2])
    times = times_of_a_step(ready, base)
    rows = []
    for name in times:
        row: Row = {"setting": setting._asdict(), "way": name, "ratio": ratio(times, name, base)}
        row |= reached.get(name, {})
        if other := beside.get(name):
            row |= {"beside": other, "ratio beside": ratio(times, name, other)}
        rows.append(row)
        show(row)
    return rows


def times_of_a_step(
    ready: Mapping[str, Callable[[float, int], object]], base: str
) -> dict[str, list[float]]:
    """Time every way for as many steps as the base needs time; the slow one for fewer."""
    steps = steps_for(ready[base])
    counts = {name: max(1, steps // PART) if name == ways.HERE else steps for name in ready}
    times = interleaved({name: partial(way, 1e-6, counts[name]) for name, way in ready.items()})
    return {name: [each / counts[name] for each in taken] for name, taken in times.items()}


def show(row: Row) -> None:
    low, middle, high = row["ratio"]
    name = f"{row['setting']['name']} {row['setting']['dtype']}"
    line = f"{name:18} {row['way']:32} {middle:8.2f}  ({low:.2f} to {high:.2f})"
    if "beside" in row:
        line += f"   {row['ratio beside'][1]:.2f} of {row['beside']}"
    print(line, flush=True)


def promised() -> list[Row]:
    """Measure what the library adds to the work itself, and say what was allowed."""
    rows = []
    settings = {setting.name: setting for setting in reversed(SETTINGS[:3])}
    for each in promises(*(problem(settings[name]) for name in ("small", "digits"))):
        times = interleaved({"ours": each.ours, "bare": each.bare})
        row: Row = {"what": each.what, "setting": each.setting, "target": each.target}
        rows.append(row | {"ratio": ratio(times, "ours", "bare")})
        low, middle, high = rows[-1]["ratio"]
        print(f"{each.what:64} {middle:6.2f}  ({low:.2f} to {high:.2f}), target {each.target}")
    return rows


def growth() -> dict[str, list[Row]]:
    """Measure how the cost of `fa_lib` grows along each axis, and with depth."""
    result = {}
    for axis, settings in GROWTH.items():
        calls: dict[str, Call] = {}
        for setting in settings:  # the setup of a run is counted, and small beside so many steps
            arrays = problem(setting)
            calls[str(setting)] = partial(rivals.library, *arrays, 1e-6, STEPS)
        times = interleaved(calls)
        sizes = [_size(axis, setting) for setting in settings]
        result[axis] = _relative(sizes, times)
    result["depth"] = _depths()
    for axis, points in result.items():
        print(f"{axis:18} " + ", ".join(f"{p['size']}: {p['cost']:.2f}" for p in points))
    return result


def _size(axis: str, setting: Setting) -> int:
    return {
        "input width": setting.widths[0],
        "hidden width": setting.widths[1],
        "batch": setting.samples,
        "ensemble": (*setting.ensemble, 0)[0],
    }[axis]


def _relative(sizes: list[int], times: dict[str, list[float]]) -> list[Row]:
    """Compare the least times: another process can only add to a time."""
    least = [min(times[name]) for name in times]
    pairs = zip(sizes, least, strict=True)
    return [{"size": size, "cost": float(f"{each / least[0]:.3g}")} for size, each in pairs]


def _depths() -> list[Row]:
    calls: dict[str, Call] = {}
    sizes = [2, 4, 8, 16]
    for depth in sizes:
        rng = np.random.default_rng(0)
        state = fa_lib.initial_state((50,) * (depth + 1), rng=rng)
        x, y = rng.standard_normal((2, 20, 50))

        def train(
            state: fa_lib.State = state, x: np.ndarray = x, y: np.ndarray = y
        ) -> fa_lib.State:
            run = fa_lib.descend(state, fa_lib.full_batch(x, y), step=1e-6)
            return next(islice(run, STEPS, None))

        calls[str(depth)] = train
    return _relative(sizes, interleaved(calls))


def packages() -> dict[str, str]:
    found = {}
    for name in ("numpy", "torch", "biotorch", "jax"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine() -> dict[str, object]:
    """Describe the machine, without its name and without the date."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.machine(),
        "cores": os.cpu_count(),
        "threads used": os.environ["OMP_NUM_THREADS"],
        # Other processes' load: above the cores less one, they disturb.
        "load before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else "unknown",
        "Python": platform.python_version(),
        "packages": packages(),
    }


def main() -> None:
    """Measure all on one processor."""
    if hasattr(os, "sched_setaffinity"):  # JAX heeds no variable, and takes all that it may
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    record: Row = {"machine": machine(), "together": TOGETHER}
    print(json.dumps(record["machine"], indent=1))
    here = ways.on_processor()
    record["steps"] = [row for s in SETTINGS for row in compare(s, here, "bare products")]
    record["promises"] = promised()
    record["growth"] = growth()
    record["compress"] = compressed()
    write(record)


def write(record: Row) -> None:
    """Write the record to where the command says, if it does."""
    for path in sys.argv[1:]:
        Path(path).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
