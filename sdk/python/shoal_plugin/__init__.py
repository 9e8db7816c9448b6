"""Write Shoal plugins in Python: a :class:`Plugin`, its handlers, and ``plugin.run()``."""

from .context import Context, Job, Log, Payloads, Store
from .errors import ShoalError
from .plugin import Plugin
from .streams import Frame, Publication, Subscription, Track

__all__ = ["Context", "Frame", "Job", "Log", "Payloads", "Plugin", "Publication", "ShoalError", "Store", "Subscription", "Track"]
__version__ = "0.1.0"
