import TestSupport
import Testing

@testable import Credentials

/// Which source a key is taken from, and what is asked on the way.
@Suite struct CredentialSearchTests {
    private let environmentKey = ["AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"]
    private let sample = """
        # keys of the ward
        [default]
        aws_access_key_id = AKIADEFAULT
        aws_secret_access_key = d

        [bedside]
        aws_access_key_id = AKIABEDSIDE
        aws_secret_access_key = b+/=
        aws_session_token = tok==
        """

    @Test func theEnvironmentComesBeforeTheFile() {
        var walk = Walk(variables: environmentKey)
        walk.variables["AWS_SESSION_TOKEN"] = "t"
        walk.variables["AWS_PROFILE"] = "bedside"
        let outcome = walk.run()
        #expect(outcome.steps == [])
        #expect(
            outcome.key?.key
                == AccessKey(accessKeyID: "AKIAENV", secretAccessKey: "s", sessionToken: "t"))
        #expect(outcome.key?.place == "environment")
    }

    @Test func theEnvironmentMaySayWhenItsKeyEnds() {
        var walk = Walk(variables: environmentKey)
        walk.variables["AWS_CREDENTIAL_EXPIRATION"] = "2025-07-15T17:10:33Z"
        #expect(walk.run().key?.key.expiryWallMicroseconds == Answers.expiry)
        walk.variables["AWS_CREDENTIAL_EXPIRATION"] = "soon"
        #expect(walk.run().key?.key.expiryWallMicroseconds == nil)
    }

    @Test func whatTheServiceManagerHandsOverComesBeforeTheEnvironment() {
        var walk = Walk(variables: environmentKey)
        walk.variables["CREDENTIALS_DIRECTORY"] = "/run/credentials/p"
        walk.files["/run/credentials/p/aws-credentials"] = sample
        let outcome = walk.run()
        #expect(outcome.key?.key.accessKeyID == "AKIADEFAULT")
        #expect(outcome.files == ["/run/credentials/p/aws-credentials"])
        walk.files = [:]
        #expect(walk.run().key?.key.accessKeyID == "AKIAENV")
    }

    @Test func emptyVariablesAreAsGoodAsUnset() {
        let walk = Walk(
            variables: [
                "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "",
                "AWS_SHARED_CREDENTIALS_FILE": "", "HOME": "/root",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
            ], files: ["/root/.aws/credentials": sample])
        let outcome = walk.run()
        #expect(outcome.steps == ["read /root/.aws/credentials /root/.aws/config"])
        #expect(outcome.key?.key.accessKeyID == "AKIADEFAULT")
    }

    @Test func theEnvironmentNamesFilesAndProfile() {
        let walk = Walk(
            variables: [
                "AWS_SHARED_CREDENTIALS_FILE": "~/keys", "AWS_CONFIG_FILE": "/etc/aws",
                "AWS_PROFILE": "bedside", "HOME": "/root",
            ], files: ["/root/keys": sample])
        let outcome = walk.run()
        #expect(outcome.steps == ["read /root/keys /etc/aws"])
        #expect(outcome.key?.key.accessKeyID == "AKIABEDSIDE")
        #expect(outcome.key?.place == "/root/keys, profile bedside")
    }

    @Test func aConfiguredProfileOrFileGoesBeforeKeysInTheEnvironment() {
        var walk = Walk(variables: environmentKey)
        walk.variables["HOME"] = "/root"
        walk.variables["AWS_PROFILE"] = "other"
        walk.files = ["/root/.aws/credentials": sample, "/etc/keys": sample]
        walk.settings.profile = "bedside"
        #expect(walk.run().key?.key.accessKeyID == "AKIABEDSIDE")
        walk.settings.file = "/etc/keys"
        #expect(walk.run().steps == ["read /etc/keys"])
        walk.settings.profile = nil
        #expect(walk.run().error?.findings.map(\.place) == ["/etc/keys, profile other"])
    }

    @Test func aKeyOfTheConfigurationHasItsSecretInAFile() {
        var walk = Walk(variables: environmentKey)
        walk.variables["CREDENTIALS_DIRECTORY"] = "/run/c"
        walk.settings.accessKeyID = "AKIACONFIGURED00"
        walk.settings.secretFile = "$CREDENTIALS_DIRECTORY/aws"
        walk.files["/run/c/aws"] = "geheim\r\nmore\n"
        let key = AccessKey(accessKeyID: "AKIACONFIGURED00", secretAccessKey: "geheim")
        #expect(walk.run().key == ObtainedKey(key: key, place: "/run/c/aws"))
        for (text, wanted) in [
            ("", "has no first line"), ("\n", "has no first line"),
            ("a b\n", "its first line has a blank or a character outside ASCII"),
        ] {
            walk.files["/run/c/aws"] = text
            let error = walk.run().error
            #expect(error?.findings.last?.text == wanted)
            #expect(error?.kind == .faulty)
        }
    }

    @Test func aProfileMayNameAProcess() {
        var walk = Walk()
        walk.files["/root/.aws/config"] = """
            [default]
            credential_process = "/opt/my keys" --user # no comment
            [profile bedside]
            credential_process = /opt/other
            """
        walk.process = .ended(status: 0, output: Array(Answers.process.utf8))
        let outcome = walk.run()
        #expect(
            outcome.commands.map(\.words) == [
                ["/opt/my keys", "--user", "#", "no", "comment"]
            ])
        #expect(outcome.key?.place == "credential_process of profile default")
        #expect(outcome.key?.key.secretAccessKey == "s/+")
        walk.settings.profile = "bedside"
        #expect(walk.run().commands.map(\.words) == [["/opt/other"]])
        // A key in the credentials file goes first, one in the configuration file last.
        walk.files["/root/.aws/credentials"] = sample
        #expect(walk.run().key?.key.accessKeyID == "AKIABEDSIDE")
        walk.files = [
            "/root/.aws/config": "[profile bedside]\n"
                + sample.split(
                    separator: "[bedside]\n")[1]
        ]
        #expect(walk.run().key?.key.accessKeyID == "AKIABEDSIDE")
    }

    @Test func aConfiguredProcessIsRunAndNothingElseAsked() {
        var walk = Walk(variables: environmentKey)
        walk.settings.process = "aws configure export-credentials --format process"
        walk.process = .ended(status: 0, output: Array(Answers.process.utf8))
        let outcome = walk.run()
        #expect(outcome.steps == ["run aws|configure|export-credentials|--format|process"])
        #expect(outcome.key?.key.expiryWallMicroseconds == Answers.expiry)
        #expect(outcome.files == [])
    }

    @Test func eachEndOfAProcessHasItsWords() {
        var walk = Walk()
        walk.settings.process = "/bin/keys --password=geheim"
        let cases: [(ProcessOutcome, String)] = [
            (.ended(status: 3, output: Array("geheim".utf8)), "ended with status 3"),
            (.killed(signal: 9), "was ended by signal 9"),
            (.tookTooLong, "took longer than 30 s and was ended"),
            (.saidTooMuch, "printed more than 65536 bytes and was ended"),
            (.notStarted("No such file or directory"), "does not start: No such file or directory"),
            (.ended(status: 0, output: []), "its answer is not the JSON of a key at byte 0"),
            (
                .ended(status: 0, output: Array(#"{"Version":2}"#.utf8)),
                "its answer has another Version than 1"
            ),
        ]
        for (process, wanted) in cases {
            walk.process = process
            let error = walk.run().error
            #expect(error?.kind == .failed)
            #expect(error?.findings == [.init(place: "credential_process", text: wanted)])
            #expect(error.map { !"\($0.line)\($0)".contains("geheim") } ?? false)
        }
    }

    @Test func anIoTRoleIsAskedWithTheDevicesCertificate() {
        var walk = Walk(variables: environmentKey)
        walk.settings.iot = IoTRole(
            url: "https://c1.credentials.iot.eu-central-1.amazonaws.com", roleAlias: "pulse",
            thing: "gym-7", certificateFile: "/etc/p/cert.pem", keyFile: "/etc/p/key.pem",
            authorityFile: nil)
        let url =
            "https://c1.credentials.iot.eu-central-1.amazonaws.com/role-aliases/pulse/credentials"
        walk.replies["GET " + url] = CredentialReply(200, Answers.iot, wall: 77)
        let outcome = walk.run()
        #expect(outcome.steps == ["GET " + url])
        #expect(outcome.requests.first?.headers == [.thingName("gym-7")])
        #expect(outcome.requests.first?.identity?.keyFile == "/etc/p/key.pem")
        #expect(outcome.key?.key.accessKeyID == "ASIAIOT")
        #expect(outcome.key?.serverWallMicroseconds == 77)
        for (status, wanted) in [
            (403, "refuses with status 403: the certificate's policy, its thing or its state"),
            (404, "answers with status 404: no such role alias"),
            (500, "answers with status 500"),
            (200, "its answer is not the JSON of a key at byte 1"),
        ] {
            walk.replies["GET " + url] = CredentialReply(status, "{")
            #expect(walk.run().error?.findings.map(\.text) == [wanted])
        }
        walk.replies = [:]
        #expect(walk.run().error?.findings.map(\.text) == ["connect: refused"])
    }

    @Test func randomFilesNeverTrap() {
        var random = SeededRandom()
        let letters = Array("[]=: \n\r\t#;\"'\\profile_".utf8)
        for _ in 0..<2_000 {
            var walk = Walk()
            for path in ["/root/.aws/credentials", "/root/.aws/config"] {
                var bytes = Array((sample + "\ncredential_process = a 'b'\n").utf8)
                bytes.mutate(alphabet: letters, &random)
                walk.files[path] = String(decoding: bytes, as: UTF8.self)
            }
            let outcome = walk.run()
            #expect((outcome.key == nil) != (outcome.error == nil))
            if let key = outcome.key?.key {
                #expect(!key.accessKeyID.isEmpty && !key.secretAccessKey.isEmpty)
            }
        }
    }
}

/// Agents of containers and the metadata of instances.
@Suite struct MetadataSearchTests {
    private static let metadata = "http://169.254.169.254/latest/"
    private static let role = "meta-data/iam/security-credentials/"
    private var instance: Walk {
        Walk(replies: [
            "PUT \(Self.metadata)api/token": CredentialReply(200, "session=="),
            "GET \(Self.metadata)\(Self.role)": CredentialReply(200, "ward-role\n"),
            "GET \(Self.metadata)\(Self.role)ward-role": CredentialReply(200, Answers.metadata),
        ])
    }

    @Test func anInstanceIsAskedWithASessionOfItsOwn() {
        let outcome = instance.run()
        #expect(
            outcome.steps.dropFirst() == [
                "PUT http://169.254.169.254/latest/api/token",
                "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/",
                "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/ward-role",
            ])
        #expect(
            outcome.requests.map(\.headers) == [
                [.tokenSeconds("60")], [.metadataToken("session==")], [.metadataToken("session==")],
            ])
        #expect(outcome.requests.map(\.isNear) == [true, true, true])
        #expect(outcome.key?.key.accessKeyID == "ASIAROLE")
        #expect(outcome.key?.place == "instance metadata")
    }

    @Test func aDisabledInstanceIsNotAsked() {
        var walk = instance
        walk.variables["AWS_EC2_METADATA_DISABLED"] = "TRUE"
        let outcome = walk.run()
        #expect(outcome.requests == [])
        #expect(outcome.error?.kind == .absent)
        #expect(outcome.error?.findings.last?.text == "AWS_EC2_METADATA_DISABLED is set")
    }

    @Test func anotherAddressMayBeNamed() {
        var walk = Walk()
        walk.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6"
        #expect(walk.run().requests.first?.url == "http://[fd00:ec2::254]/latest/api/token")
        walk.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:9/"
        #expect(walk.run().requests.first?.url == "http://127.0.0.1:9/latest/api/token")
    }

    @Test func silenceIsNoInstanceUnlessOneWasMeant() {
        var walk = Walk()
        let error = walk.run().error
        #expect(error?.kind == .absent)
        #expect(error?.findings.count == 3)
        #expect(error?.remedy.contains("AWS_ACCESS_KEY_ID") == true)
        walk.settings.choice = .instance
        #expect(walk.run().error?.kind == .failed)
        #expect(walk.run().error?.remedy.contains("hop-limit 2") == true)
    }

    @Test func anInstanceWithoutRoleOrWithStrangeWordsGivesNoKey() {
        for (place, reply, wanted) in [
            (
                "GET \(Self.metadata)\(Self.role)", CredentialReply(404, ""),
                "the instance has no role"
            ),
            (
                "GET \(Self.metadata)\(Self.role)", CredentialReply(200, "../../x"),
                "the instance has no role"
            ),
            (
                "GET \(Self.metadata)\(Self.role)", CredentialReply(500, ""),
                "answers with status 500"
            ),
            (
                "GET \(Self.metadata)\(Self.role)ward-role", CredentialReply(401, ""),
                "answers with status 401"
            ),
            (
                "GET \(Self.metadata)\(Self.role)ward-role",
                CredentialReply(200, #"{"Code":"AssumeRoleUnauthorizedAccess"}"#),
                "it refuses with AssumeRoleUnauthorizedAccess"
            ),
            (
                "PUT \(Self.metadata)api/token", CredentialReply(403, ""),
                "no answer: no EC2 instance, or a container behind a hop limit of 1 "
                    + "(no session token, status 403)"
            ),
            (
                "PUT \(Self.metadata)api/token", CredentialReply(200, "a\r\nb: c"),
                "no answer: no EC2 instance, or a container behind a hop limit of 1 "
                    + "(no session token, status 200)"
            ),
        ] {
            var walk = instance
            walk.replies[place] = reply
            let outcome = walk.run()
            #expect(outcome.key == nil)
            #expect(outcome.error?.findings.last?.text == wanted)
        }
    }

    @Test func aContainersAgentIsAskedBeforeTheInstance() {
        var walk = instance
        walk.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/c?id=1"
        walk.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/no"
        walk.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic abc"
        let url = "GET http://169.254.170.2/v2/c?id=1"
        walk.replies[url] = CredentialReply(200, Answers.metadata)
        let outcome = walk.run()
        #expect(outcome.steps.last == url)
        #expect(outcome.requests.map(\.headers) == [[.authorization("Basic abc")]])
        #expect(outcome.key?.place == "container agent")
        // One that gives none ends the search: another role than the task's would be used.
        walk.replies[url] = CredentialReply(500, "")
        #expect(walk.run().error?.findings.last?.text == "answers with status 500")
        walk.replies[url] = nil
        #expect(walk.run().error?.kind == .failed)
    }

    @Test func theTokenFileGoesBeforeTheTokenAndIsReadEachTime() {
        var walk = Walk()
        walk.settings.choice = .container
        walk.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/c"
        walk.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "old"
        walk.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/var/token"
        walk.files["/var/token"] = "first\n"
        var search = walk.search()
        #expect(walk.run(&search).requests.first?.headers == [.authorization("first")])
        walk.files["/var/token"] = "second"
        #expect(walk.run(&search).requests.first?.headers == [.authorization("second")])
        walk.files = [:]
        #expect(
            walk.run(&search).error?.findings.last?.text
                == "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: No such file or directory")
    }

    @Test func whatIsNoAddressOrNoHeaderIsNotAsked() {
        var walk = Walk()
        walk.settings.choice = .container
        for url in ["ftp://localhost/", "localhost", "http://a b/", "http://localhost/\n"] {
            walk.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url
            #expect(walk.run().error?.findings.last?.text == "its address is no URL")
        }
        walk.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/"
        walk.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a\r\nHost: b"
        #expect(
            walk.run().error?.findings.last?.text
                == "its authorization token has a blank or a character outside ASCII")
        #expect(walk.run().requests == [])
        walk.variables = [:]
        #expect(walk.run().error?.kind == .absent)
    }
}
