"""Makes test streams: `pytest://WHAT?rate=25&size=1000&frames=0&group=1` is text, or so many bytes, so many times a second, with a key frame in so many."""

import time
from urllib.parse import parse_qs, urlsplit

from shoal_plugin import Job, Plugin, ShoalError, Track

plugin = Plugin("py-puller", version="1.0.0")


@plugin.puller("pytest")
def pull(job: Job) -> None:
    url = urlsplit(job.url)
    if url.hostname == "dead":
        raise ShoalError("ERR_SOURCE_FAILED", "There is nothing.")
    number = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
    rate, size, frames = number.get("rate", 25), number.get("size", 0), number.get("frames", 0)
    group = number.get("group", 1)
    began = time.monotonic()
    count = 0
    with job.publish([Track(1, "data", "text")]) as publication:
        while not frames or count < frames:
            data = bytes(size) if size else f"{url.hostname} {count}".encode()
            # in its turn, or because a reader cannot go on without one
            key = count % group == 0 or publication.key_wanted()
            if not publication.write(data, timestamp=count * 1_000_000 // (rate or 1000), key=key):
                return
            count += 1
            # rate 0: as fast as the daemon takes it
            if rate and job.wait(max(0.0, began + count / rate - time.monotonic())):
                return


if __name__ == "__main__":
    plugin.run()
