import Bytes
import Testing

@testable import LocalHTTP

/// Pieces that a test hands out one by one.
private final class Pieces: HTTPStream {
    var waiting: [String] = []
    var state = HTTPStreamState.waiting
    private(set) var hasEnded = false
    var deadline: Int64?

    func next(into piece: inout HTTPPiece) -> HTTPStreamState {
        guard !waiting.isEmpty else { return state }
        piece.append(waiting.removeFirst().utf8.span)
        return .more
    }

    func ended() { hasEnded = true }
}

/// Answers that are made while they are sent.
@Suite(.timeLimit(.minutes(1)))
struct HTTPStreamTests {
    private func open(
        _ pieces: Pieces
    ) throws -> (ServerBench, RawClient, () -> HTTPExchange?) {
        var kept: HTTPExchange?
        let bench = try ServerBench { exchange in
            kept = exchange
            exchange.answer(stream: pieces, contentType: "application/x-ndjson")
        }
        let client = try bench.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn { client.text.contains("\r\n\r\n") }
        return (bench, client, { kept })
    }

    @Test func piecesComeAsTheyAreThereAndTheEndIsMarked() throws {
        let pieces = Pieces()
        pieces.waiting = ["one\n", "two\n"]
        let (bench, client, exchange) = try open(pieces)
        #expect(bench.turn { client.text.contains("two\n") })
        #expect(client.text.contains("Transfer-Encoding: chunked"))
        #expect(!pieces.hasEnded)
        pieces.waiting = ["three\n"]
        exchange()?.resume()
        #expect(bench.turn { client.text.contains("three\n") })
        pieces.state = .end
        exchange()?.resume()
        #expect(bench.turn { client.text.hasSuffix("\r\n0\r\n\r\n") })
        #expect(pieces.hasEnded)
        #expect(!client.isClosed)
    }

    @Test func streamThatFailsEndsWithoutTheMarkOfItsEnd() throws {
        let pieces = Pieces()
        pieces.waiting = ["one\n"]
        let (bench, client, exchange) = try open(pieces)
        bench.turn { client.text.contains("one\n") }
        pieces.state = .failed
        exchange()?.resume()
        #expect(bench.turn { client.isClosed })
        #expect(!client.text.hasSuffix("0\r\n\r\n"))
        #expect(pieces.hasEnded)
    }

    @Test func streamWhoseTimeIsOverIsCutOff() throws {
        let pieces = Pieces()
        pieces.deadline = 1_000_000_000_000 + 5
        let (bench, client, _) = try open(pieces)
        bench.now += 5
        #expect(bench.turn { client.isClosed && pieces.hasEnded })
        #expect(bench.isAtRest())
    }

    @Test func clientThatLeavesEndsItsStream() throws {
        let pieces = Pieces()
        pieces.waiting = ["one\n"]
        let (bench, _, exchange) = try open(pieces)
        bench.leave()
        #expect(
            bench.turn {
                pieces.waiting.append("more\n")
                exchange()?.resume()
                return pieces.hasEnded
            })
        #expect(bench.isAtRest())
    }
}

/// One text of events for all who listen.
@Suite(.timeLimit(.minutes(1)))
struct EventFeedTests {
    private func bench(_ feed: EventFeed) throws -> ServerBench {
        try ServerBench { exchange in
            if !feed.open(exchange) { exchange.answer(HTTPProblem(.unavailable, "full")) }
        }
    }

    private func listen(_ bench: ServerBench) throws -> RawClient {
        let client = try bench.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn { client.text.contains("retry") || client.answers.first?.status == 503 }
        return client
    }

    @Test func clientBeginsWithTheLatestEntryAndGetsWhatFollows() throws {
        let feed = EventFeed(capacity: 4_096, eventBytesMax: 256, clientsMax: 2)
        feed.publish("status", isEntry: true) { $0.append("old") }
        feed.publish("status", isEntry: true) { $0.append("new") }
        feed.publish("measurement", id: 7) { $0.append("72") }
        let bench = try bench(feed)
        let client = try listen(bench)
        #expect(client.text.contains("Content-Type: text/event-stream"))
        let first = "event: status\ndata: new\n\nevent: measurement\nid: 7\ndata: 72\n\n"
        #expect(bench.turn { client.text.contains("retry: 1000\n\n" + first) })
        #expect(!client.text.contains("old"))
        feed.publish("alarm") { $0.append("!") }
        #expect(bench.turn { client.text.contains("event: alarm\ndata: !\n\n") })
    }

    /// No descriptor tells of it: the loop has to.
    @Test func eventIsDueAtOnce() throws {
        let feed = EventFeed(capacity: 4_096, eventBytesMax: 256, clientsMax: 2)
        let bench = try bench(feed)
        let client = try listen(bench)
        bench.server.service { _ in }
        #expect(bench.server.deadline.map { $0 > bench.now } ?? true)
        feed.publish("measurement") { $0.append("72") }
        #expect(bench.server.deadline == 0)
        bench.server.service { _ in }
        bench.server.service { _ in }
        client.read()
        #expect(client.text.contains("data: 72"))
    }

    @Test func whoIsManyEventsBehindIsCutOffAndTheOthersAreNot() throws {
        let feed = EventFeed(capacity: 64 << 10, eventBytesMax: 1_024, clientsMax: 2)
        let bench = try bench(feed)
        let slow = try RawClient(port: bench.server.port, receiveBytes: 4_096)
        slow.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let good = try listen(bench)
        bench.turn { feed.clientCount == 2 }
        let line = String(repeating: "x", count: 900)
        // Once the sockets' buffers are full, the slow one's place is soon overwritten.
        var sent = 0
        #expect(
            bench.turn {
                feed.publish("status") { $0.append(text: line) }
                sent += 1
                if sent % 500 == 0 { slow.read() }
                return feed.clientCount == 1
            })
        #expect(feed.cutCount == 1)
        let before = good.received.count
        feed.publish("alarm") { $0.append("after") }
        #expect(bench.turn { good.text.contains("data: after") })
        #expect(good.received.count > before)
        slow.close()
    }

    @Test func oneMoreThanMayListenIsRefused() throws {
        let feed = EventFeed(capacity: 4_096, eventBytesMax: 256, clientsMax: 1)
        let bench = try bench(feed)
        let first = try listen(bench)
        #expect(feed.clientCount == 1)
        let second = try listen(bench)
        #expect(second.answers.map(\.status) == [503])
        first.close()
        #expect(
            bench.turn {
                feed.publish("status") { $0.append("x") }
                return feed.clientCount == 0
            })
        #expect(try listen(bench).text.contains("text/event-stream"))
    }

    @Test func eventThatHasNoRoomIsCountedAndNotSentInPart() throws {
        let feed = EventFeed(capacity: 4_096, eventBytesMax: 64, clientsMax: 1)
        let bench = try bench(feed)
        let client = try listen(bench)
        feed.publish("status") { $0.append(text: String(repeating: "#", count: 100)) }
        feed.publish("status") { $0.append("short") }
        #expect(bench.turn { client.text.contains("short") })
        #expect(feed.oversizedCount == 1)
        #expect(!client.text.contains("#"))
    }

    @Test func textGoesRoundItsRing() throws {
        let feed = EventFeed(capacity: 100, eventBytesMax: 100, clientsMax: 1)
        let bench = try bench(feed)
        let client = try listen(bench)
        for number in 0..<50 {
            feed.publish("n") { $0.append(decimal: UInt64(number)) }
            #expect(bench.turn { client.text.contains("data: \(number)\n\n") })
        }
    }
}
