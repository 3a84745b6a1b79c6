import Bytes
import LibCrypto
import SigV4
import TestSupport
import Testing

/// A signer over time: the documented example, repetition, and when the key is made anew.
struct SignerTests {
    private func signer(
        secret: String = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    ) throws -> Signer {
        Signer(
            scope: try exampleScope(), credentials: try exampleCredentials(secret: secret),
            sha256: LibCrypto.sha256Function)
    }

    private func request() throws -> CanonicalRequest {
        var request = CanonicalRequest()
        try request.begin(.get, host: "iam.amazonaws.com", path: "/")
        try request.append(encodedQuery: "Action=ListUsers&Version=2010-05-08".utf8.span)
        try request.append(
            header: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8")
        return request
    }

    private func authorization(
        _ signer: inout Signer, _ request: borrowing CanonicalRequest, at time: Int64,
        body: [UInt8] = []
    ) throws -> String {
        try signer.sign(request, body: body.span, at: time)
        return String(decoding: signer.authorization)
    }

    /// AWS General Reference, "Signature Version 4 signing process": ListUsers of IAM.
    @Test func exampleOfTheDocumentationHasItsSignature() throws {
        var signer = try signer()
        let authorization = try authorization(&signer, request(), at: exampleTime)
        #expect(
            authorization
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, Signature="
                + "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")
        #expect(String(decoding: signer.date) == "20150830T123600Z")
        #expect(
            String(decoding: signer.stringToSign)
                == "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                + "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59")
    }

    @Test func signingTwiceGivesTheSame() throws {
        var random = SeededRandom()
        var kept = try signer()
        let request = try request()
        for _ in 0..<200 {
            let body = random.bytes(Int.random(in: 0...500, using: &random))
            let time = Int64.random(in: 0...4_102_444_800_000_000, using: &random)
            var fresh = try signer()
            let first = try authorization(&kept, request, at: time, body: body)
            #expect(try authorization(&kept, request, at: time, body: body) == first)
            #expect(try authorization(&fresh, request, at: time, body: body) == first)
        }
    }

    @Test func hashedBodySignsAsTheBodyItself() throws {
        var signer = try signer()
        let request = try request()
        let body: [UInt8] = [1, 2, 3]
        let whole = try authorization(&signer, request, at: exampleTime, body: body)
        try signer.sign(request, payload: LibCrypto.sha256(body.span), at: exampleTime)
        #expect(String(decoding: signer.authorization) == whole)
        #expect(try authorization(&signer, request, at: exampleTime, body: [1, 2]) != whole)
    }

    @Test func keyLastsUntilMidnightInUTC() throws {
        var kept = try signer()
        let request = try request()
        let midnight = exampleTime / day * day
        for time in [midnight, exampleTime, midnight + day - 1] {
            _ = try authorization(&kept, request, at: time)
        }
        #expect(kept.derivationCount == 1)
        for time in [midnight + day, midnight + 2 * day - 1, midnight + day - 1, midnight - 1] {
            var fresh = try signer()
            #expect(
                try authorization(&kept, request, at: time)
                    == authorization(&fresh, request, at: time))
        }
        #expect(kept.derivationCount == 4)
    }

    /// A board without a clock signs in 1970; one with a broken clock may be before it.
    @Test func daysAroundTheEpochAreTwoDays() throws {
        var kept = try signer()
        let request = try request()
        #expect(try authorization(&kept, request, at: -1).contains("/19691231/"))
        #expect(try authorization(&kept, request, at: 0).contains("/19700101/"))
        #expect(kept.derivationCount == 2)
    }

    @Test(arguments: [Int64.min, Int64.min + 1, -day, Int64.max])
    func timeOfABrokenClockDoesNotTrap(_ time: Int64) throws {
        var signer = try signer()
        let request = try request()
        #expect(try !authorization(&signer, request, at: time).isEmpty)
    }

    @Test func changedSecretMakesTheKeyAnew() throws {
        var kept = try signer()
        let request = try request()
        let before = try authorization(&kept, request, at: exampleTime)
        kept.credentials = try exampleCredentials(secret: "another")
        let after = try authorization(&kept, request, at: exampleTime)
        var fresh = try signer(secret: "another")
        #expect(try authorization(&fresh, request, at: exampleTime) == after)
        #expect(after != before)
        #expect(kept.derivationCount == 2)
        kept.credentials = try exampleCredentials()
        #expect(try authorization(&kept, request, at: exampleTime) == before)
        #expect(kept.derivationCount == 3)
    }

    @Test func changedTokenKeepsTheKey() throws {
        var kept = try signer()
        let request = try request()
        let before = try authorization(&kept, request, at: exampleTime)
        kept.credentials = try exampleCredentials(token: "TOKEN")
        #expect(try authorization(&kept, request, at: exampleTime) != before)
        #expect(kept.derivationCount == 1)
    }

    @Test(arguments: [("eu-west-1", "iam"), ("us-east-1", "kinesis")])
    func changedScopeMakesTheKeyAnew(_ region: String, _ service: String) throws {
        var kept = try signer()
        let request = try request()
        let before = try authorization(&kept, request, at: exampleTime)
        kept.scope = try exampleScope(region: region, service: service)
        var fresh = Signer(
            scope: kept.scope, credentials: kept.credentials, sha256: LibCrypto.sha256Function)
        let after = try authorization(&kept, request, at: exampleTime)
        #expect(try authorization(&fresh, request, at: exampleTime) == after)
        #expect(after.suffix(64) != before.suffix(64))
        #expect(kept.derivationCount == 2)
    }

    @Test func refusedRequestLeavesNoOldSignature() throws {
        var signer = try signer()
        _ = try authorization(&signer, request(), at: exampleTime)
        let empty = CanonicalRequest()
        #expect(
            refusal { try signer.sign(empty, body: [UInt8]().span, at: exampleTime) } == .notBegun)
        #expect(signer.authorization.count == 0)
        #expect(signer.date.count == 0)
        #expect(signer.contentHash.count == 0)
        #expect(signer.canonicalRequest.count == 0)
        #expect(signer.stringToSign.count == 0)
    }
}
