"""Count and list what the test runs skipped, by reason; fail for a skip that pip could have prevented."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

# What pytest and its importorskip say of a package that is not there.
MISSING = re.compile(r"not installed|could not import|No module named|install (one|it)|needs pip", re.IGNORECASE)

faults = 0
for log in map(Path, sys.argv[1:]):
    reasons: Counter[str] = Counter()
    for count, reason in re.findall(r"SKIPPED \[(\d+)\] \S+: (.*)", log.read_text(encoding="utf-8", errors="replace")):
        reasons[reason] += int(count)
    print(f"{log.name}: {reasons.total()} skipped")
    for reason, count in reasons.most_common():
        fault = bool(MISSING.search(reason))
        faults += fault
        print(f"  {count:4d}  {reason}{'   <- pip could install this: add it to the extra dev' if fault else ''}")
sys.exit(f"{faults} reason(s) are faults of the environment" if faults else 0)
