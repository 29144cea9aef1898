"""Entry point of `python -m secrets_component`."""

import gc

from secrets_component.cli import main

gc.disable()  # a run is short and builds one large tree; collection would double its time
raise SystemExit(main())
