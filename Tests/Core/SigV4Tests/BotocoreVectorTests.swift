import Bytes
import Foundation
import LibCrypto
import SigV4
import Testing

/// A request and what botocore makes of it, from `botocore_vectors.py`.
private struct Vector: Decodable {
    let method, host, path, query, region, service: String
    let parameters, headers: [[String]]
    /// In base64.
    let body: String
    let accessKey, secret: String
    let token: String?
    /// Since 1970.
    let seconds: Int64
    let verbatim, contentHash: Bool
    let canonicalRequest, stringToSign, signature, authorization, time: String

    func request() throws -> CanonicalRequest {
        var request = CanonicalRequest()
        try begin(&request)
        return request
    }

    /// Makes `request` this vector's.
    func begin(_ request: inout CanonicalRequest) throws {
        let method = try #require(HTTPMethod(rawValue: method))
        try request.begin(
            method, host: host, path: path, form: verbatim ? .verbatim : .normalized,
            contentHash: contentHash)
        if !query.isEmpty { try request.append(encodedQuery: query.utf8.span) }
        for pair in parameters { try request.append(parameter: pair[0], value: pair[1]) }
        for pair in headers { try request.append(header: pair[0], value: pair[1]) }
    }

    func bodyBytes() throws -> [UInt8] { [UInt8](try #require(Data(base64Encoded: body))) }

    func scope() throws -> CredentialScope {
        try CredentialScope(region: region, service: service)
    }

    func credentials() throws -> SigningCredentials {
        try SigningCredentials(
            accessKeyID: accessKey, secretAccessKey: secret, sessionToken: token)
    }

    var wallMicroseconds: Int64 { seconds * 1_000_000 }
}

/// Every stage of every vector, byte for byte as botocore has it.
struct BotocoreVectorTests {
    private let vectors: [Vector]

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Vectors/botocore.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        vectors = try decoder.decode([Vector].self, from: Data(contentsOf: file))
    }

    @Test func allVectorsAreThere() {
        #expect(vectors.count == 279)
        #expect(vectors.contains { $0.token != nil } && vectors.contains { $0.token == nil })
        #expect(Set(vectors.map(\.signature)).count == vectors.count)
    }

    @Test func canonicalRequestsAgree() throws {
        var buffer = FixedBuffer(capacity: 65_536)
        for vector in vectors {
            buffer.removeAll()
            let request = try vector.request()
            let body = try vector.bodyBytes()
            try request.appendText(
                to: &buffer, at: vector.wallMicroseconds, credentials: vector.credentials(),
                payload: LibCrypto.sha256(body.span))
            #expect(String(decoding: buffer.bytes) == vector.canonicalRequest)
        }
    }

    /// From botocore's canonical request, so that a defect of the first stage cannot hide here.
    @Test func stringsToSignAgree() throws {
        var buffer = FixedBuffer(capacity: StringToSign.bytesMax)
        for vector in vectors {
            buffer.removeAll()
            StringToSign(
                at: vector.wallMicroseconds, scope: try vector.scope(),
                canonicalRequest: LibCrypto.sha256(vector.canonicalRequest.utf8.span)
            ).append(to: &buffer)
            #expect(String(decoding: buffer.bytes) == vector.stringToSign)
        }
    }

    /// From botocore's string to sign.
    @Test func signaturesAgree() throws {
        var key = SigningKey(sha256: LibCrypto.sha256Function)
        var buffer = FixedBuffer(capacity: StringToSign.bytesMax)
        for vector in vectors {
            buffer.removeAll()
            buffer.append(text: vector.stringToSign)
            let signature = key.signature(
                of: buffer, at: vector.wallMicroseconds, scope: try vector.scope(),
                credentials: try vector.credentials())
            #expect(hexadecimal(signature) == vector.signature)
        }
    }

    /// One signer and one request in the same memory for all vectors: nothing of one is left
    /// over in the next.
    @Test func headersToSendAgree() throws {
        let first = try #require(vectors.first)
        var signer = Signer(
            scope: try first.scope(), credentials: try first.credentials(),
            sha256: LibCrypto.sha256Function)
        var request = CanonicalRequest()
        for vector in vectors {
            try vector.begin(&request)
            signer.scope = try vector.scope()
            signer.credentials = try vector.credentials()
            let body = try vector.bodyBytes()
            try signer.sign(request, body: body.span, at: vector.wallMicroseconds)
            #expect(String(decoding: signer.canonicalRequest) == vector.canonicalRequest)
            #expect(String(decoding: signer.stringToSign) == vector.stringToSign)
            #expect(String(decoding: signer.authorization) == vector.authorization)
            #expect(String(decoding: signer.date) == vector.time)
            #expect(
                String(decoding: signer.contentHash) == hexadecimal(LibCrypto.sha256(body.span)))
        }
    }
}
