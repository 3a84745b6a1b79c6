import LocalHTTP

/// The routes of what the API is: for programs (`/openapi.json`) and for people (`/docs`).
enum DocumentRoutes {
    static func description(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        guard let http = pipeline.http else { return }
        exchange.answer(http.description)
    }

    static func documentation(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        guard let http = pipeline.http else { return }
        exchange.answer(http.documentation)
    }
}
