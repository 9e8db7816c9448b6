import unittest
from unittest.mock import Mock

from plugin import Hello


class HelloTest(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Hello()
        self.ctx = Mock(config={"greeting": "moin"})
        self.plugin.start(self.ctx)

    def test_says_that_it_is_ready(self) -> None:
        self.ctx.log.info.assert_called_once_with("ready to greet", greeting="moin")

    def test_greets(self) -> None:
        self.assertEqual(self.plugin.handle_payload("12D3KooWAda", "my-plugin.greet", b"Ada"), b"moin Ada")
        self.assertEqual(self.plugin.handle_payload("12D3KooWAda", "my-plugin.greet", b""), b"moin 12D3KooWAda")


if __name__ == "__main__":
    unittest.main()
