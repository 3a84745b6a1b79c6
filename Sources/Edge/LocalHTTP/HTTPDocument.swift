public import Bytes

/// A document that never changes while the program runs: the page, a description. It is held
/// once, as it is and in gzip, for all who ask.
public final class HTTPDocument {
    public let contentType: String
    /// Identifies the content (RFC 9110 section 8.8.3), in its quotes.
    public let tag: String
    /// Further header lines: name and value.
    public let fields: [(String, String)]
    let plain: FixedBuffer
    let gzip: FixedBuffer?

    public init(
        contentType: String, tag: String, fields: [(String, String)] = [],
        plain: consuming FixedBuffer, gzip: consuming FixedBuffer? = nil
    ) {
        self.contentType = contentType
        self.tag = tag
        self.fields = fields
        self.plain = plain
        self.gzip = gzip
    }
}
