import SigV4
import Testing

/// What credentials are, and that they keep their secret.
struct SigningCredentialsTests {
    private struct Holder { let credentials: SigningCredentials }

    private func credentials() throws -> SigningCredentials {
        try SigningCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "hidden-secret",
            sessionToken: "hidden-token")
    }

    @Test func nothingThatPrintsThemShowsTheSecret() throws {
        let credentials = try credentials()
        var dumped = ""
        dump(credentials, to: &dumped)
        var dumpedHolder = ""
        dump(Holder(credentials: credentials), to: &dumpedHolder)
        let shown = [
            "\(credentials)", String(describing: credentials), String(reflecting: credentials),
            "\(Optional(credentials) as Any)", "\([credentials])",
            "\(Holder(credentials: credentials))", dumped, dumpedHolder,
        ]
        for text in shown {
            #expect(!text.contains("hidden-secret"))
            #expect(!text.contains("hidden-token"))
            #expect(text.contains("AKIDEXAMPLE"))
        }
    }

    @Test func descriptionSaysWhetherTheyAreTemporary() throws {
        #expect(
            try credentials().description
                == "access key AKIDEXAMPLE, secret hidden, session token hidden")
        #expect(try exampleCredentials().description == "access key AKIDEXAMPLE, secret hidden")
    }

    @Test func emptySessionTokenIsNone() throws {
        #expect(try exampleCredentials(token: "").sessionToken == nil)
    }

    @Test(arguments: ["", " ", "a b", "a\n", "a\r", "\t", "é", "\u{7F}"])
    func textWithOtherThanVisibleCharactersIsRefused(_ text: String) {
        #expect(
            refusal { _ = try SigningCredentials(accessKeyID: text, secretAccessKey: "s") }
                == .malformed(.accessKeyID))
        #expect(
            refusal { _ = try SigningCredentials(accessKeyID: "a", secretAccessKey: text) }
                == .malformed(.secretAccessKey))
        #expect(
            refusal { _ = try exampleCredentials(token: text + "\n") }
                == .malformed(.sessionToken))
    }

    @Test func textIsTakenUpToItsLimit() throws {
        let key = String(repeating: "A", count: 128)
        let token = String(repeating: "t", count: 8_192)
        _ = try SigningCredentials(accessKeyID: key, secretAccessKey: key, sessionToken: token)
        #expect(
            refusal { _ = try SigningCredentials(accessKeyID: key + "A", secretAccessKey: "s") }
                == .exceeded(.accessKeyIDBytes, limit: 128))
        #expect(
            refusal { _ = try SigningCredentials(accessKeyID: "a", secretAccessKey: key + "s") }
                == .exceeded(.secretAccessKeyBytes, limit: 128))
        #expect(
            refusal { _ = try exampleCredentials(token: token + "t") }
                == .exceeded(.sessionTokenBytes, limit: 8_192))
    }

    @Test(arguments: ["", " ", "a/b", "a\n", "/"])
    func scopeThatWouldReadAsAnotherIsRefused(_ text: String) {
        #expect(refusal { _ = try exampleScope(region: text) } == .malformed(.region))
        #expect(refusal { _ = try exampleScope(service: text) } == .malformed(.service))
    }

    @Test func scopeIsTakenUpToItsLimit() throws {
        let name = String(repeating: "x", count: 64)
        _ = try exampleScope(region: name, service: name)
        #expect(
            refusal { _ = try exampleScope(region: name + "x") }
                == .exceeded(.regionBytes, limit: 64))
        #expect(
            refusal { _ = try exampleScope(service: name + "x") }
                == .exceeded(.serviceBytes, limit: 64))
    }
}
