"""withstand from a checkout: `python main.py --help` says what it can do."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))

from withstand.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
