import Credentials
import TestSupport
import Testing

/// Which source a key is taken from.
@Suite struct CredentialSearchTests {
    @Test func theEnvironmentComesFirst() throws {
        let search = search(variables: [
            "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_SESSION_TOKEN": "t", "AWS_PROFILE": "bedside", "HOME": "/root",
        ])
        #expect(
            try search.begin()
                == .found(
                    AccessKey(accessKeyID: "AKIAENV", secretAccessKey: "s", sessionToken: "t")))
    }

    @Test func withoutKeysInTheEnvironmentTheFileAtHomeIsRead() throws {
        #expect(
            try search(variables: ["HOME": "/root"]).begin()
                == .readFile(path: "/root/.aws/credentials"))
    }

    @Test func emptyVariablesAreAsGoodAsUnset() throws {
        let search = search(variables: [
            "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "",
            "AWS_SHARED_CREDENTIALS_FILE": "", "HOME": "/root",
        ])
        #expect(try search.begin() == .readFile(path: "/root/.aws/credentials"))
        #expect(search.profile == "default")
    }

    @Test func theEnvironmentNamesFileAndProfile() throws {
        let search = search(variables: [
            "AWS_SHARED_CREDENTIALS_FILE": "~/keys", "AWS_PROFILE": "bedside", "HOME": "/root",
        ])
        #expect(try search.begin() == .readFile(path: "/root/keys"))
        #expect(search.profile == "bedside")
    }

    @Test func aConfiguredProfileOrFileGoesBeforeKeysInTheEnvironment() throws {
        let variables = [
            "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s", "HOME": "/root",
            "AWS_PROFILE": "other",
        ]
        let byProfile = search(profile: "bedside", variables: variables)
        #expect(try byProfile.begin() == .readFile(path: "/root/.aws/credentials"))
        #expect(byProfile.profile == "bedside")
        let byFile = search(file: "/etc/keys", variables: variables)
        #expect(try byFile.begin() == .readFile(path: "/etc/keys"))
        #expect(byFile.profile == "other")
    }

    @Test func theKeyOfTheProfileIsSelected() throws {
        let key = try search(profile: "bedside").select(from: .bytes(Array(sample.utf8)))
        #expect(
            key
                == AccessKey(
                    accessKeyID: "AKIABEDSIDE", secretAccessKey: "b+/=", sessionToken: "tok=="))
    }

    @Test func aProfileWithoutTokenGivesAKeyWithoutToken() throws {
        let key = try search().select(from: .bytes(Array(sample.utf8)))
        #expect(key == AccessKey(accessKeyID: "AKIADEFAULT", secretAccessKey: "d"))
    }

    @Test func aSessionTokenOfThousandsOfBytesIsRead() throws {
        let token = String(repeating: "t", count: 8_192)
        let text = "[default]\naws_access_key_id=i\naws_secret_access_key=s\naws_session_token="
        #expect(
            try search().select(from: .bytes(Array((text + token).utf8))).sessionToken == token)
    }

    @Test func theFileIsTakenAsAWSToolsTakeIt() throws {
        let spellings = [
            "[default]\naws_access_key_id = i\naws_secret_access_key = s\n",
            "[ default ] # mine\nAWS_Access_Key_ID=i\r\nAWS_SECRET_ACCESS_KEY=s\r\n",
            "\u{FEFF}[default]\n\taws_access_key_id\t=\ti ; old\n  aws_secret_access_key : s # x",
            "[a]\nx=y\n[default]\naws_access_key_id=i\n[b]\n[default]\naws_secret_access_key=s",
            "aws_access_key_id=0\n[default]\naws_access_key_id=1\naws_access_key_id=i\n"
                + "junk\n# aws_access_key_id=2\ns3 =\n  max = 5\naws_secret_access_key=s",
        ]
        for text in spellings {
            #expect(
                try search().select(from: .bytes(Array(text.utf8)))
                    == AccessKey(accessKeyID: "i", secretAccessKey: "s"), "\(text)")
        }
    }

    @Test func randomFilesNeverTrap() throws {
        var random = SeededRandom()
        for _ in 0..<3_000 {
            var bytes = Array(sample.utf8)
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            do throws(CredentialError) {
                let key = try search().select(from: .bytes(bytes))
                #expect(!key.accessKeyID.isEmpty && !key.secretAccessKey.isEmpty)
            } catch {
                #expect(error.findings.count == 2)
            }
        }
    }
}

/// The exact words of each refusal.
@Suite struct CredentialErrorTests {
    private let remedy = """
        Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write aws_access_key_id and \
        aws_secret_access_key under [default] in /root/.aws/credentials.
        """

    @Test func aMissingFileNamesEverythingThatWasLookedFor() {
        expect(
            select(.unreadable("No such file or directory")), .absent,
            """
            no AWS access key; looked in:
              1. environment: neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set
              2. /root/.aws/credentials, profile default: No such file or directory
            \(remedy)
            """)
    }

    @Test func aConfiguredProfileSaysThatTheEnvironmentWasNotAsked() {
        expect(
            select("", profile: "bedside"), .absent,
            """
            no AWS access key; looked in:
              1. environment: not asked, the configuration names a profile or a file
              2. /root/.aws/credentials, profile bedside: has no sections
            Remedy: write aws_access_key_id and aws_secret_access_key under [bedside] in \
            /root/.aws/credentials.
            """)
    }

    @Test func withoutHomeThereIsNoFile() {
        let error = #expect(throws: CredentialError.self) { try search(variables: [:]).begin() }
        expect(
            error, .absent,
            """
            no AWS access key; looked in:
              1. environment: neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set
              2. file: neither AWS_SHARED_CREDENTIALS_FILE nor HOME is set
            Remedy: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write aws_access_key_id \
            and aws_secret_access_key under [default] in ~/.aws/credentials.
            """)
    }

    @Test func halfAKeyInTheEnvironmentStopsTheSearch() {
        let id = #expect(throws: CredentialError.self) {
            try search(variables: ["AWS_ACCESS_KEY_ID": "i", "HOME": "/root"]).begin()
        }
        expect(
            id, .faulty,
            """
            the AWS access key is not usable; looked in:
              1. environment: AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not
            Set AWS_SECRET_ACCESS_KEY too, or unset AWS_ACCESS_KEY_ID.
            """)
        let secret = #expect(throws: CredentialError.self) {
            try search(variables: ["AWS_SECRET_ACCESS_KEY": "s"]).begin()
        }
        #expect(
            secret?.findings.first?.text
                == "AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not")
    }

    @Test func aDamagedKeyInTheEnvironmentIsNamedAndNotShown() {
        let error = #expect(throws: CredentialError.self) {
            try search(variables: ["AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "geheim\n"])
                .begin()
        }
        expect(
            error, .faulty,
            """
            the AWS access key is not usable; looked in:
              1. environment: AWS_SECRET_ACCESS_KEY has a blank or a character outside ASCII
            Set AWS_SECRET_ACCESS_KEY again.
            """)
    }

    @Test func eachFaultOfTheFileHasItsWords() {
        let long = String(repeating: "x", count: 129)
        let cases = [
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
                "[default]\ncredential_process=/bin/x\n",
                "[default] has credential_process, which is not supported, and no access key",
                false
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
        ]
        for (text, wanted, isFaulty) in cases {
            let error = select(text)
            #expect(error?.findings.last?.text == wanted)
            #expect(error?.kind == (isFaulty ? .faulty : .absent), "\(text)")
        }
    }

    private func select(_ text: String, profile: String? = nil) -> CredentialError? {
        select(.bytes(Array(text.utf8)), profile: profile)
    }

    private func select(
        _ content: SharedCredentialsContent, profile: String? = nil
    ) -> CredentialError? {
        #expect(throws: CredentialError.self) {
            try search(profile: profile).select(from: content)
        }
    }

    private func expect(
        _ error: CredentialError?, _ kind: CredentialError.Kind, _ text: String
    ) {
        #expect(error?.description == text)
        #expect(error?.kind == kind)
    }
}

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

private func search(
    file: String? = nil, profile: String? = nil, variables: [String: String] = ["HOME": "/root"]
) -> CredentialSearch {
    CredentialSearch(
        configuredFile: file, configuredProfile: profile,
        environment: CredentialEnvironment { variables[$0] })
}
