"""Makes streams of ``my-plugin://`` URLs: ``shoal pull my-plugin://clock/lab/clock?rate=25``."""

from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

from shoal_plugin import Job, Plugin, ShoalError, Track

plugin = Plugin("my-plugin")


@plugin.puller("my-plugin")
def pull(job: Job) -> None:
    """Lasts as long as the pull: return when the source ended, raise to be tried again later, stop when ``stopping`` is set."""
    url = urlsplit(job.url)
    query = parse_qs(url.query)
    rate, frames = int(query.get("rate", ["25"])[0]), int(query.get("frames", ["0"])[0])
    if url.hostname != "clock":
        raise ShoalError("ERR_SOURCE_FAILED", f"There is no source called {url.hostname}.")
    with job.publish([Track(1, "data", "text")]) as publication:
        count = 0
        while not frames or count < frames:
            data = datetime.now(timezone.utc).isoformat().encode()
            publication.write(data, timestamp=count * 1_000_000 // rate)
            count += 1
            if job.wait(1 / rate):
                return


if __name__ == "__main__":
    plugin.run()
