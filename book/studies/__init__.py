"""What takes longer than a page may: jobs, their results, and the records of one run each.

`tools/study.py` runs them; a page reads a record with `read`.
"""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def read(name: str) -> list[dict[str, Any]]:
    """Return the lines of a record: job, result, seconds, machine."""
    text = (HERE / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
