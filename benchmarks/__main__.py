"""`make bench`: every benchmark, one after another, as ratios from one run."""

import sys

from benchmarks import clocks, lint, matching, road

for benchmark in (matching, lint, road, clocks):
    benchmark.main(sys.argv[1:])
    print()
