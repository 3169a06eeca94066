"""`python tests/chaos --help`: see `chaos_drill`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))

from chaos_drill import main

if __name__ == "__main__":
    sys.exit(main())
