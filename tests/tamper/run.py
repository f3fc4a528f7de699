#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes a journal in every way known and compares the verifier's answer with the one it must give.

Usage: run.py FOLDER [WORD]   (FOLDER holds journal_driver and faulty_io.so; WORD: only cases whose name has it)
"""
import sys

import append_only
import attacks
import lives
import pruned
import sizes
from lab import Lab


def main():
    lab = Lab(sys.argv[1])
    cases = [(lab.pristine, *case) for case in attacks.ATTACKS + sizes.SIZES + lives.LIVES + append_only.APPEND_ONLY]
    cases += [(lab.pruned, *case) for case in pruned.PRUNED]
    cases = [case for case in cases if len(sys.argv) < 3 or sys.argv[2] in case[1]]
    failed = 0
    for pristine, name, attack in cases:
        try:
            with lab.case(pristine):
                attack(lab)
            print(f"ok    {name}")
        except AssertionError as error:
            failed += 1
            print(f"FAIL  {name}: {error}")
    lab.close()
    print(f"{len(cases) - failed} told apart, {failed} not")
    return 1 if failed else 0


sys.exit(main())
