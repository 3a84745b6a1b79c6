import Bytes
import SigV4

/// A request body of the size that the loop's have, and what signs it.
struct SigningParts: ~Copyable {
    /// Bytes that one record takes in a request: 180 of JSON in base64, with its key.
    private static let entryBytes = 280

    private var signer: Signer
    private let request: CanonicalRequest
    private var body: FixedBuffer

    init(hash: SHA256Function, records: Int) throws(SigningError) {
        let scope = try CredentialScope(region: "eu-central-1", service: "kinesis")
        let credentials = try SigningCredentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        var request = CanonicalRequest()
        try request.begin(.post, host: "kinesis.eu-central-1.amazonaws.com", path: "/")
        try request.append(header: "content-type", value: "application/x-amz-json-1.1")
        try request.append(header: "x-amz-target", value: "Kinesis_20131202.PutRecords")
        self.request = request
        signer = Signer(scope: scope, credentials: credentials, sha256: hash)
        body = FixedBuffer(capacity: records * Self.entryBytes)
        body.resize(to: records * Self.entryBytes)
    }

    mutating func sign(at wallMicroseconds: Int64) throws(SigningError) {
        try Self.sign(&signer, request, body, wallMicroseconds)
    }

    var authorizationBytes: Int { signer.authorization.count }

    private static func sign(
        _ signer: inout Signer, _ request: borrowing CanonicalRequest,
        _ body: borrowing FixedBuffer, _ wallMicroseconds: Int64
    ) throws(SigningError) {
        try signer.sign(request, body: body.bytes, at: wallMicroseconds)
    }
}
