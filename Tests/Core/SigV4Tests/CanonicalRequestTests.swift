import Bytes
import SigV4
import TestSupport
import Testing

/// What botocore cannot say: the documented example, and everything that is refused.
struct CanonicalRequestTests {
    private func begun(
        path: String = "/", limits: RequestLimits = RequestLimits(), contentHash: Bool = false
    ) throws -> CanonicalRequest {
        var request = CanonicalRequest(limits: limits)
        try request.begin(.get, host: "h", path: path, contentHash: contentHash)
        return request
    }

    private func path(_ path: String, form: PathForm = .normalized) throws -> String {
        var request = CanonicalRequest()
        try request.begin(.get, host: "h", path: path, form: form)
        return String(try canonicalText(request).split(separator: "\n")[1])
    }

    private func query(_ text: String) throws -> String {
        var request = try begun()
        try request.append(encodedQuery: text.utf8.span)
        var buffer = FixedBuffer(capacity: 4096)
        request.appendQuery(to: &buffer)
        return String(decoding: buffer.bytes)
    }

    /// AWS General Reference, "Create a canonical request": ListUsers of IAM.
    @Test func exampleOfTheDocumentationHasItsCanonicalForm() throws {
        var request = CanonicalRequest()
        try request.begin(.get, host: "iam.amazonaws.com", path: "/")
        try request.append(parameter: "Version", value: "2010-05-08")
        try request.append(parameter: "Action", value: "ListUsers")
        try request.append(
            header: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8")
        let text = try canonicalText(request)
        #expect(
            text == """
                GET
                /
                Action=ListUsers&Version=2010-05-08
                content-type:application/x-www-form-urlencoded; charset=utf-8
                host:iam.amazonaws.com
                x-amz-date:20150830T123600Z

                content-type;host;x-amz-date
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                """)
    }

    @Test(arguments: [
        ("", "/"), ("/", "/"), ("//", "/"), ("/..", "/"), ("/a/..", "/"), ("/a/../", "/"),
        ("/a/b/..", "/a"), ("/a/b/../", "/a/"), ("/a/./b/", "/a/b/"), ("/a%20b", "/a%2520b"),
        ("/a b", "/a%20b"), ("/*", "/%2A"), ("/~-._", "/~-._"), ("/é", "/%C3%A9"),
        ("/a%2F../b", "/a%252F../b"), ("/%2e%2e", "/%252e%252e"),
    ])
    func pathIsNormalizedAndEncodedOnceMore(_ given: String, _ canonical: String) throws {
        #expect(try path(given) == canonical)
    }

    @Test(arguments: ["/", "//", "/a/../b", "/a%20b", "/*"])
    func pathOfAnObjectStaysAsItIs(_ given: String) throws {
        #expect(try path(given, form: .verbatim) == given)
    }

    @Test func queryIsSortedByNameAndThenByValue() throws {
        #expect(try query("b=1&a-b=0&a=2&a=10&a") == "a=&a=10&a=2&a-b=0&b=1")
    }

    @Test func twoQueriesAreSortedAsOne() throws {
        var request = try begun()
        try request.append(encodedQuery: "c=3&a=1".utf8.span)
        try request.append(parameter: "b", value: "ü?*% ")
        var buffer = FixedBuffer(capacity: 4096)
        request.appendQuery(to: &buffer)
        #expect(String(decoding: buffer.bytes) == "a=1&b=%C3%BC%3F%2A%25%20&c=3")
    }

    @Test func repeatedHeadersAreJoinedInTheirOrder() throws {
        var request = try begun()
        try request.append(header: "X-Two", value: " b   b ")
        try request.append(header: "A-One", value: "1")
        try request.append(header: "x-two", value: "\ta")
        let lines = try canonicalText(request).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines[3...7] == ["a-one:1", "host:h", "x-amz-date:20150830T123600Z", "x-two:b b,a", ""])
        #expect(lines[8] == "a-one;host;x-amz-date;x-two")
    }

    @Test func sessionTokenIsAHeaderOfTemporaryCredentialsOnly() throws {
        let request = try begun()
        #expect(
            try canonicalText(request, token: "TOKEN").contains("\nx-amz-security-token:TOKEN\n"))
        #expect(try !canonicalText(request, token: "").contains("x-amz-security-token"))
        #expect(try !canonicalText(request, token: nil).contains("x-amz-security-token"))
    }

    @Test func contentHashIsAHeaderWhereItIsAskedFor() throws {
        let hash = "x-amz-content-sha256:" + hexadecimal(examplePayload)
        #expect(try canonicalText(begun(contentHash: true)).contains(hash))
        #expect(try !canonicalText(begun()).contains(hash))
    }

    @Test func beginForgetsTheRequestBefore() throws {
        var request = try begun(path: "/first", contentHash: true)
        try request.append(header: "a", value: "1")
        try request.append(parameter: "b", value: "2")
        try request.begin(.get, host: "h", path: "/")
        #expect(try canonicalText(request) == canonicalText(begun()))
    }

    @Test func nothingIsSignedBeforeBegin() {
        var request = CanonicalRequest()
        #expect(refusal { _ = try canonicalText(request) } == .notBegun)
        #expect(refusal { try request.append(header: "a", value: "b") } == .notBegun)
        #expect(refusal { try request.append(parameter: "a", value: "b") } == .notBegun)
        #expect(refusal { try request.append(encodedQuery: "a".utf8.span) } == .notBegun)
    }

    @Test func refusedBeginLeavesNoRequest() throws {
        var request = try begun()
        #expect(refusal { try request.begin(.get, host: "", path: "/") } == .malformed(.host))
        #expect(refusal { _ = try canonicalText(request) } == .notBegun)
    }

    @Test(arguments: ["h h", "h\r\n", "h\n", "hé", "\t", "\u{7F}"])
    func hostWithOtherThanVisibleTextIsRefused(_ host: String) {
        var request = CanonicalRequest()
        #expect(refusal { try request.begin(.get, host: host, path: "/") } == .malformed(.host))
    }

    @Test(arguments: ["a", "a/b", "?", "/a?b", "/a#b", "/a\nb", "/\0", "/\r", "/\u{7F}", " /"])
    func pathThatNoRequestLineHasIsRefused(_ path: String) {
        var request = CanonicalRequest()
        #expect(refusal { try request.begin(.get, host: "h", path: path) } == .malformed(.path))
        #expect(
            refusal { try request.begin(.get, host: "h", path: path, form: .verbatim) }
                == .malformed(.path))
    }

    @Test func blankInThePathOfAnObjectIsRefused() {
        #expect(refusal { _ = try path("/a b", form: .verbatim) } == .malformed(.path))
    }

    @Test(arguments: ["a b", "a=1#", "a\n", "\r", "\0", "a=\u{7F}"])
    func queryThatNoRequestLineHasIsRefusedAsAWhole(_ text: String) throws {
        var request = try begun()
        #expect(
            refusal { try request.append(encodedQuery: ("b=1&" + text).utf8.span) }
                == .malformed(.query))
        #expect(try canonicalText(request) == canonicalText(begun()))
    }

    @Test(arguments: ["", " ", "a b", "a:", "a\n", "é", "a(", "\u{7F}", "a/b", "[x]"])
    func headerNameThatIsNoTokenIsRefused(_ name: String) throws {
        var request = try begun()
        #expect(
            refusal { try request.append(header: name, value: "1") } == .malformed(.headerName))
        #expect(try canonicalText(request) == canonicalText(begun()))
    }

    @Test(arguments: ["a\r\nb: c", "\n", "\0", "a\u{7F}", "\u{0B}"])
    func headerValueThatWouldEndItsLineIsRefused(_ value: String) throws {
        var request = try begun()
        #expect(
            refusal { try request.append(header: "a", value: value) } == .malformed(.headerValue))
        #expect(try canonicalText(request) == canonicalText(begun()))
    }

    @Test(arguments: SigningError.ReservedHeader.allCases)
    func headerOfTheSignerIsRefused(_ header: SigningError.ReservedHeader) throws {
        var request = try begun()
        #expect(
            refusal { try request.append(header: header.rawValue, value: "1") }
                == .reservedHeader(header))
        #expect(
            refusal { try request.append(header: header.rawValue.uppercased(), value: "1") }
                == .reservedHeader(header))
        #expect(try canonicalText(request) == canonicalText(begun()))
    }

    /// A refusal gives its memory back, or the thousandth would leave no room for a good header.
    @Test func refusedHeadersTakeNoRoom() throws {
        var request = try begun()
        for _ in 0..<1_000 {
            #expect(
                refusal { try request.append(header: "x-amz-date", value: "") }
                    == .reservedHeader(.date))
        }
        try request.append(header: "a", value: String(repeating: "v", count: 4_000))
        #expect(try canonicalText(request).contains(String(repeating: "v", count: 4_000)))
    }
}
