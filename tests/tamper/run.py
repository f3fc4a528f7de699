#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes a journal in every way known and compares the verifier's answer with the one it must give.

Usage: run.py FOLDER   (holds journal_driver and faulty_io.so)
"""
import sys

import attacks
import lives
from lab import Lab


def main():
    lab = Lab(sys.argv[1])
    failed = 0
    for name, attack in attacks.ATTACKS + lives.LIVES:
        try:
            with lab.case():
                attack(lab)
            print(f"ok    {name}")
        except AssertionError as error:
            failed += 1
            print(f"FAIL  {name}: {error}")
    lab.close()
    print(f"{len(attacks.ATTACKS) + len(lives.LIVES) - failed} told apart, {failed} not")
    return 1 if failed else 0


sys.exit(main())
