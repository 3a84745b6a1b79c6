public import Bytes

/// Server-sent events (HTML Living Standard section 9.2) for any number of clients out of one
/// memory.
///
/// Events are bytes of one endless text; the last `capacity` of them are kept, and each client
/// has a place in it. Who falls behind so far that its place is overwritten is cut off; the
/// others notice nothing. So an event costs one copy, whoever listens.
public final class EventFeed {
    private var text: EventText
    private var scratch: FixedBuffer
    /// Where the latest event that new clients begin with stands.
    private var entry: UInt64?
    private var clients: [EventClient] = []
    private let clientsMax: Int
    /// Clients that fell behind.
    public private(set) var cutCount: UInt64 = 0
    /// Events that were longer than there is room for.
    public private(set) var oversizedCount: UInt64 = 0

    /// `eventBytesMax` is the longest event; the text holds several of them.
    public init(capacity: Int, eventBytesMax: Int, clientsMax: Int) {
        precondition(eventBytesMax <= capacity, "an event fits into what is kept")
        text = EventText(capacity: capacity)
        scratch = FixedBuffer(capacity: eventBytesMax)
        self.clientsMax = clientsMax
        clients.reserveCapacity(clientsMax)
    }

    public var clientCount: Int { clients.count }

    /// Somebody listens: without, an event need not be made.
    public var isWatched: Bool { !clients.isEmpty }

    /// Sends an event whose data `write` appends: one line, so no line feed is in it. New clients
    /// begin with the latest event that `isEntry`.
    public func publish(
        _ event: StaticString, id: UInt64? = nil, isEntry: Bool = false,
        _ write: (inout FixedBuffer) -> Void
    ) {
        scratch.removeAll()
        scratch.append("event: ")
        scratch.append(event)
        if let id {
            scratch.append("\nid: ")
            scratch.append(decimal: id)
        }
        scratch.append("\ndata: ")
        write(&scratch)
        scratch.append("\n\n")
        guard !scratch.overflowed else {
            oversizedCount += 1
            return
        }
        if isEntry { entry = text.end }
        scratch.withBytes { text.append($0) }
        for client in clients { client.exchange?.resume() }
    }

    /// Answers `exchange` with the events from the latest entry on; false when as many listen as
    /// may.
    public func open(_ exchange: HTTPExchange) -> Bool {
        guard clients.count < clientsMax else { return false }
        var start = text.end
        if let entry, text.holds(entry) { start = entry }
        let client = EventClient(feed: self, position: start, exchange: exchange)
        clients.append(client)
        exchange.answer(stream: client, contentType: "text/event-stream")
        return true
    }

    fileprivate func close(_ client: EventClient) { clients.removeAll { $0 === client } }

    /// Copies what the client has not got yet; nil when that is not there any more.
    fileprivate func copy(from position: UInt64, into piece: inout HTTPPiece) -> UInt64? {
        guard text.holds(position) else {
            cutCount += 1
            return nil
        }
        return text.copy(from: position, into: &piece)
    }
}

/// One client's place in the text.
private final class EventClient: HTTPStream {
    /// How long a client waits before it comes again, in milliseconds.
    private static let greeting: StaticString = "retry: 1000\n\n"

    private let feed: EventFeed
    private var position: UInt64
    private(set) weak var exchange: HTTPExchange?
    private var isGreeted = false

    init(feed: EventFeed, position: UInt64, exchange: HTTPExchange) {
        self.feed = feed
        self.position = position
        self.exchange = exchange
    }

    var deadline: Int64? { nil }

    func next(into piece: inout HTTPPiece) -> HTTPStreamState {
        if !isGreeted, piece.room >= Self.greeting.utf8CodeUnitCount {
            isGreeted = true
            var text = FixedBuffer(capacity: Self.greeting.utf8CodeUnitCount)
            text.append(Self.greeting)
            piece.append(text.bytes)
        }
        guard let reached = feed.copy(from: position, into: &piece) else { return .failed }
        position = reached
        return .waiting
    }

    func ended() { feed.close(self) }
}
