"""``python -m shizi`` is the command ``shizi``."""

import sys

from shizi.cli import main

if __name__ == "__main__":
    sys.exit(main())
