"""How the tests draw their random problems: the same ones in every run."""

from collections import Counter

from hypothesis import Phase, settings

settings.register_profile("book", deadline=None, derandomize=True, database=None, max_examples=30)
# For test_faults: a planted fault need only be found, not made small.
settings.register_profile("find", settings.get_profile("book"), phases=[Phase.generate])
settings.load_profile("book")


def pytest_configure(config):
    """Random ensembles may look like kernels; that the library says so has a test of its own."""
    config.addinivalue_line("filterwarnings", "ignore:weights of shape:UserWarning")


def pytest_terminal_summary(terminalreporter):
    """Say how much the tests counted in all, e.g. formulas, which each page has some of."""
    counts = Counter()
    for report in terminalreporter.getreports("passed"):
        counts.update(dict(report.user_properties))
    for what, count in counts.items():
        terminalreporter.write_line(f"{what}: {count}")
