import Bytes
import Gateway
import Linux
import LocalHTTP
import WireFormat

/// The routes of the gateway's state, of its alarms and of the page.
enum BasicRoutes {
    static func page(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        guard let http = pipeline.http else { return }
        exchange.answer(http.page)
    }

    static func health(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        exchange.answer(.ok, text: "ok\n")
    }

    /// Ready is who keeps what comes: `{"ready":false,"reasons":["ring: no answer"]}`.
    static func readiness(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        var reasons: [String] = []
        if let trouble = pipeline.ringTrouble { reasons.append("ring: \(trouble)") }
        if pipeline.gateway.isDraining { reasons.append("ends") }
        var buffer = FixedBuffer(capacity: 1_024)
        buffer.append(reasons.isEmpty ? "{\"ready\":true" : "{\"ready\":false")
        buffer.append(",\"reasons\":[")
        for (index, reason) in reasons.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            buffer.append(jsonString: reason.utf8.span)
        }
        buffer.append("]}\n")
        exchange.answer(
            reasons.isEmpty ? .ok : .unavailable, text: String(decoding: buffer.bytes),
            contentType: "application/json", fields: reasons.isEmpty ? [] : [("Retry-After", "5")])
    }

    static func status(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        guard let http = pipeline.http else { return }
        http.withStatus(of: pipeline, now: Clock.monotonicNanoseconds()) { status in
            exchange.answer(contentType: "application/json") { buffer in
                buffer.append(json: status)
                buffer.append(UInt8(ascii: "\n"))
            }
        }
    }

    static func events(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        pipeline.http?.watch(exchange, pipeline, now: Clock.monotonicNanoseconds())
    }

    /// Silences what sounds, as the button does. `carryOut` follows in the loop.
    static func acknowledge(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        let count = pipeline.gateway.acknowledgeAlarms(now: Clock.monotonicNanoseconds())
        exchange.answer(
            .ok, text: "{\"acknowledged\":\(count)}\n", contentType: "application/json")
    }

    /// Exchanges the token for a cookie, which scripts of the page cannot read and other sites
    /// cannot send (RFC 6265bis section 4.1.2).
    static func openSession(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        guard let http = pipeline.http else { return }
        guard let cookie = http.admission.cookie else {
            // Nobody needs a token here.
            return exchange.answer(.noContent, text: "")
        }
        guard exchange.hasReceived else {
            exchange.receive()
            return
        }
        guard let token = exchange.withBody({ token(in: $0) }) else {
            return exchange.answer(
                HTTPProblem(.unprocessable, "write {\"token\":\"...\"}", pointer: "/token"))
        }
        guard http.admission.knows(Array(token.utf8)) else {
            return http.refuse(
                exchange, HTTPProblem(.unauthorized, "this is another token"), isWrong: true,
                now: Clock.monotonicNanoseconds())
        }
        // A year: the cookie ends with the token in any case.
        let field =
            "\(Admission.cookieName)=\(cookie); HttpOnly; SameSite=Strict; Path=/"
            + "; Max-Age=31536000"
        exchange.answer(.noContent, text: "", fields: [("Set-Cookie", field)])
    }

    /// Forgets the cookie.
    static func closeSession(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        let field = "\(Admission.cookieName)=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        exchange.answer(.noContent, text: "", fields: [("Set-Cookie", field)])
    }

    /// The string `token` of the one object that the body is; nil for anything else.
    private static func token(in body: Span<UInt8>) -> String? {
        var token: String?
        do throws(JSONError) {
            var scanner = JSONScanner(body)
            try scanner.expect(.beginObject)
            while true {
                switch try scanner.next() {
                case .key(let range):
                    let isToken = String(decoding: body.extracting(range)) == "token"
                    let value = try scanner.next()
                    if isToken, case .string(let range) = value {
                        token = String(jsonString: body.extracting(range))
                    } else {
                        try scanner.skipRest(of: value)
                    }
                case .endObject:
                    try scanner.expect(.end)
                    return token
                default: return nil
                }
            }
        } catch {
            return nil
        }
    }
}
