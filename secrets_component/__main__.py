"""Entry point of `python -m secrets_component`."""

import gc

from secrets_component.cli import main

gc.disable()  # a run is short and builds one large tree: collecting it would double the time
raise SystemExit(main())
