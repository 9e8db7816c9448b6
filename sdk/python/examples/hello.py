"""Answers the payload kind `py-hello.greet`, and counts the greetings in its store."""

from shoal_plugin import Context, Plugin


class Hello(Plugin):
    name = "py-hello"
    version = "1.0.0"
    payload_kinds = ["py-hello.greet"]
    config = {
        "type": "object",
        "properties": {"greeting": {"type": "string", "default": "hello"}},
        "additionalProperties": False,
    }

    def start(self, ctx: Context) -> None:
        ctx.log.info("ready to greet", greeting=ctx.config["greeting"])

    def handle_payload(self, src: str, kind: str, body: bytes) -> bytes:
        key = f"greeted/{src}"
        count = int(self.ctx.store.get(key) or b"0") + 1
        self.ctx.store.set(key, str(count).encode())
        return f"{self.ctx.config['greeting']} {body.decode(errors='replace')}, for the {count}. time".encode()

    def on_peer_forgotten(self, peer: str) -> None:
        self.ctx.store.delete(f"greeted/{peer}")


if __name__ == "__main__":
    Hello().run()
