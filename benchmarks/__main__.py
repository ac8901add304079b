"""`make bench`: every benchmark, one after another, as ratios from one run."""

import sys

from benchmarks import clocks, lint, matching, whole_path

for benchmark in (matching, lint, whole_path, clocks):
    benchmark.main(sys.argv[1:])
    print()
