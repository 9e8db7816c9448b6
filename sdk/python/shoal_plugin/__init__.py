"""Write Shoal plugins in Python: a :class:`Plugin`, its handlers, and ``plugin.run()``."""

from .context import Context, Job, Log, Payloads, Store
from .daemon_services import EventStream, HeldLock
from .errors import ShoalError
from .plugin import Plugin
from .streams import Frame, Publication, Subscription, Track
from .tasks import Task

__all__ = [
    "Context",
    "EventStream",
    "Frame",
    "HeldLock",
    "Job",
    "Log",
    "Payloads",
    "Plugin",
    "Publication",
    "ShoalError",
    "Store",
    "Subscription",
    "Task",
    "Track",
]
__version__ = "0.1.0"
