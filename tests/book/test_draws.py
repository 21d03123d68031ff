"""Drawing parameters: always the same, within their ranges, and carried by a command."""

import shlex

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from draws import command, declared_ranges, draw

RANGES = {
    "seed": (0, 9999),
    "step": (1e-5, 1e-2),
    "widths": [[(3, 6), 8, (1, 2)], [4, 4, 1]],
    "size": [10, 20],
}
numbers, seeds = st.integers(0, 10**6), st.integers(0, 10**9)


def page(ranges, parameters="seed = 0\nstep = 0.1\nwidths = [1]\nsize = 3"):
    cells = [(parameters, "parameters"), (ranges, "ranges")]
    return new_notebook(cells=[new_code_cell(s, metadata={"tags": [tag]}) for s, tag in cells])


@given(numbers, seeds)
def test_draw_keeps_to_its_ranges_and_is_the_same_again(number, seed):
    drawn = draw(RANGES, "page", number, seed)
    assert drawn == draw(RANGES, "page", number, seed)
    assert type(drawn["seed"]) is int
    assert 0 <= drawn["seed"] <= 9999
    assert 1e-5 <= drawn["step"] <= 1e-2
    assert drawn["size"] in (10, 20)
    first, second, third = drawn["widths"]
    assert (second, first in range(3, 7), third in (1, 2)) == (8, True, True) or (
        [first, second, third] == [4, 4, 1]
    )


def test_draws_differ_by_page_number_and_seed_and_reach_the_ends():
    drawn = [draw(RANGES, p, n, s) for p in ("a", "b") for n in range(5) for s in range(5)]
    assert len({str(each) for each in drawn}) == len(drawn)
    sizes = {draw({"n": (1, 3)}, "p", number, 0)["n"] for number in range(50)}
    assert sizes == {1, 2, 3}


@given(numbers)
def test_command_carries_the_parameters_through_shell_and_yaml(number):
    drawn = draw(RANGES, "page", number, 0)
    *words, text = shlex.split(command("bin/papermill", "book/page.ipynb", "out.ipynb", drawn))
    assert words[:4] == ["OMP_NUM_THREADS=1", "bin/papermill", "book/page.ipynb", "out.ipynb"]
    assert yaml.safe_load(text) == drawn


def test_ranges_are_read_from_their_cell():
    assert declared_ranges(page("# all\nranges = {'seed': (0, 9)}")) == {"seed": (0, 9)}
    assert declared_ranges(new_notebook()) == {}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("ranges = {'samples': (1, 2)}", "no such parameters"),
        ("ranges = {'seed': range(9)}", "malformed"),
        ("other = {'seed': (0, 9)}", "expected one assignment"),
        ("ranges = {}\nranges['seed'] = (0, 9)", "expected one assignment"),
    ],
)
def test_cell_that_is_no_literal_dictionary_of_parameters_is_refused(cell, message):
    with pytest.raises(ValueError, match=message):
        declared_ranges(page(cell))
