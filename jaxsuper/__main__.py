"""`python -m jaxsuper`, the same as the command `jaxsuper`."""

import sys

from .cli import main


if __name__ == "__main__":
    sys.exit(main())
