"""The OpenSearch domain: combinations that the service refuses and the linters let pass."""

import re

# Instance types of OpenSearch Service, of the families that it still offers; T2 and M3 know
# neither encryption at rest nor fine-grained access.
INSTANCE = re.compile(r"(t3\.(small|medium)|[mrc](5|6g|7g|7i)\.(large|x?large|[248]xlarge))\.search")
ENGINE = re.compile(r"OpenSearch_(1\.3|2\.(3|5|7|9|11|13|15|17|19)|3\.[1-9])")


def test_fine_grained_access_has_the_three_things_that_it_wants(stack):
    domain = stack.properties("Domain")
    assert domain["AdvancedSecurityOptions"]["Enabled"] is True
    assert domain["NodeToNodeEncryptionOptions"] == {"Enabled": True}
    assert domain["EncryptionAtRestOptions"]["Enabled"] is True
    assert domain["DomainEndpointOptions"]["EnforceHTTPS"] is True
    assert domain["DomainEndpointOptions"]["TLSSecurityPolicy"].startswith("Policy-Min-TLS-1-2")


def test_the_engine_and_the_instances_are_names_that_there_are(stack):
    domain = stack.properties("Domain")
    assert ENGINE.fullmatch(domain["EngineVersion"])
    cluster = domain["ClusterConfig"]
    assert INSTANCE.fullmatch(cluster["InstanceType"])
    if cluster["DedicatedMasterEnabled"]:
        assert INSTANCE.fullmatch(cluster["DedicatedMasterType"])
        # The service offers no T3 as a manager of a cluster that somebody relies on.
        assert not cluster["DedicatedMasterType"].startswith("t3")


def test_small_is_one_node_and_full_survives_a_zone(small, full):
    one = small.properties("Domain")["ClusterConfig"]
    assert one["InstanceCount"] == 1 and not one["ZoneAwarenessEnabled"]
    many = full.properties("Domain")["ClusterConfig"]
    assert many["ZoneAwarenessConfig"] == {"AvailabilityZoneCount": 3}
    assert many["InstanceCount"] % 3 == 0 and many["DedicatedMasterCount"] == 3


def test_the_disk_is_one_that_the_instances_take(stack):
    volume = stack.properties("Domain")["EBSOptions"]
    assert volume["EBSEnabled"] and volume["VolumeType"] == "gp3"
    # gp3: 10 GiB or more; t3.small takes 100 GiB at most.
    assert 10 <= volume["VolumeSize"] <= 100
    # The alarm comes with a fifth free, give or take.
    free = stack.properties("DomainFull")["Threshold"] / 1_024 / volume["VolumeSize"]
    assert 0.18 <= free <= 0.22


def test_the_password_is_made_in_the_secret_and_is_strong_enough(small):
    master = small.properties("Domain")["AdvancedSecurityOptions"]["MasterUserOptions"]
    assert master["MasterUserPassword"].startswith("{{resolve:secretsmanager:arn:")
    secret = small.properties("OperatorSecret")["GenerateSecretString"]
    assert secret["PasswordLength"] >= 24 and secret["RequireEachIncludedType"] is True
    assert f'"username": "{master["MasterUserName"]}"' in secret["SecretStringTemplate"]


def test_its_logs_go_where_it_may_write(stack):
    domain = stack.properties("Domain")
    assert {"AUDIT_LOGS", "ES_APPLICATION_LOGS"} == set(domain["LogPublishingOptions"])
    assert stack.resources["Domain"]["DependsOn"] == "DomainLogPolicy"
    policy = stack.properties("DomainLogPolicy")["PolicyDocument"]
    assert "es.amazonaws.com" in policy and stack.attribute(["DomainLog", "Arn"]) in policy
