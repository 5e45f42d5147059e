"""`python -m corridor.cli` is the command `corridor`."""

import sys

from corridor.cli.main import main

sys.exit(main())
