import Testing

@testable import Credentials

/// What a key shows of itself, and when it ends.
@Suite struct AccessKeyTests {
    private let key = AccessKey(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI",
        sessionToken: "FQoGZXIvYXdzE", expiryWallMicroseconds: 1_000)

    @Test func textShowsNoSecret() {
        var dumped = ""
        dump(key, to: &dumped)
        var inside = ""
        dump([ObtainedKey(key: key, place: "file")], to: &inside)
        let texts = ["\(key)", "\([key])", String(reflecting: key), dumped]
        for text in texts { #expect(text.contains("AKIA...MPLE")) }
        for text in texts + [inside] {
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

    @Test func valuesOnTheWayToAKeyShowNoSecret() throws {
        let environment = CredentialEnvironment { "geheim of \($0)" }
        let bytes = Array("[a]\naws_secret_access_key = geheim of a\n".utf8)
        var request = CredentialRequest(url: "http://169.254.169.254/")
        request.headers = [.authorization("geheim"), .metadataToken("geheim")]
        let found = ObtainedKey(
            key: AccessKey(accessKeyID: "AKIA", secretAccessKey: "geheim"), place: "file")
        let values: [Any] = [
            environment, SharedCredentials(bytes), request, found,
            CredentialSearch(settings: CredentialSettings(), environment: environment),
            CredentialSearch.Step.found(found), CredentialSearch.Step.request(request),
            CredentialReply(status: 200, body: bytes, serverWallMicroseconds: nil),
            ProcessOutcome.ended(status: 0, output: bytes), SharedCredentialsContent.bytes(bytes),
            try ProcessCommand("/bin/x geheim"), request.headers,
            CredentialReport.obtained(key: found.key, place: "file", lifeNanoseconds: nil),
        ]
        for value in values {
            var text = "\(value) \(String(reflecting: value)) \([value])"
            dump(value, to: &text)
            #expect(!text.contains("geheim"), "\(type(of: value))")
            #expect(!text.contains("103, 101, 104"), "\(type(of: value))")
        }
    }
}
