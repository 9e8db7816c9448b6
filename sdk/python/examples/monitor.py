"""Counts the frames of one stream, and shows the count at GET /py-monitor/count."""

import threading

from shoal_plugin import Context, Plugin, ShoalError


class Monitor(Plugin):
    name = "py-monitor"
    version = "1.0.0"
    config = {"type": "object", "properties": {"path": {"type": "string", "default": "live/cam"}}, "additionalProperties": False}
    frames = 0
    size = 0

    def start(self, ctx: Context) -> None:
        threading.Thread(target=self.watch, args=(ctx,), daemon=True).start()

    def watch(self, ctx: Context) -> None:
        while not ctx.stopping.wait(0.2):
            try:
                with ctx.subscribe(ctx.config["path"], wait=10) as subscription:
                    for batch in subscription:
                        self.frames += len(batch)
                        self.size += sum(len(frame.data) for frame in batch)
            except ShoalError as error:
                ctx.log.debug("no stream", code=error.code)


monitor = Monitor()


@monitor.route("GET", "/count", summary="Frames and bytes seen so far.")
def count(request: "dict[str, object]") -> "dict[str, int]":
    return {"frames": monitor.frames, "bytes": monitor.size}


if __name__ == "__main__":
    monitor.run()
