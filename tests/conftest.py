"""How the tests draw their random problems: the same ones in every run."""

import matplotlib as mpl
from hypothesis import Phase, settings

mpl.use("Agg")

settings.register_profile("book", deadline=None, derandomize=True, database=None, max_examples=30)
# For test_faults: a planted fault need only be found, not made small.
settings.register_profile("find", settings.get_profile("book"), phases=[Phase.generate])
settings.load_profile("book")
