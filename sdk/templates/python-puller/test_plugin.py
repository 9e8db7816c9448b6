import unittest
from unittest.mock import MagicMock

from plugin import pull
from shoal_plugin import ShoalError


def job_of(url: str) -> MagicMock:
    job = MagicMock(url=url)
    job.wait.return_value = False
    return job


class PullTest(unittest.TestCase):
    def test_makes_frames_until_the_source_ends(self) -> None:
        job = job_of("my-plugin://clock/lab/clock?rate=100&frames=3")
        pull(job)
        publication = job.publish.return_value.__enter__.return_value
        self.assertEqual([call.kwargs["timestamp"] for call in publication.write.call_args_list], [0, 10_000, 20_000])

    def test_stops_when_it_shall(self) -> None:
        job = job_of("my-plugin://clock/lab/clock")
        job.wait.return_value = True
        pull(job)
        job.wait.assert_called_once()

    def test_a_source_that_is_not_there_is_an_error(self) -> None:
        with self.assertRaises(ShoalError):
            pull(job_of("my-plugin://nothing/lab/clock"))


if __name__ == "__main__":
    unittest.main()
