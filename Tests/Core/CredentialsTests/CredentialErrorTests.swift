import Testing

@testable import Credentials

/// The exact words of each refusal.
@Suite struct CredentialErrorTests {
    private var disabled: Walk {
        Walk(variables: ["HOME": "/root", "AWS_EC2_METADATA_DISABLED": "true"])
    }

    @Test func aSearchInVainNamesEverythingThatWasLookedFor() {
        let error = disabled.run().error
        #expect(error?.kind == .absent)
        #expect(
            error?.description == """
                no AWS access key; looked in:
                  1. environment: neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set
                  2. /root/.aws/credentials, profile default: No such file or directory
                  3. instance metadata: AWS_EC2_METADATA_DISABLED is set
                Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write \
                aws_access_key_id and aws_secret_access_key under [default] in \
                /root/.aws/credentials, or name a source in the sink (README, Credentials).
                """)
        #expect(
            error?.line == """
                no AWS access key (environment: neither AWS_ACCESS_KEY_ID nor \
                AWS_SECRET_ACCESS_KEY is set; /root/.aws/credentials, profile default: No such \
                file or directory; instance metadata: AWS_EC2_METADATA_DISABLED is set). \
                Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write \
                aws_access_key_id and aws_secret_access_key under [default] in \
                /root/.aws/credentials, or name a source in the sink (README, Credentials).
                """)
    }

    @Test func aConfiguredProfileIsTheOnlyPlace() {
        var walk = disabled
        walk.settings.profile = "bedside"
        walk.files["/root/.aws/credentials"] = ""
        #expect(
            walk.run().error?.description == """
                no AWS access key; looked in:
                  1. /root/.aws/credentials, profile bedside: has no sections
                Remedy: write aws_access_key_id and aws_secret_access_key under [bedside] in \
                /root/.aws/credentials.
                """)
    }

    @Test func withoutHomeThereIsNoFile() {
        var walk = disabled
        walk.variables["HOME"] = nil
        #expect(
            walk.run().error?.findings[1]
                == .init(
                    place: "file, profile default",
                    text: "no file is named, and HOME is not set"))
    }

    @Test func halfAKeyInTheEnvironmentEndsTheSearch() {
        var walk = disabled
        walk.variables["AWS_ACCESS_KEY_ID"] = "i"
        #expect(
            walk.run().error?.description == """
                the AWS access key is not usable; looked in:
                  1. environment: AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not
                Remedy: set AWS_SECRET_ACCESS_KEY too, or unset AWS_ACCESS_KEY_ID.
                """)
        walk.variables["AWS_ACCESS_KEY_ID"] = nil
        walk.variables["AWS_SECRET_ACCESS_KEY"] = "s"
        #expect(
            walk.run().error?.findings.first?.text
                == "AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not")
    }

    @Test func aDamagedKeyInTheEnvironmentIsNamedAndNotShown() {
        var walk = disabled
        walk.variables["AWS_ACCESS_KEY_ID"] = "i"
        walk.variables["AWS_SECRET_ACCESS_KEY"] = "geheim\n"
        #expect(
            walk.run().error?.description == """
                the AWS access key is not usable; looked in:
                  1. environment: AWS_SECRET_ACCESS_KEY has a blank or a character outside ASCII
                Remedy: set the variable again, without blanks or line ends.
                """)
    }

    @Test func eachFaultOfTheFileHasItsWords() {
        let long = String(repeating: "x", count: 129)
        let cases: [(String, String, Bool)] = [
            ("[prod]\n[test]\n", "has no [default], only [prod], [test]", false),
            (
                (0..<9).map { "[p\($0)]\n" }.joined(),
                "has no [default], only [p0], [p1], [p2], [p3], [p4], [p5], [p6], [p7], ...", false
            ),
            (
                "[profile default]\n",
                "has [profile default]; in this file it is called [default]", false
            ),
            ("[default]\nregion=x\n", "[default] has no aws_access_key_id", false),
            (
                "[default]\nrole_arn=arn:x\n",
                "[default] has role_arn, which is not supported, and no access key; "
                    + "`credential_process = aws configure export-credentials --profile default` "
                    + "lets AWS's tool do it", false
            ),
            (
                "[default]\naws_access_key_id=i\naws_secret_access_key=\n",
                "[default] has no aws_secret_access_key", true
            ),
            (
                "[default]\naws_secret_access_key=s\n", "[default] has no aws_access_key_id", true
            ),
            (
                "[default]\naws_access_key_id=a b\naws_secret_access_key=s\n",
                "aws_access_key_id in line 2 has a blank or a character outside ASCII", true
            ),
            (
                "[default]\naws_access_key_id=\(long)\naws_secret_access_key=s\n",
                "aws_access_key_id in line 2 is longer than 128 bytes", true
            ),
            (
                "[default]\naws_access_key_id=i\n\naws_secret_access_key=gehéim\n",
                "aws_secret_access_key in line 4 has a blank or a character outside ASCII", true
            ),
            ("[default]\ncredential_process='x\n", "has a quote that is not closed", true),
        ]
        for (text, wanted, isFaulty) in cases {
            var walk = disabled
            walk.settings.file = "/keys"
            walk.files["/keys"] = text
            let error = walk.run().error
            #expect(error?.findings.last?.text == wanted)
            #expect(error?.kind == (isFaulty ? .faulty : .absent), "\(text)")
        }
    }

    @Test func theFileIsTakenAsAWSToolsTakeIt() {
        let token = String(repeating: "t", count: 8_192)
        let spellings = [
            "[default]\naws_access_key_id = i\naws_secret_access_key = s\n",
            "[ default ] # mine\nAWS_Access_Key_ID=i\r\nAWS_SECRET_ACCESS_KEY=s\r\n",
            "\u{FEFF}[default]\n\taws_access_key_id\t=\ti ; old\n  aws_secret_access_key : s # x",
            "[a]\nx=y\n[default]\naws_access_key_id=i\n[b]\n[default]\naws_secret_access_key=s",
            "aws_access_key_id=0\n[default]\naws_access_key_id=1\naws_access_key_id=i\n"
                + "junk\n# aws_access_key_id=2\ns3 =\n  max = 5\naws_secret_access_key=s",
            "[default]\naws_access_key_id=i\naws_secret_access_key=s\naws_session_token=\(token)",
        ]
        for text in spellings {
            var walk = disabled
            walk.settings.file = "/keys"
            walk.files["/keys"] = text
            let key = walk.run().key?.key
            #expect(key?.accessKeyID == "i" && key?.secretAccessKey == "s", "\(text)")
            #expect(key?.sessionToken == (text.contains(token) ? token : nil))
        }
    }
}
