#!/usr/bin/env python3
"""The order of lib/ and tools/: a unit is a .c file with its header; an arrow is a direct #include "...".

Prints a line per fault and exits 1 for any: a circle of units, an include against the order of modules, a .c file without
an opening comment."""
import pathlib
import re
import sys

# a module may include those of earlier lines, and itself; modules of one line do not include each other
ORDER = ["base", "npys model table pnm", "tensor image conv stats", "net fit se2", "kernel", "field indices", "models"]
APART = {("models", "indices")}
LEVEL = {module: level for level, line in enumerate(ORDER) for module in line.split()}

faults = []
arrows = {}
root = pathlib.Path(sys.argv[1])
for path in sorted(root.glob("lib/*/*.[ch]")):
    module, unit = path.parent.name, f"{path.parent.name}/{path.stem}"
    text = path.read_text()
    if path.suffix == ".c" and not text.startswith("/*"):
        faults.append(f"{path.relative_to(root)}: no opening comment")
    for header in re.findall(r'^#include "([^"]+)"', text, re.M):
        other = header.split("/")[0]
        if header[:-2] != unit:
            arrows.setdefault(unit, set()).add(header[:-2])
        if module not in LEVEL:
            faults.append(f"{unit}: a module that tests/structure.py does not know")
        elif other != module and (LEVEL[other] >= LEVEL[module] or (module, other) in APART):
            faults.append(f"{unit} includes {header}: {module} may not know {other}")
for path in sorted(root.glob("tools/**/*.c")):
    if not path.read_text().startswith("/*"):
        faults.append(f"{path.relative_to(root)}: no opening comment")


def reaches(start, goal, seen):
    """The units from start to goal along arrows, None where there is no way."""
    for unit in sorted(arrows.get(start, ())):
        if unit == goal:
            return [start, goal]
        if unit not in seen:
            seen.add(unit)
            rest = reaches(unit, goal, seen)
            if rest:
                return [start] + rest
    return None


told = set()
for unit in sorted(arrows):
    way = reaches(unit, unit, set())
    if way and not told & set(way):
        told |= set(way)
        faults.append("circle of units: " + " -> ".join(way))

for fault in faults:
    print(fault)
sys.exit(bool(faults))
