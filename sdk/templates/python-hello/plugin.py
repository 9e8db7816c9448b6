"""Answers payloads of the kind ``my-plugin.greet``: ``shoal send NODE my-plugin.greet Ada --reply``."""

from shoal_plugin import Context, Plugin


class Hello(Plugin):
    name = "my-plugin"
    payload_kinds = ["my-plugin.greet"]
    config = {"type": "object", "properties": {"greeting": {"type": "string", "default": "hello"}}, "additionalProperties": False}

    def start(self, ctx: Context) -> None:
        self.greeting = ctx.config["greeting"]
        ctx.log.info("ready to greet", greeting=self.greeting)

    def handle_payload(self, src: str, kind: str, body: bytes) -> bytes:
        # what it returns is the reply; what it raises reaches the sender as an error
        return f"{self.greeting} {body.decode() or src}".encode()


if __name__ == "__main__":
    Hello().run()
