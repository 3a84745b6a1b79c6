import Credentials
import Testing

/// What a key shows of itself, and when it ends.
@Suite struct AccessKeyTests {
    private let key = AccessKey(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI",
        sessionToken: "FQoGZXIvYXdzE", expiryWallMicroseconds: 1_000)

    @Test func textShowsNoSecret() {
        var dumped = ""
        dump(key, to: &dumped)
        var inside = ""
        dump(CredentialSearch.Step.found(key), to: &inside)
        let texts = ["\(key)", "\([key])", String(reflecting: key), dumped, inside]
        for text in texts {
            #expect(text.contains("AKIA...MPLE"))
            #expect(!text.contains("IOSFODNN7"))
            #expect(!text.contains("wJalr"))
            #expect(!text.contains("FQoGZ"))
        }
    }

    @Test func textSaysWhetherThereIsASessionToken() {
        #expect("\(key)" == "AccessKey(AKIA...MPLE, with session token)")
        let plain = AccessKey(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret")
        #expect("\(plain)" == "AccessKey(AKIA...MPLE)")
    }

    @Test func aShortIDIsNotShownAtAll() {
        #expect("\(AccessKey(accessKeyID: "test", secretAccessKey: "test"))" == "AccessKey(...)")
    }

    @Test func valuesOnTheWayToAKeyShowNoSecret() {
        let environment = CredentialEnvironment { "secret of \($0)" }
        let search = CredentialSearch(
            configuredFile: nil, configuredProfile: nil, environment: environment)
        let file = SharedCredentials(Array("[a]\naws_secret_access_key = secret of a\n".utf8))
        for value in [environment, search, file] as [Any] {
            var text = "\(value) \(String(reflecting: value))"
            dump(value, to: &text)
            #expect(!text.contains("secret of AWS_SECRET_ACCESS_KEY"))
            #expect(!text.contains("secret of AWS_SESSION_TOKEN"))
            #expect(!text.contains("secret of a"))
        }
        let content = SharedCredentialsContent.bytes([115, 101, 99])
        #expect(!"\(content) \(String(reflecting: content))".contains("101"))
    }

    @Test func aKeyExpiresAtItsExpiry() {
        #expect(!key.isExpired(at: 999))
        #expect(key.isExpired(at: 1_000))
    }

    @Test func aKeyWithoutExpiryDoesNotExpire() {
        let plain = AccessKey(accessKeyID: "id", secretAccessKey: "secret")
        #expect(!plain.isExpired(at: Int64.max))
    }
}
