"""`python -m hivecheck.cli` is the `hivecheck` command."""

import sys

from hivecheck.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
