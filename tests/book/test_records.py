"""Records of claims and benchmarks: read, worded and tabled, without losing or adding a figure."""

import json

import pytest

import records

MACHINE = {
    "processor": "P",
    "cores": 2,
    "threads used": "1",
    "Python": "3.12",
    "packages": {"numpy": "2.4", "jax": "0.10"},
}
STEPS = [
    {"setting": {"name": "small", "dtype": "float64"}, "way": "ours", "ratio": [1.0, 1.5, 2.0]},
    {"setting": {"name": "large", "dtype": "float64"}, "way": "ours", "ratio": [9.0, 100.0, 200.0]},
    {"setting": {"name": "small", "dtype": "float64"}, "way": "theirs", "ratio": [1, 2.3456, 3]},
    {"setting": {"name": "small", "dtype": "float32"}, "way": "ours", "ratio": [7, 7, 7]},
]


@pytest.mark.parametrize("name", ["record", "accelerator"])
def test_the_records_of_the_repository_are_read_and_worded(name):
    record = records.read(name)
    assert records.by_way(record["steps"])
    assert record["machine"]["processor"] in records.origin(record["machine"])


def test_origin_names_machine_and_versions():
    said = records.origin(MACHINE)
    assert (
        said == "*One recorded run:* P, 2 cores, 1 thread used; Python 3.12, numpy 2.4, jax 0.10."
    )
    said = records.origin({**MACHINE, "accelerator": "A"})
    assert said.startswith("*One recorded run:* A; beside it P, 2 cores")


def test_rows_are_found_by_setting_dtype_and_way():
    rows = records.by_way(STEPS)
    assert rows["small", "float64", "theirs"]["ratio"] == [1, 2.3456, 3]
    assert len(rows) == len(STEPS)


def test_medians_have_three_digits_and_say_where_there_is_no_such_way():
    table = records.medians(records.by_way(STEPS), "float64", ["small", "large"])
    assert table == [["ours", "1.50", "100"], ["theirs", "2.35", "no such way"]]


@pytest.mark.parametrize(
    ("value", "sense", "met"),
    [
        (1, "at most", True),
        (1.1, "at most", False),
        (1, "at least", True),
        (0.9, "at least", False),
    ],
)
def test_a_target_is_met_at_its_bound_and_missed_beyond(value, sense, met):
    assert records.verdict(value, sense, 1) == ("met" if met else "**missed**")


@pytest.mark.parametrize(
    ("value", "text"), [(2.6e-8, r"$3 \cdot 10^{-8}$"), (9.9e4, r"$1 \cdot 10^{5}$")]
)
def test_power_has_one_digit(value, text):
    assert records.power(value) == text


def test_claims_reads_records_back_in_order(tmp_path):
    outputs = [{"metadata": {"claim": {"name": name}}} for name in "ab"]
    cells = [{"outputs": outputs[:1]}, {}, {"outputs": [{}, outputs[1]]}]
    (tmp_path / "page.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert [claim["name"] for claim in records.claims(tmp_path / "page.ipynb")] == ["a", "b"]
