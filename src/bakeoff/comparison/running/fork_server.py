"""What a fork server loads first: it ends with the process that started it, whatever ended that one.

The kernel sees to it, at once. By itself a fork server waits for its pipe to close, and then takes seconds to leave
torch; and trials, which end with their fork server, would go on for as long.
"""

from __future__ import annotations

import signal
import sys

from bakeoff.config.processes import die_with_parent

if any("multiprocessing.forkserver" in word for word in sys.orig_argv):  # no other process means this by an import
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C during the imports is the bakeoff's to handle too
