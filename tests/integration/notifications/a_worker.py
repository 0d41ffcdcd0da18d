"""One sending process of its own, which a test may kill: `python -m tests.integration.notifications.a_worker FOLDER`."""

import os
import sys
from pathlib import Path

from tests.integration.notifications.office import an_office

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "pid").write_text(str(os.getpid()))
    settings = {name: value for name, value in os.environ.items() if name.startswith("PARCOURS_")}
    url = settings.pop("PARCOURS_NOTIFICATIONS_DATABASE_URL", None)
    with an_office(folder, url, **settings) as office:
        office.run()
