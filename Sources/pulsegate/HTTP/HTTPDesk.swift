import Linux
import LocalHTTP

/// The server of the LAN at work in the gateway. An address that cannot be listened at is tried
/// again: a gateway that cannot be asked is a gateway all the same.
final class HTTPDesk {
    /// Between two attempts to listen.
    private static let retryNanoseconds: Int64 = 10_000_000_000

    let plan: HTTPPlan
    /// Where posts of other devices come in; nil where none may.
    let ingest: IngestDesk?
    private let log: Log
    private var server: HTTPServer?
    private var retryAt: Int64 = 0
    /// Said once, though it is tried again and again.
    private var trouble: String?
    private var isClosed = false

    init(_ plan: HTTPPlan, log: Log) {
        self.plan = plan
        ingest = plan.takesMeasurements ? IngestDesk(plan.ingest) : nil
        self.log = log
        if let file = plan.tokenFile, FileState(of: file)?.isReadableByOthers ?? false {
            log.write(
                .warning,
                "[http] token_file = \(file): others may read it; chmod 600 \(file)")
        }
    }

    /// Begins to listen, where that is due. Answers the descriptor to watch, when there is a new
    /// one.
    func listen(_ now: Int64) -> Int32? {
        guard server == nil, !isClosed, now >= retryAt else { return nil }
        do throws(HTTPServerError) {
            let server = try HTTPServer(plan.server)
            self.server = server
            let host = plan.server.address
            let place = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            log.write(.notice, "http: listens at http://\(place):\(server.port)/")
            trouble = nil
            return server.number
        } catch {
            retryAt = now + Self.retryNanoseconds
            if trouble != "\(error)" {
                log.write(.error, "http: \(error); tried again every 10 s (set [http] listen)")
            }
            trouble = "\(error)"
            return nil
        }
    }

    /// When `listen` or `service` has something to do (monotonic nanoseconds).
    var deadline: Int64? { server.map { $0.deadline } ?? (isClosed ? nil : retryAt) }

    /// Lets clients be served, as far as it goes without waiting.
    func service(_ route: (HTTPExchange) -> Void) { server?.service(route) }

    /// Ends every connection.
    func close() {
        isClosed = true
        server?.close()
        server = nil
    }
}
