"""Studies: what is missing is run, and no more; a line that a kill left half-written is."""

import json
import subprocess
import sys

import pytest

import jobs
import study

TOY = '''
def jobs():
    return [{"seed": seed} for seed in (3, 1, 2)]

def run(seed):
    """Square a number."""
    return {"square": seed * seed}
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Return the record of a study that a test may run."""
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "studies/toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(study, "STUDIES", tmp_path / "studies")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "studies"]:
        monkeypatch.delitem(sys.modules, name)
    ran = []

    def here(words, missing, scheduler, workers):
        ran.extend(job["seed"] for job in missing)
        return [(job, jobs.run(words, job)) for job in reversed(missing)]

    monkeypatch.setattr(jobs, "distributed", here)
    return tmp_path / "studies/toy.jsonl", ran


def test_a_record_has_the_order_of_the_jobs(toy):
    file, ran = toy
    lines = study.complete("toy", None, 1)
    assert [line["result"]["square"] for line in lines] == [9, 1, 4]
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == lines
    assert ran == [3, 1, 2]


def test_only_what_is_missing_is_run(toy):
    file, ran = toy
    study.complete("toy", None, 1)
    whole = file.read_text(encoding="utf-8")
    first, second, _ = whole.splitlines(keepends=True)
    file.write_text(first + second[:20], encoding="utf-8")
    again = study.complete("toy", None, 1)
    assert ran == [3, 1, 2, 1, 2]
    assert [line["job"]["seed"] for line in again] == [3, 1, 2]
    assert study.complete("toy", None, 1) == again
    assert ran == [3, 1, 2, 1, 2]


def test_a_study_that_is_none_is_refused():
    command = [sys.executable, str(jobs.ROOT / "tools/study.py"), "none"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert "invalid choice: 'none'" in done.stderr
