public import Bytes
internal import Time

/// Where a signature counts: for one region and one service. With a date it is the scope of a
/// signing key: "20250715/eu-central-1/kinesis/aws4_request".
public struct CredentialScope: Equatable, Sendable {
    /// Bytes of the longest region; the longest today has 17.
    public static let regionBytesMax = 64
    /// Bytes of the longest service.
    public static let serviceBytesMax = 64
    /// "20250715/" region "/" service "/aws4_request"
    static let bytesMax = 9 + regionBytesMax + 1 + serviceBytesMax + 13

    public let region: String
    public let service: String

    /// "eu-central-1" and "kinesis", from a configuration: letters, digits and hyphens.
    public init(region: String, service: String) throws(SigningError) {
        try check(region, .region, .regionBytes, Self.regionBytesMax)
        try check(service, .service, .serviceBytes, Self.serviceBytesMax)
        guard !region.utf8.contains(UInt8(ascii: "/")) else { throw .malformed(.region) }
        guard !service.utf8.contains(UInt8(ascii: "/")) else { throw .malformed(.service) }
        self.region = region
        self.service = service
    }
}

extension FixedBuffer {
    /// Appends the scope on the day of `wallMicroseconds`.
    public mutating func append(scope: CredentialScope, at wallMicroseconds: Int64) {
        append(basicDate: wallMicroseconds)
        append(UInt8(ascii: "/"))
        append(scope.region.utf8.span)
        append(UInt8(ascii: "/"))
        append(scope.service.utf8.span)
        append("/aws4_request")
    }
}
