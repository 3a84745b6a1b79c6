import LocalHTTP

/// What is served at one path.
struct Route: Sendable {
    /// Who may ask.
    enum Access: Sendable {
        /// Everybody: no data is in it.
        case open
        /// Who knows the token; without one, whoever is on this machine.
        case data
    }

    let method: String
    let path: String
    let access: Access
    /// Answers, now or later; called from the gateway's loop, so it must not wait. A route with
    /// a body calls `receive()` first and is called again when the body is there.
    let answer: @Sendable (HTTPExchange, inout Pipeline) -> Void

    init(
        _ method: String, _ path: String, _ access: Access = .data,
        _ answer: @escaping @Sendable (HTTPExchange, inout Pipeline) -> Void
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.answer = answer
    }
}

/// The table of all routes, and the way into it.
enum Routes {
    /// One line a route.
    static let all: [Route] = [
        Route("GET", "/healthz", .open) { exchange, _ in exchange.answer(.ok, text: "ok\n") },
        Route("POST", "/patient_stats") { IngestDesk.answer($0, .patientStats, &$1) },
        Route("POST", "/error_message") { IngestDesk.answer($0, .errorMessage, &$1) },
        Route("GET", "/openapi.json") { exchange, _ in Description.answerDocument(exchange) },
        Route("GET", "/docs", .open) { exchange, _ in Description.answerPage(exchange) },
        Route("GET", "/docs.js", .open) { exchange, _ in Description.answerScript(exchange) },
    ]

    /// Finds the route and lets it answer.
    static func answer(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        let there = all.filter { $0.path == exchange.path }
        guard !there.isEmpty else {
            return exchange.answer(HTTPProblem(.notFound, "nothing is at this path"))
        }
        // HEAD is GET without the body (RFC 9110 section 9.3.2), which the server leaves out.
        let method = exchange.method == "HEAD" ? "GET" : exchange.method
        guard let route = there.first(where: { $0.method == method }) else {
            let methods = there.map(\.method).joined(separator: ", ")
            return exchange.answer(
                HTTPProblem(.methodNotAllowed, "this path takes \(methods)"),
                fields: [("Allow", methods)])
        }
        route.answer(exchange, &pipeline)
    }
}
