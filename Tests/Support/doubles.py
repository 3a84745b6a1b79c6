"""Starts the servers the tests talk to, and reads back what reached them.

A plain module, so that the tests of this folder and the end-to-end tests share it; conftest.py
only wraps it as fixtures. Every server listens on 127.0.0.1 alone. A server is ready when it
says so: nothing here sleeps and hopes.
"""

import base64
import collections
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

SUPPORT = Path(__file__).resolve().parent
REGION = "eu-central-1"
STREAM = "pulse"
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
START_SECONDS_MAX = 60


class Server:
    """A child process whose output is drained by threads, so that it can never block on it."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, **(environment or {})})
        self.log = collections.deque(maxlen=200)
        self._changed = threading.Condition()
        self._streams_open = 2
        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=self._drain, args=(stream,), daemon=True).start()

    def _drain(self, stream):
        for line in stream:
            with self._changed:
                self.log.append(line.rstrip())
                self._changed.notify_all()
        with self._changed:
            self._streams_open -= 1
            self._changed.notify_all()

    def wait_for_line(self, pattern):
        """Returns the match of the first line that is `pattern`; raises when none can come."""
        def found():
            matches = (re.fullmatch(pattern, line) for line in list(self.log))
            return next((match for match in matches if match), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or not self._streams_open, START_SECONDS_MAX)
            match = found()
        if match is None:
            self.stop()
            raise RuntimeError("the server did not start:\n" + "\n".join(self.log))
        return match

    def pause(self):
        """Freezes the process: connections are accepted by the kernel, answers do not come."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def call(url, ca=None, body=None):
    """GET, or POST when there is a body; returns the bytes of the answer."""
    context = ssl.create_default_context(cafile=ca) if url.startswith("https") else None
    # Without a type of its own urllib announces a form, which moto would parse away.
    request = urllib.request.Request(url, body, {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        return answer.read()


def make_client(service, endpoint, ca, access_key, secret_key, session_token=None, **config):
    """A boto3 client that tries once, so that a test sees each answer as it is."""
    return boto3.client(
        service, endpoint_url=endpoint, region_name=REGION, verify=str(ca) if ca else None,
        aws_access_key_id=access_key, aws_secret_access_key=secret_key,
        aws_session_token=session_token,
        config=Config(**{"retries": {"total_max_attempts": 1}, "proxies": {}, **config}))


class KinesisDouble:
    """A running kinesis_double.py."""

    def __init__(self, certificates, options, plain):
        command = [sys.executable, str(SUPPORT / "kinesis_double.py"), "--stream", STREAM,
                   "--region", REGION, "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY]
        if plain:
            command.append("--plain")
        else:
            command += ["--cert", str(certificates / "server.pem"),
                        "--key", str(certificates / "server.key")]
        self.ca = None if plain else str(certificates / "ca.pem")
        self.server = Server(command + [str(option) for option in options])
        self.port = int(self.server.wait_for_line(r"ready (\d+)")[1])
        self.endpoint = f"{'http' if plain else 'https'}://127.0.0.1:{self.port}"

    def client(self, access_key=ACCESS_KEY, secret_key=SECRET_KEY, session_token=None, **config):
        return make_client("kinesis", self.endpoint, self.ca, access_key, secret_key,
                           session_token, **config)

    def stats(self):
        return json.loads(call(f"{self.endpoint}/double/stats", self.ca))

    def records(self):
        """Returns [(partition key, data)] in the order of arrival."""
        lines = call(f"{self.endpoint}/double/records", self.ca).splitlines()
        return [(line["partition_key"], base64.b64decode(line["data_base64"]))
                for line in map(json.loads, lines)]

    def reset(self):
        """Forgets records, counts and script; what the options say holds again."""
        call(f"{self.endpoint}/double/reset", self.ca, b"")

    def take_keys(self, keys):
        """Takes these temporary keys alone, [key_providers.Key]."""
        body = json.dumps([vars(key) for key in keys]).encode()
        call(f"{self.endpoint}/double/keys", self.ca, body)

    def script(self, behaviours):
        """Lets the next requests meet these behaviours ("500,ok,reset"), then the options."""
        call(f"{self.endpoint}/double/script", self.ca, behaviours.encode())

    def stop(self):
        self.server.stop()


def start_double(certificates, *options, plain=False):
    """Starts the double with further command line options; later options win."""
    return KinesisDouble(Path(certificates), options, plain)


class Moto:
    """A moto server with one stream, a producer that may only put, and a reader.

    With `auth`, IAM policies and signatures are enforced. moto keeps everything in memory, so
    `restart` loses the records: read them first. The seed makes it hand out the same access
    keys again, so a producer configured before the restart is still welcome after it.
    """

    SEED = 20131202

    def __init__(self, auth, certificates, shards, port=0):
        self.auth, self.certificates, self.shards = auth, certificates, shards
        self.ca = str(Path(certificates) / "ca.pem") if certificates else None
        self.port = port
        self._start()

    def _start(self):
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        if self.certificates:
            directory = Path(self.certificates)
            command += ["-s", "-c", str(directory / "server.pem"),
                        "-k", str(directory / "server.key")]
        self.server = Server(command, {"INITIAL_NO_AUTH_ACTION_COUNT": "inf",
                                       "PYTHONUNBUFFERED": "1"})
        try:
            self._prepare()
        except Exception:
            self.server.stop()
            raise

    def _prepare(self):
        self.endpoint = self.server.wait_for_line(r".*Running on (\S+?)/?")[1]
        self.port = int(self.endpoint.rpartition(":")[2])
        call(f"{self.endpoint}/moto-api/seed?a={self.SEED}", self.ca, b"")
        self.access_key, self.secret_key = self._make_user("producer", "kinesis:PutRecords")
        self.reader_keys = self._make_user("reader", "kinesis:*")
        self.role_keys = self._make_user("broker", "sts:AssumeRole")
        self.role = self._make_role("pulsegate", "kinesis:PutRecords")
        self.make_stream(STREAM)
        if self.auth:
            call(f"{self.endpoint}/moto-api/reset-auth", self.ca, b"0")

    def make_stream(self, name):
        """Makes one more stream and waits until it is there."""
        kinesis = self._client("kinesis", *self.reader_keys)
        kinesis.create_stream(StreamName=name, ShardCount=self.shards)
        kinesis.get_waiter("stream_exists").wait(
            StreamName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 100})

    def _client(self, service, access_key, secret_key, session_token=None):
        return make_client(service, self.endpoint, self.ca, access_key, secret_key,
                           session_token)

    def _make_user(self, name, action):
        """Makes a user with one action; moto knows no ARN of a stream, so on any resource."""
        iam = self._client("iam", ACCESS_KEY, SECRET_KEY)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def _make_role(self, name, action):
        """Makes a role with one action; returns its ARN."""
        iam = self._client("iam", ACCESS_KEY, SECRET_KEY)
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
        }))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}))
        return arn

    def assume_role(self):
        """Returns (access key, secret, session token) of the role, made anew by moto's STS."""
        sts = self._client("sts", *self.role_keys)
        keys = sts.assume_role(RoleArn=self.role, RoleSessionName="gateway")["Credentials"]
        return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]

    def producer(self):
        """A boto3 Kinesis client with the rights a gateway has: PutRecords, nothing else."""
        return self._client("kinesis", self.access_key, self.secret_key)

    def read_all_records(self, stream=STREAM):
        """Returns [(partition key, data)] of all shards, each in the order of its shard."""
        return [(record["PartitionKey"], record["Data"]) for record in self.read_shards(stream)]

    def read_shards(self, stream=STREAM):
        """Returns the records as the service gives them, with number and arrival."""
        kinesis = self._client("kinesis", *self.reader_keys)
        records = []
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"],
                ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while True:
                answer = kinesis.get_records(ShardIterator=iterator, Limit=10000)
                if not answer["Records"]:
                    break
                records += answer["Records"]
                iterator = answer["NextShardIterator"]
        return records

    def stop(self):
        self.server.stop()

    def restart(self):
        """Starts again on the same port with the same keys and an empty stream."""
        self.server.stop()
        self._start()


def start_moto(auth=True, certificates=None, shards=1):
    """Starts moto; TLS when the directory of certificates is given."""
    return Moto(auth, certificates, shards)
