"""`python -m jaxsuper`, the same as the command `jaxsuper`."""

import sys


if __name__ == "__main__":
    try:
        from .cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(main())
