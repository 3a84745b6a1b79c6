#!/usr/bin/env python3
"""Requests and their three signing stages, as botocore's SigV4Auth makes them.

    python3 botocore_vectors.py            writes Vectors/botocore.json
    python3 botocore_vectors.py --check    exit code 1 and a diff when the file is not what
                                           this script makes now

botocore (1.43.11 and 1.44.5 make the same file) is the client most used with services of AWS,
so its canonical form is the one to agree with. One vector a line, the same on every run.
"""

import argparse
import base64
import datetime
import difflib
import json
import pathlib
import random
import sys

import botocore.auth
import botocore.awsrequest
import botocore.credentials

# botocore leaves some headers (User-Agent, Connection, ...) unsigned because proxies change
# them. Pulsegate signs what it is told to sign; here that is every header.
botocore.auth.SIGNED_HEADERS_BLACKLIST[:] = []

SEED = 20150830
FILE = pathlib.Path(__file__).parent / "Vectors" / "botocore.json"
EPOCH = datetime.datetime(1970, 1, 1)

PLACES = [
    ("eu-central-1", "kinesis", "kinesis.eu-central-1.amazonaws.com"),
    ("us-east-1", "firehose", "firehose.us-east-1.amazonaws.com"),
    ("ap-southeast-2", "es", "search-gym-7x2.ap-southeast-2.es.amazonaws.com"),
    ("eu-west-1", "aoss", "9v1n6e.eu-west-1.aoss.amazonaws.com"),
    ("us-gov-west-1", "sts", "sts.us-gov-west-1.amazonaws.com"),
    ("us-east-1", "iam", "iam.amazonaws.com"),
    ("sa-east-1", "execute-api", "a1b2c3.execute-api.sa-east-1.amazonaws.com"),
    ("eu-central-1", "kinesis", "127.0.0.1:4567"),
    ("eu-central-1", "es", "[::1]:9200"),
]
TIMES = [
    "20150830T123600Z", "20240229T235959Z", "20240301T000000Z", "20250715T171033Z",
    "19700101T000000Z", "19991231T235959Z", "20380119T031408Z", "20991231T120001Z",
]
PATHS = [
    "/", "", "/heart_rate/_bulk", "/heart_rate/_doc/gym-7:b1946ac9:18446", "//", "///a//b",
    "/./", "/.", "/..", "/../", "/../../a", "/a/./b", "/a/../b", "/a/b/..", "/a/b/../",
    "/a/b/.", "/a//../b", "/a/...", "/a/.b/..c", "/trailing/", "/trailing//", "/a b",
    "/a%20b", "/a%2Fb", "/100%", "/%", "/%zz", "/%E2%82%AC", "/€/ü/心拍", "/star*", "/~user",
    "/what%3Fnow", "/a+b", "/a=b&c", "/semi;colon,comma", "/at@sign:colon", "/quote'\"",
    "/paren(1)!$", "/back\\slash", "/[x]{y}|z^`<>", "/-_.~", "/%2e%2e/a", "/streams/gym 7/..",
]
# What stands in a URL behind the "?", as it stands there.
QUERIES = [
    "", "Action=ListUsers&Version=2010-05-08", "b=2&a=1", "a=2&a=1", "a=1&a=1", "a", "a=",
    "a&a=", "a=1&a", "b&a&c", "=", "=v", "a==", "a=b=c", "a=1&&b=2", "&", "a&", "&a",
    "a-b=0&a=1", "a=1&a-b=0&a.b=2&a%20=3", "A=1&a=2&B=3&b=4", "q=%20&q=%2B&q=+",
    "x=%E5%BF%83", "x=心", "star=*", "what?=?", "path=/a/b", "at=@:!$'(),;", "p=%25&p=%",
    "p=%zz", "list=1&list=10&list=2", "k1=1&k10=2&k=3", "_source=true&pretty",
]
NAMES = ["a", "A", "b", "key", "key2", "a-b", "a b", "a%b", "a*", "a?", "a&b", "a=b", "ключ",
         "心拍", "~", "", "x/y", "a+b"]
VALUES = ["", "1", "10", "2", "a b", " ", "100%", "%20", "*", "?", "ü", "心拍数", "a&b=c",
          "a+b", "-_.~", "/", "\"'", "Z", "z", "😀"]
HEADERS = [
    ("Content-Type", "application/x-amz-json-1.1"),
    ("Content-Type", "application/x-ndjson"),
    ("X-Amz-Target", "Kinesis_20131202.PutRecords"),
    ("X-Amz-Target", "Firehose_20150804.PutRecordBatch"),
    ("User-Agent", "pulsegate/1.0"), ("Connection", "keep-alive"), ("Expect", "100-continue"),
    ("My-Header1", "a   b   c"), ("My-Header2", "  leading and trailing  "),
    ("my-header1", "second"), ("MY-HEADER1", "third\tand \t fourth"), ("X-Empty", ""),
    ("X-Blank", "   "), ("X-Quoted", "\"a   b\""), ("X-Comma", "a, b,c"), ("X-Unicode", "ü 心"),
    ("X-Amz-Date-2", "x"), ("X-Amz", "x"), ("X-Amz-User-Agent", "u"), ("A", "first"),
    ("Z", "last"), ("zz.top!#$%&'*+-^_`|~", "token characters"), ("Accept", "*/*"),
    ("Content-Length", "17"), ("Range", "bytes=0-1"), ("X-Amz-Sec", "s"), ("Hosts", "h"),
]
BODIES = [
    b"", b"{}", b'{"StreamName":"heart","Records":[]}', b"\x00", bytes(range(256)), b"\n" * 3,
    "Überpuls 心拍".encode(), b"Action=ListUsers&Version=2010-05-08", b"a" * 55, b"a" * 56,
    b"a" * 63, b"a" * 64, b"a" * 65, b"a" * 119, b"a" * 120, b"\xff" * 1000,
]
KEYS = [
    ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("ASIAIOSFODNN7EXAMPLE", "s" * 40),
    ("A" * 128, "0/+=" * 10),
    ("AK", "x"),
    ("AKIALONGSECRET", "long" * 32),
]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


def stages(auth_class):
    """The signer `auth_class`, which keeps each stage as it passes."""

    class Recorder(auth_class):
        def canonical_request(self, request):
            self.canonical = super().canonical_request(request)
            return self.canonical

        def string_to_sign(self, request, canonical_request):
            self.to_sign = super().string_to_sign(request, canonical_request)
            return self.to_sign

        def signature(self, string_to_sign, request):
            self.signed = super().signature(string_to_sign, request)
            return self.signed

    return Recorder


NORMALIZED = stages(botocore.auth.SigV4Auth)
VERBATIM = stages(botocore.auth.S3SigV4Auth)


def sign(given):
    """The vector of one request: what is given and what botocore makes of it."""
    moment = datetime.datetime.strptime(given["time"], "%Y%m%dT%H%M%SZ")
    botocore.auth.get_current_datetime = lambda: moment
    url = "https://" + given["host"] + given["path"]
    if given["query"]:
        url += "?" + given["query"]
    request = botocore.awsrequest.AWSRequest(
        method=given["method"], url=url, data=given["body"],
        params=[tuple(pair) for pair in given["parameters"]])
    for name, value in given["headers"]:
        request.headers[name] = value
    if given["content_hash"] and not given["verbatim"]:
        request.headers["X-Amz-Content-SHA256"] = botocore.auth.sha256(given["body"]).hexdigest()
    credentials = botocore.credentials.Credentials(
        given["access_key"], given["secret"], given["token"])
    kind = VERBATIM if given["verbatim"] else NORMALIZED
    recorder = kind(credentials, given["service"], given["region"])
    recorder.add_auth(request)
    return given | {
        "body": base64.b64encode(given["body"]).decode(),
        "seconds": int((moment - EPOCH).total_seconds()),
        "canonical_request": recorder.canonical,
        "string_to_sign": recorder.to_sign,
        "signature": recorder.signed,
        "authorization": request.headers["Authorization"],
    }


class Requests:
    """Requests that are drawn from one random generator."""

    def __init__(self):
        self.random = random.Random(SEED)

    def token(self):
        length = self.random.choice([1, 40, 200, 900])
        return "".join(self.random.choice(ALPHABET) for _ in range(length))

    def request(self, **fixed):
        draw = self.random
        region, service, host = draw.choice(PLACES)
        access_key, secret = draw.choice(KEYS)
        made = {
            "method": draw.choice(["POST", "POST", "GET", "PUT", "DELETE", "HEAD"]),
            "host": host, "region": region, "service": service, "path": draw.choice(PATHS),
            "query": "", "parameters": [],
            "headers": [list(pair) for pair in draw.sample(HEADERS, draw.randint(0, 6))],
            "body": draw.choice(BODIES + [draw.randbytes(draw.randint(1, 300))]),
            "access_key": access_key, "secret": secret,
            "token": self.token() if draw.random() < 0.4 else None,
            "time": draw.choice(TIMES), "verbatim": False,
            "content_hash": draw.random() < 0.2,
        }
        return made | fixed

    def parameters(self):
        draw = self.random
        return [[draw.choice(NAMES), draw.choice(VALUES)] for _ in range(draw.randint(1, 7))]

    def all(self):
        draw = self.random
        for path in PATHS:
            yield self.request(path=path)
        for query in QUERIES:
            yield self.request(query=query)
        for name in NAMES:
            yield self.request(parameters=[[name, "v"], ["n", draw.choice(VALUES)]])
        for value in VALUES:
            yield self.request(parameters=[["k", value], ["k", draw.choice(VALUES)]])
        for body in BODIES:
            yield self.request(body=body)
        for time in TIMES:
            yield self.request(time=time)
        for region, service, host in PLACES:
            yield self.request(region=region, service=service, host=host)
        for access_key, secret in KEYS:
            yield self.request(access_key=access_key, secret=secret)
        yield self.request(headers=[list(pair) for pair in HEADERS])
        yield self.request(headers=[["X-Same", str(n)] for n in (3, 1, 2, 10)])
        for path in ["/bucket//key", "/bucket/../key", "/a%20b/", "/plain", "/sta*r/%E2%82%AC"]:
            yield self.request(path=path, verbatim=True, content_hash=True, service="s3")
        for _ in range(60):
            yield self.request(parameters=self.parameters())
        for _ in range(60):
            segments = [draw.choice(["", ".", "..", "a", "b c", "%41", "*", "ü", "..."])
                        for _ in range(draw.randint(1, 7))]
            yield self.request(path="/" + "/".join(segments), query=draw.choice(QUERIES))


def generate():
    vectors = [json.dumps(sign(given), ensure_ascii=True, sort_keys=True)
               for given in Requests().all()]
    return "[\n" + ",\n".join(vectors) + "\n]\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    fresh = generate()
    if not parser.parse_args().check:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(fresh)
        print(f"{len(fresh.splitlines()) - 2} vectors, seed {SEED}, {len(fresh)} bytes")
        return 0
    committed = FILE.read_text() if FILE.exists() else ""
    if committed == fresh:
        print(f"{len(fresh.splitlines()) - 2} vectors are as botocore makes them, seed {SEED}")
        return 0
    sys.stdout.writelines(difflib.unified_diff(
        committed.splitlines(keepends=True), fresh.splitlines(keepends=True),
        "committed", "fresh"))
    return 1


if __name__ == "__main__":
    sys.exit(main())
