import Bytes
import LibCrypto
import SigV4

/// 2015-08-30T12:36:00Z, the time in the examples of AWS.
let exampleTime: Int64 = 1_440_938_160_000_000

/// One day in microseconds.
let day: Int64 = 86_400_000_000

let examplePayload = LibCrypto.sha256([UInt8]().span)

/// The key in the examples of AWS.
func exampleCredentials(
    secret: String = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token: String? = nil
) throws -> SigningCredentials {
    try SigningCredentials(
        accessKeyID: "AKIDEXAMPLE", secretAccessKey: secret, sessionToken: token)
}

func exampleScope(
    region: String = "us-east-1", service: String = "iam"
) throws -> CredentialScope {
    try CredentialScope(region: region, service: service)
}

/// The digest in lower-case hexadecimal.
func hexadecimal(_ digest: SHA256Digest) -> String {
    var buffer = FixedBuffer(capacity: 64)
    buffer.append(hex: digest.bytes)
    return String(decoding: buffer.bytes)
}

/// The bytes that `text` spells in hexadecimal.
func bytes(_ text: String) throws -> [UInt8] {
    var buffer = FixedBuffer(capacity: 1024)
    try buffer.append(decodingHex: text.utf8.span)
    var bytes: [UInt8] = []
    for index in buffer.bytes.indices { bytes.append(buffer.bytes[index]) }
    return bytes
}

/// The canonical request as text.
func canonicalText(
    _ request: borrowing CanonicalRequest, token: String? = nil, at time: Int64 = exampleTime
) throws -> String {
    var buffer = FixedBuffer(capacity: 65_536)
    try request.appendText(
        to: &buffer, at: time, credentials: try exampleCredentials(token: token),
        payload: examplePayload)
    return String(decoding: buffer.bytes)
}

/// The error that `body` throws, if it does.
func refusal(_ body: () throws -> Void) -> SigningError? {
    do {
        try body()
        return nil
    } catch let error as SigningError {
        return error
    } catch {
        return nil
    }
}
