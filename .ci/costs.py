"""Sums up the lines that the tests wrote about the cost of operations: where the estimate is off by more than ten times."""

import json
import sys

# Minimum cost, which pays for reading any request.
LEAST = 1_000
# Maximum number of documents that are printed of each kind.
SHOWN = 15


def ratio(line):
    return max(line["used"], LEAST) / max(line["estimate"], LEAST)


def show(name, lines):
    seen = set()
    for line in lines:
        if line["document"] in seen or len(seen) == SHOWN:
            continue
        seen.add(line["document"])
        print(
            f"{name}: {ratio(line):8.3f} x, estimate {line['estimate']}, used {line['used']} "
            f"(database {line['database']}, CPU {line['cpu']}): {line['document'][:160]}"
        )


lines = [json.loads(line) for line in open(sys.argv[1])]
more = sorted((line for line in lines if ratio(line) > 10), key=ratio, reverse=True)
less = sorted((line for line in lines if ratio(line) < 0.1), key=ratio)
print(f"{len(lines)} operations: {len(more)} used more than ten times their estimate, {len(less)} less than a tenth")
show("more", more)
show("less", less)
