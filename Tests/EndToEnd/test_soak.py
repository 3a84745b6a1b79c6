"""The soak of `make test-soak`, short: a service that misbehaves, and kills at random moments."""

import random

import soak
from gateway import SEED


def test_kills_amid_a_lying_throttling_and_stalling_service_lose_nothing(desk, start_double):
    print(f"seed {SEED}")
    double = start_double("--seed", SEED, *soak.faults())
    found = soak.run_with_kills(
        desk, double, random.Random(SEED), kills=8, rate=1_000, ring_size="8MiB",
        drain_seconds=240)
    print(found)
    assert found["in the ring"] > 3_000
    assert found["missing"] == found["changed"] == 0
    assert found["repeats"] <= found["repeats allowed"]
    assert sum(found["faults"].values()) > 5
