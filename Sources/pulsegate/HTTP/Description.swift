import Bytes
import LocalHTTP

/// What the API is, for programs (`/openapi.json`) and for people (`/docs`).
enum Description {
    /// Nothing but what comes from this server, and no script but the page's own.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static func answerDocument(_ exchange: HTTPExchange) {
        exchange.answer(document(PackageResources.openapi_json, "application/json"))
    }

    static func answerPage(_ exchange: HTTPExchange) {
        exchange.answer(
            document(
                PackageResources.docs_html, "text/html; charset=utf-8",
                fields: [("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer")]))
    }

    static func answerScript(_ exchange: HTTPExchange) {
        exchange.answer(document(PackageResources.docs_js, "text/javascript; charset=utf-8"))
    }

    /// It is asked for now and then: a copy lives as long as its answer.
    private static func document(
        _ content: [UInt8], _ contentType: String, fields: [(String, String)] = []
    ) -> HTTPDocument {
        var plain = FixedBuffer(capacity: max(1, content.count))
        plain.append(content.span)
        var tag = FixedBuffer(capacity: 16)
        tag.append(hex: UInt64(CRC32C.checksum(content.span)), digits: 8)
        return HTTPDocument(
            contentType: contentType, tag: "\"\(String(decoding: tag.bytes))\"", fields: fields,
            plain: plain)
    }
}
