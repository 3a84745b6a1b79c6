import Bytes
import LibCrypto
import SigV4
import TestSupport
import Testing

/// Each limit: what just fits is taken, one more is refused by its name, and nothing traps.
struct RequestLimitsTests {
    private let limits = RequestLimits(
        pathBytes: 8, queryBytes: 12, parameters: 3, headerBytes: 20, headers: 3)

    private func begun() throws -> CanonicalRequest {
        var request = CanonicalRequest(limits: limits)
        try request.begin(.get, host: "host", path: "/")
        return request
    }

    @Test func pathMayHaveItsLimitAndNoMore() throws {
        var request = CanonicalRequest(limits: limits)
        try request.begin(.get, host: "h", path: "/\u{1F600}***")
        #expect(try canonicalText(request).hasPrefix("GET\n/%F0%9F%98%80%2A%2A%2A\n"))
        #expect(
            refusal { try request.begin(.get, host: "h", path: "/12345678") }
                == .exceeded(.pathBytes, limit: 8))
    }

    @Test func hostMayHaveTheBytesOfTheHeaders() throws {
        var request = CanonicalRequest(limits: limits)
        try request.begin(.get, host: String(repeating: "h", count: 20), path: "/")
        #expect(
            refusal { try request.begin(.get, host: String(repeating: "h", count: 21), path: "/") }
                == .exceeded(.hostBytes, limit: 20))
    }

    @Test func headersMayHaveTheirBytesTogetherAndNoMore() throws {
        var request = try begun()
        try request.append(header: "a", value: "1234567")
        try request.append(header: "b", value: "1234567")
        let before = try canonicalText(request)
        #expect(
            refusal { try request.append(header: "c", value: "") }
                == .exceeded(.headerBytes, limit: 20))
        #expect(try canonicalText(request) == before)
    }

    @Test func longHeaderIsRefusedByTheLimitOfBytes() throws {
        var request = try begun()
        #expect(
            refusal {
                try request.append(header: "a", value: String(repeating: "x", count: 100_000))
            } == .exceeded(.headerBytes, limit: 20))
        #expect(
            refusal {
                try request.append(header: String(repeating: "x", count: 100_000), value: "")
            } == .exceeded(.headerBytes, limit: 20))
    }

    @Test func headersMayHaveTheirNumberAndNoMore() throws {
        var request = try begun()
        for name in ["a", "b", "a"] { try request.append(header: name, value: "1") }
        let before = try canonicalText(request)
        #expect(
            refusal { try request.append(header: "d", value: "1") }
                == .exceeded(.headers, limit: 3))
        #expect(try canonicalText(request) == before)
    }

    @Test func parametersMayHaveTheirNumberAndNoMore() throws {
        var request = try begun()
        try request.append(encodedQuery: "a&b".utf8.span)
        let before = try canonicalText(request)
        #expect(
            refusal { try request.append(encodedQuery: "c&d".utf8.span) }
                == .exceeded(.parameters, limit: 3))
        #expect(try canonicalText(request) == before)
        try request.append(parameter: "c", value: "")
        #expect(
            refusal { try request.append(parameter: "d", value: "") }
                == .exceeded(.parameters, limit: 3))
    }

    @Test func parametersMayHaveTheirBytesAndNoMore() throws {
        var request = try begun()
        try request.append(encodedQuery: "a=12345&bb=1234".utf8.span)
        var other = try begun()
        let before = try canonicalText(other)
        #expect(
            refusal { try other.append(encodedQuery: "a=12345&bb=12345".utf8.span) }
                == .exceeded(.queryBytes, limit: 12))
        #expect(
            refusal { try other.append(parameter: "a", value: "****") }
                == .exceeded(.queryBytes, limit: 12))
        #expect(try canonicalText(other) == before)
        try other.append(parameter: "abc", value: "***")
        #expect(try canonicalText(other).contains("\nabc=%2A%2A%2A\n"))
    }

    /// Only the first "=" of a parameter separates; the others are bytes of its value.
    @Test func equalsSignsInAValueCountAsBytes() throws {
        var request = try begun()
        let before = try canonicalText(request)
        let value = String(repeating: "=", count: 9)
        #expect(
            refusal { try request.append(encodedQuery: "a=1&b==\(value)".utf8.span) }
                == .exceeded(.queryBytes, limit: 12))
        #expect(try canonicalText(request) == before)
        try request.append(encodedQuery: "a=1&b=\(value)".utf8.span)
        #expect(try canonicalText(request).contains("\na=1&b=\(value)\n"))
    }

    /// The memory of a signer is reckoned from the limits: the largest request must fit.
    @Test func largestRequestOfTheLimitsIsSigned() throws {
        for limits in [limits, RequestLimits()] {
            var request = CanonicalRequest(limits: limits)
            try request.begin(
                .options, host: "h",
                path: "/" + String(repeating: "*", count: limits.pathBytes - 1), contentHash: true)
            for index in 0..<limits.headers {
                let room = limits.headerBytes - 1 - limits.headers
                let last = index == limits.headers - 1
                let name = String(repeating: "n", count: last ? room : 0)
                try request.append(
                    header: "\(Unicode.Scalar(97 + UInt8(index % 26)))" + name, value: "")
            }
            for index in 0..<limits.parameters {
                let last = index == limits.parameters - 1
                let room = limits.queryBytes - limits.parameters
                try request.append(
                    parameter: "a", value: String(repeating: "b", count: last ? room : 0))
            }
            let credentials = try SigningCredentials(
                accessKeyID: String(repeating: "A", count: 128),
                secretAccessKey: String(repeating: "s", count: 128),
                sessionToken: String(repeating: "t", count: 8_192))
            var signer = Signer(
                scope: try exampleScope(
                    region: String(repeating: "r", count: 64),
                    service: String(repeating: "s", count: 64)),
                credentials: credentials, sha256: LibCrypto.sha256Function, limits: limits)
            try signer.sign(request, body: [UInt8]().span, at: exampleTime)
            #expect(signer.authorization.count > 400)
        }
    }

    @Test func requestLargerThanTheSignersLimitsIsRefused() throws {
        var request = CanonicalRequest(limits: RequestLimits(headerBytes: 40_000))
        try request.begin(.get, host: "h", path: "/")
        try request.append(header: "a", value: String(repeating: "v", count: 30_000))
        var signer = Signer(
            scope: try exampleScope(), credentials: try exampleCredentials(),
            sha256: LibCrypto.sha256Function, limits: limits)
        let error = refusal { try signer.sign(request, body: [UInt8]().span, at: exampleTime) }
        guard case .exceeded(.canonicalRequestBytes, _) = error else {
            Issue.record("refused by \(String(describing: error))")
            return
        }
        #expect(signer.authorization.count == 0)
    }

    @Test func signedHeadersLargerThanTheSignersLimitsAreRefused() throws {
        var request = CanonicalRequest(limits: RequestLimits(headerBytes: 40_000))
        try request.begin(.get, host: "h", path: "/")
        try request.append(header: String(repeating: "n", count: 1_500), value: "")
        var signer = Signer(
            scope: try exampleScope(), credentials: try exampleCredentials(),
            sha256: LibCrypto.sha256Function, limits: limits)
        let error = refusal { try signer.sign(request, body: [UInt8]().span, at: exampleTime) }
        guard case .exceeded(.authorizationBytes, _) = error else {
            Issue.record("refused by \(String(describing: error))")
            return
        }
        #expect(signer.authorization.count == 0)
        #expect(signer.canonicalRequest.count == 0)
    }
}
