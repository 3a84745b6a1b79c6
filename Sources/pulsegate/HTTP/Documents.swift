import Bytes
import LibCrypto
import LocalHTTP
import SigV4
import Zlib

/// Documents that are part of the program, made once when the server opens.
enum Documents {
    /// A page with its own scripts and styles in it, which may ask this gateway and nobody else.
    static func page(_ bytes: [UInt8]) -> HTTPDocument {
        let scripts = ContentPolicy.sources(of: "script", in: bytes)
        let styles = ContentPolicy.sources(of: "style", in: bytes)
        let policy =
            "default-src 'none'; script-src \(scripts); style-src \(styles); "
            + "connect-src 'self'; img-src 'self' data:; manifest-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return document(
            bytes, contentType: "text/html; charset=utf-8",
            fields: [("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer")])
    }

    /// Any other document.
    static func document(
        _ bytes: [UInt8], contentType: String, fields: [(String, String)] = []
    ) -> HTTPDocument {
        var plain = FixedBuffer(capacity: max(1, bytes.count))
        plain.append(bytes.span)
        var tag = FixedBuffer(capacity: 2 * SHA256Digest.byteCount)
        tag.append(hex: LibCrypto.sha256(bytes.span).bytes)
        let name = "\"\(String(decoding: tag.bytes).prefix(16))\""
        guard let gzip = compressed(bytes) else {
            return HTTPDocument(
                contentType: contentType, tag: name, fields: fields, plain: plain)
        }
        var packed = FixedBuffer(capacity: gzip.count)
        packed.append(gzip.span)
        return HTTPDocument(
            contentType: contentType, tag: name, fields: fields, plain: plain, gzip: packed)
    }

    /// nil where it saves nothing.
    private static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        do throws(GzipError) {
            let gzip = try Gzip()
            var output = FixedBuffer(capacity: gzip.bound(of: bytes.count))
            try gzip.compress(bytes.span, into: &output)
            guard output.count < bytes.count else { return nil }
            return output.withBytes { packed in packed.indices.map { packed[$0] } }
        } catch {
            return nil
        }
    }
}

/// Which scripts and styles of a page are its own: a browser runs those whose digest the policy
/// names (Content Security Policy Level 3, section 2.3.1), so text that gets into the page
/// never runs.
enum ContentPolicy {
    /// The digests of all elements of this name that have their text within the page; `'none'`
    /// without one.
    static func sources(of element: String, in page: [UInt8]) -> String {
        var digests: [String] = []
        var rest = page[...]
        while let body = next(element, in: &rest) {
            var text = FixedBuffer(capacity: FixedBuffer.base64Length(of: SHA256Digest.byteCount))
            text.append(base64: LibCrypto.sha256(Array(body).span).bytes)
            digests.append("'sha256-\(String(decoding: text.bytes))'")
        }
        return digests.isEmpty ? "'none'" : digests.joined(separator: " ")
    }

    /// The text of the next element, which `rest` begins behind then.
    private static func next(_ element: String, in rest: inout ArraySlice<UInt8>)
        -> ArraySlice<UInt8>?
    {
        while let opening = find("<\(element)", in: rest) {
            rest = rest[opening.upperBound...]
            // `<styles` is another element.
            guard let after = rest.first, after == UInt8(ascii: ">") || after <= 0x20 else {
                continue
            }
            guard let begin = rest.firstIndex(of: UInt8(ascii: ">")),
                let closing = find("</\(element)>", in: rest)
            else { return nil }
            let body = rest[(begin + 1)..<closing.lowerBound]
            rest = rest[closing.upperBound...]
            return body
        }
        return nil
    }

    private static func find(_ text: String, in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        bytes.span.firstIndex(of: text.utf8.span).map {
            bytes.startIndex + $0..<bytes.startIndex + $0 + text.utf8.count
        }
    }
}
