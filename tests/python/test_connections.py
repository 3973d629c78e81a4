"""Connections: their URI and JSON forms."""
import unittest

from test_names import run


class Connections(unittest.TestCase):
    def test_forms(self):
        said = run(
            "from airflow.sdk import Connection\n"
            "for uri in ('postgres://u:p%40s@h:5432/db?a=1&b=x%20y', 'aws://?region=eu', 'my-type://h',\n"
            "            'smtp://u:p@h:25/?__extra__=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D'):\n"
            "    c = Connection.from_uri(uri, conn_id='x')\n"
            "    print(c.get_uri(), c.as_json())\n"
            "c = Connection.from_json('{\"conn_type\": \"my-type\", \"port\": \"12\", \"password\": \"secret\", \"extra\": {\"a\": 1}}', 'z')\n"
            "print(c.conn_type, c.port, c.extra, c.to_dict()['extra'])\n"
            "print(c)").splitlines()
        self.assertEqual(said[0], 'postgres://u:p%40s@h:5432/db?a=1&b=x+y {"conn_type": "postgres", "host": "h", "login": "u", '
                                  '"password": "p@s", "schema": "db", "port": 5432, "extra": {"a": "1", "b": "x y"}}')
        self.assertEqual(said[1], 'aws:///?region=eu {"conn_type": "aws", "host": "", "schema": "", "extra": {"region": "eu"}}')
        self.assertEqual(said[2], 'my-type://h {"conn_type": "my_type", "host": "h", "schema": ""}')
        self.assertIn('"extra": {"a": {"b": 1}}', said[3])
        self.assertEqual(said[4], 'my_type 12 {"a": 1} {\'a\': 1}')
        # the password stays out of logs whether or not it is masked there
        self.assertIn("password='***'", said[5])


if __name__ == "__main__":
    unittest.main()
