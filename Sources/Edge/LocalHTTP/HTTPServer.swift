internal import Bytes
internal import CMicroHTTPD
public import Linux

/// The HTTP server of the LAN (libmicrohttpd), inside the program's one poller: no thread of its
/// own, nothing waits.
///
/// `number` goes into the program's poller; when it is readable or `deadline` has come, call
/// `service`. A request reaches the route outside of libmicrohttpd's calls, with its connection
/// suspended, so that an answer may come at once or later.
///
/// Everything a client can take is bounded: connections, those of one address, bytes of a
/// header, of a body, of an answer, and the time for each of them.
@safe
public final class HTTPServer {
    /// How often libmicrohttpd is asked again in one turn for what answers have set free: a
    /// client that pipelines requests gets on and holds nobody up.
    private static let roundsMax = 4
    /// Requests that are answered in one turn: the rest waits for the next, behind whatever else
    /// the program has to do.
    private static let requestsPerTurn = 32
    /// How often connections without a request are looked at.
    private static let lookNanoseconds: Int64 = 1_000_000_000

    public let settings: HTTPServerSettings
    /// Where it listens.
    public let port: UInt16
    /// Connections that the server has cut because a deadline had passed.
    public private(set) var cutCount: UInt64 = 0
    public private(set) var requestCount: UInt64 = 0
    let bodies: BufferPool
    let answers: BufferPool
    private let clock: () -> Int64
    /// `MHD_Daemon`: owned; nil before the start and after the end.
    private var daemon: OpaquePointer?
    private var connections: [HTTPConnection] = []
    private var requests: FixedQueue<HTTPExchange>
    /// When libmicrohttpd wants its next turn (monotonic nanoseconds).
    private var turnDue: Int64?
    /// A connection is to go on: libmicrohttpd finds out at its next turn, and no descriptor says
    /// so before.
    private var hasResumed = false
    private var isClosing = false
    /// When connections without a request were looked at last.
    private var lookedAt: Int64 = 0

    /// Listens. `clock` tells monotonic nanoseconds.
    public init(
        _ settings: HTTPServerSettings,
        clock: @escaping () -> Int64 = { Clock.monotonicNanoseconds() }
    ) throws(HTTPServerError) {
        precondition(settings.connectionsMax > 0, "a server has a connection at least")
        let listener = unsafe pulsegate_http_listen(settings.address, settings.port)
        guard listener >= 0 else {
            throw .system(
                SystemError(
                    call: "listen", subject: "\(settings.address) port \(settings.port)",
                    number: -listener))
        }
        self.settings = settings
        self.clock = clock
        port = pulsegate_http_port(listener)
        bodies = BufferPool(count: settings.bodyBuffers, bytesEach: settings.bodyBytesMax)
        answers = BufferPool(count: settings.answerBuffers, bytesEach: settings.answerBytesMax)
        requests = FixedQueue(capacity: settings.connectionsMax)
        connections.reserveCapacity(settings.connectionsMax)
        unsafe daemon = nil
        var bounds = pulsegate_http_settings(
            listener: listener, is_ipv6: settings.address.utf8.contains(UInt8(ascii: ":")) ? 1 : 0,
            connections_max: UInt32(settings.connectionsMax),
            connections_per_address_max: UInt32(settings.connectionsPerAddressMax),
            idle_seconds: UInt32(settings.idleSeconds), connection_bytes: settings.connectionBytes)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe daemon = pulsegate_http_start(
            &bounds, context, onRequest, onCompleted, onConnection)
        guard unsafe daemon != nil else { throw .library }
    }

    deinit { close() }

    /// The descriptor for the program's poller, to be watched for reading.
    public var number: Int32 {
        guard let daemon = unsafe daemon else { return -1 }
        return unsafe pulsegate_http_number(daemon)
    }

    public var connectionCount: Int { connections.count }

    /// When `service` has something to do by itself (monotonic nanoseconds); 0: at once.
    public var deadline: Int64? {
        if hasResumed || !requests.isEmpty { return 0 }
        var due = turnDue
        for connection in connections {
            // Half a request keeps its place for a second at least.
            let lookDue = connection.exchange == nil ? lookedAt + Self.lookNanoseconds : nil
            for time in [connection.deadline, connection.exchange?.heldUntil, lookDue] {
                if let time { due = min(due ?? time, time) }
            }
        }
        return due
    }

    /// Takes connections, reads, hands requests to `route` and sends, as far as it goes without
    /// waiting.
    public func service(_ route: (HTTPExchange) -> Void) {
        guard let daemon = unsafe daemon else { return }
        releaseHeld()
        var left = Self.requestsPerTurn
        for _ in 0..<Self.roundsMax {
            hasResumed = false
            _ = unsafe MHD_run(daemon)
            while left > 0, let exchange = requests.popFirst() {
                left -= 1
                route(exchange)
            }
            if !hasResumed { break }
        }
        cutOverdue()
        cutDeserted()
        var milliseconds: UInt64 = 0
        let isDue = unsafe pulsegate_http_is_yes(MHD_get_timeout(daemon, &milliseconds))
        turnDue = isDue != 0 ? clock() + Int64(clamping: milliseconds) * 1_000_000 : nil
    }

    /// Ends every connection and the listening. Answers that come later do nothing.
    public func close() {
        guard let ended = unsafe daemon else { return }
        isClosing = true
        unsafe daemon = nil
        for connection in connections {
            if let exchange = connection.exchange, exchange.isSuspended {
                exchange.isSuspended = false
                unsafe MHD_resume_connection(connection.handle)
            }
        }
        while requests.popFirst() != nil {}
        unsafe MHD_stop_daemon(ended)
        connections.removeAll()
    }

    // MARK: What exchanges ask for

    func suspend(_ exchange: HTTPExchange) {
        exchange.isSuspended = true
        unsafe MHD_suspend_connection(exchange.link.handle)
    }

    func resume(_ exchange: HTTPExchange) {
        guard exchange.isSuspended, !isClosing else { return }
        exchange.isSuspended = false
        hasResumed = true
        unsafe MHD_resume_connection(exchange.link.handle)
    }

    func awaitBody(_ exchange: HTTPExchange) {
        exchange.link.deadline = clock() + settings.bodyNanoseconds
        resume(exchange)
    }

    func answered(_ exchange: HTTPExchange) {
        if let stream = exchange.stream {
            exchange.link.deadline = stream.deadline
        } else {
            exchange.link.deadline = (exchange.heldUntil ?? clock()) + settings.sendNanoseconds
        }
        if exchange.heldUntil == nil { resume(exchange) }
    }

    // MARK: What libmicrohttpd tells

    fileprivate func began(_ handle: OpaquePointer) -> HTTPConnection {
        let connection = unsafe HTTPConnection(
            handle: handle, deadline: clock() + settings.headNanoseconds)
        connections.append(connection)
        return connection
    }

    fileprivate func ended(_ connection: HTTPConnection) {
        connections.removeAll { $0 === connection }
    }

    fileprivate func beginRequest(
        _ connection: HTTPConnection, method: String, path: String
    ) -> HTTPExchange {
        requestCount += 1
        let exchange = HTTPExchange(server: self, link: connection, method: method, path: path)
        connection.exchange = exchange
        return exchange
    }

    /// One call of libmicrohttpd for a request: its header, a piece of its body, its end. False
    /// closes the connection.
    fileprivate func proceed(_ exchange: HTTPExchange, _ piece: Span<UInt8>) -> Bool {
        guard !isClosing, !exchange.link.isCut else { return false }
        let isFirst = !exchange.hasBegun
        switch exchange.phase {
        case .head: return hand(exchange)
        case .receiving:
            exchange.hasBegun = true
            if isFirst { return true }
            guard piece.isEmpty else {
                exchange.take(piece)
                return true
            }
            exchange.phase = .body
            return hand(exchange)
        case .answered:
            exchange.hasBegun = true
            let isLong = (exchange.contentLength ?? 0) > HTTPExchange.discardBytesMax
            // An answer before the end of the request would end the connection too.
            if isFirst && !isLong { return true }
            exchange.discarded += piece.count
            guard piece.isEmpty else {
                return exchange.discarded <= HTTPExchange.discardBytesMax
            }
            return exchange.queueResponse()
        case .body, .finished: return false
        }
    }

    /// To the route, with the connection at rest.
    private func hand(_ exchange: HTTPExchange) -> Bool {
        guard requests.append(exchange) else { return false }
        exchange.link.deadline = clock() + settings.answerNanoseconds
        suspend(exchange)
        return true
    }

    fileprivate func completed(_ exchange: HTTPExchange) {
        exchange.finish()
        exchange.link.exchange = nil
        exchange.link.deadline = clock() + settings.headNanoseconds
    }

    private func releaseHeld() {
        let now = clock()
        for connection in connections {
            guard let exchange = connection.exchange, let time = exchange.heldUntil, time <= now
            else { continue }
            exchange.heldUntil = nil
            if exchange.phase == .answered { resume(exchange) }
        }
    }

    /// Cuts off who takes too long; a request that we have not answered gets an answer.
    private func cutOverdue() {
        let now = clock()
        for connection in connections {
            guard let deadline = connection.deadline, deadline <= now else { continue }
            if let exchange = connection.exchange, exchange.isSuspended,
                exchange.phase == .head || exchange.phase == .body
            {
                exchange.giveUp()
                continue
            }
            cutCount += 1
            cut(connection)
        }
    }

    /// Finds connections whose client has gone in the middle of a header. libmicrohttpd reads once
    /// for an edge of epoll: an end that comes together with the bytes before it is not seen.
    private func cutDeserted() {
        let now = clock()
        guard now - lookedAt >= Self.lookNanoseconds else { return }
        lookedAt = now
        for connection in connections where connection.exchange == nil && !connection.isCut {
            if unsafe pulsegate_http_has_left(connection.handle) != 0 { cut(connection) }
        }
    }

    private func cut(_ connection: HTTPConnection) {
        connection.deadline = nil
        connection.isCut = true
        unsafe pulsegate_http_cut(connection.handle)
        if let exchange = connection.exchange { resume(exchange) }
    }
}

/// `MHD_AccessHandlerCallback`
private func onRequest(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
    _ size: UnsafeMutablePointer<Int>?, _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = unsafe context, let handle = unsafe handle, let path = unsafe path,
        let method = unsafe method, let size = unsafe size, let place = unsafe place,
        let link = unsafe pulsegate_http_context(handle)
    else { return pulsegate_http_result(0) }
    let server = unsafe Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    let exchange: HTTPExchange
    if let known = unsafe place.pointee {
        exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(known).takeUnretainedValue()
    } else {
        let connection = unsafe Unmanaged<HTTPConnection>.fromOpaque(link).takeUnretainedValue()
        exchange = unsafe server.beginRequest(
            connection, method: String(cString: method), path: String(cString: path))
        unsafe place.pointee = Unmanaged.passRetained(exchange).toOpaque()
    }
    let length = unsafe data == nil ? 0 : size.pointee
    let start = unsafe UnsafeRawPointer(data ?? path).assumingMemoryBound(to: UInt8.self)
    let goesOn = unsafe server.proceed(exchange, Span(_unsafeStart: start, count: length))
    // All of it was taken, or nobody wants it.
    unsafe size.pointee = 0
    return pulsegate_http_result(goesOn ? 1 : 0)
}

/// `MHD_RequestCompletedCallback`
private func onCompleted(
    _ context: UnsafeMutableRawPointer?, _: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _: MHD_RequestTerminationCode
) {
    guard let context = unsafe context, let known = unsafe place?.pointee else { return }
    let server = unsafe Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(known).takeRetainedValue()
    unsafe place?.pointee = nil
    server.completed(exchange)
}

/// `MHD_NotifyConnectionCallback`
private func onConnection(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ event: MHD_ConnectionNotificationCode
) {
    guard let context = unsafe context, let handle = unsafe handle, let place = unsafe place
    else { return }
    let server = unsafe Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    if pulsegate_http_is_start(event) != 0 {
        unsafe place.pointee = Unmanaged.passRetained(server.began(handle)).toOpaque()
    } else if let known = unsafe place.pointee {
        unsafe place.pointee = nil
        server.ended(unsafe Unmanaged<HTTPConnection>.fromOpaque(known).takeRetainedValue())
    }
}
