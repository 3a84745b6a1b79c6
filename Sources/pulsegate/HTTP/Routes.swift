import Linux
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
        Route("GET", "/", .open, BasicRoutes.page),
        Route("GET", "/healthz", .open, BasicRoutes.health),
        Route("GET", "/readyz", .open, BasicRoutes.readiness),
        Route("GET", "/api/status", .data, BasicRoutes.status),
        Route("GET", "/api/events", .data, BasicRoutes.events),
        Route("POST", "/api/alarm/acknowledge", .data, BasicRoutes.acknowledge),
        Route("POST", "/api/session", .open, BasicRoutes.openSession),
        Route("DELETE", "/api/session", .open, BasicRoutes.closeSession),
        Route("GET", "/api/records", .data, RecordsRoute.answer),
        Route("GET", "/metrics", .data, MetricsDesk.answer),
    ]

    /// Finds the route and lets it answer those who may ask.
    static func answer(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        guard let http = pipeline.http else { return }
        // HEAD is GET without the body (RFC 9110 section 9.3.2), which the server leaves out.
        let method = exchange.method == "HEAD" ? "GET" : exchange.method
        let there = all.filter { $0.path == exchange.path }
        let route = there.first { $0.method == method }
        // Who may not ask is not told what there is.
        guard
            exchange.hasReceived
                || http.admit(
                    exchange, route?.access ?? .data, now: Clock.monotonicNanoseconds())
        else { return }
        if let route { return route.answer(exchange, &pipeline) }
        guard !there.isEmpty else {
            return exchange.answer(HTTPProblem(.notFound, "nothing is at this path"))
        }
        let methods = there.map(\.method).joined(separator: ", ")
        exchange.answer(
            HTTPProblem(.methodNotAllowed, "this path takes \(methods)"),
            fields: [("Allow", methods)])
    }
}
