"""Entry point of `python -m secrets_component`."""

from secrets_component.cli import main

raise SystemExit(main())
