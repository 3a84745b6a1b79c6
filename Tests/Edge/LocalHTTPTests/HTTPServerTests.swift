import Bytes
import Linux
import Testing

@testable import LocalHTTP

/// Requests and answers of clients that mean well.
@Suite(.timeLimit(.minutes(1)))
struct HTTPServerTests {
    /// Says what was asked for.
    private static func echo(_ exchange: HTTPExchange) {
        if exchange.announcesBody, !exchange.hasReceived {
            exchange.receive()
            return
        }
        exchange.answer(contentType: "text/plain") { buffer in
            buffer.append(text: "\(exchange.method) \(exchange.path)")
            if let name = exchange.query("name") { buffer.append(text: " name=\(name)") }
            exchange.withBody { if !$0.isEmpty { buffer.append(text: " "); buffer.append($0) } }
        }
    }

    @Test func answerReachesTheClientAndTheConnectionStays() throws {
        let bench = try ServerBench(route: Self.echo)
        let client = try bench.connect()
        client.send("GET /a?name=b%20c HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(bench.turn { client.answers.count == 1 })
        client.send("GET /d HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(bench.turn { client.answers.count == 2 })
        #expect(client.answers.map(\.body) == ["GET /a name=b c", "GET /d"])
        #expect(client.answers[0].status == 200)
        #expect(client.answers[0].fields["cache-control"] == "no-store")
        #expect(client.answers[0].fields["x-content-type-options"] == "nosniff")
        #expect(client.answers[0].fields["date"] == nil)
        #expect(!client.isClosed)
        #expect(bench.server.requestCount == 2)
        bench.leave()
        #expect(bench.isAtRest())
    }

    @Test func requestsInOnePieceAreAnsweredInTheirOrder() throws {
        let bench = try ServerBench(route: Self.echo)
        let many = (0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
        let answers = try bench.ask(many, answers: 20)
        #expect(answers.map(\.body) == (0..<20).map { "GET /\($0)" })
    }

    /// Whatever else the loop has to do gets its turn in between.
    @Test func turnAnswersSoManyRequestsAtMost() throws {
        let bench = try ServerBench({ $0.connectionsPerAddressMax = 64 }, route: Self.echo)
        let clients = try (0..<60).map { _ in try bench.connect() }
        bench.turn { bench.server.connectionCount == 60 }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
        var routed = 0
        while bench.server.requestCount < 60 {
            let before = routed
            bench.server.service { exchange in
                routed += 1
                Self.echo(exchange)
            }
            #expect(routed - before <= 32)
        }
        #expect(bench.server.deadline == 0)
        #expect(bench.turn { clients.allSatisfy { $0.answers.count == 1 } })
    }

    @Test func bodyComesInPieces() throws {
        let bench = try ServerBench(route: Self.echo)
        let client = try bench.connect()
        client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nab")
        bench.turn { bench.server.bodies.freeCount == bench.server.settings.bodyBuffers - 1 }
        #expect(client.answers.isEmpty)
        client.send("cd")
        client.send("ef")
        #expect(bench.turn { client.answers.count == 1 })
        #expect(client.answers[0].body == "POST /p abcdef")
        #expect(bench.server.bodies.freeCount == bench.server.settings.bodyBuffers)
    }

    @Test func bodyComesInChunks() throws {
        let bench = try ServerBench(route: Self.echo)
        let answers = try bench.ask(
            "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        #expect(answers.map(\.body) == ["POST /p abcde"])
    }

    @Test func answerToHEADHasNoBody() throws {
        let bench = try ServerBench(route: Self.echo)
        let client = try bench.connect()
        client.send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(bench.turn { client.isClosed })
        #expect(client.text.contains("Content-Length: 7\r\n"))
        #expect(client.text.hasSuffix("\r\n\r\n"))
    }

    @Test func answerMayComeLater() throws {
        var kept: HTTPExchange?
        let bench = try ServerBench { kept = $0 }
        let client = try bench.connect()
        client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(bench.turn { kept != nil })
        #expect(client.answers.isEmpty)
        kept?.answer(.accepted, text: "done")
        #expect(bench.turn { client.answers.count == 1 && kept?.isOpen == false })
        #expect(client.answers[0].status == 202)
        // Whoever comes too late does no harm.
        kept?.answer(.ok, text: "again")
        #expect(client.answers.count == 1)
    }

    @Test func answerIsHeldForItsTime() throws {
        let bench = try ServerBench { exchange in
            exchange.hold(until: 1_000_000_000_000 + 1_000)
            exchange.answer(HTTPProblem(.unauthorized, "no"))
        }
        let client = try bench.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn { bench.server.deadline == 1_000_000_000_000 + 1_000 }
        #expect(client.answers.isEmpty)
        bench.now += 1_000
        #expect(bench.turn { client.answers.count == 1 })
        #expect(client.answers[0].status == 401)
    }

    @Test func endOfTheServerEndsWhatWaits() throws {
        var kept: HTTPExchange?
        let bench = try ServerBench { kept = $0 }
        let client = try bench.connect()
        client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(bench.turn { kept != nil })
        bench.server.close()
        #expect(kept?.isOpen == false)
        kept?.answer(.ok, text: "too late")
        #expect(bench.turn { client.isClosed })
        #expect(client.text.isEmpty)
    }

    @Test func addressInUseIsSaid() throws {
        let bench = try ServerBench { _ in }
        let settings = HTTPServerSettings(address: "127.0.0.1", port: bench.server.port)
        #expect {
            _ = try HTTPServer(settings)
        } throws: { error in
            "\(error)".contains(
                "listen 127.0.0.1 port \(bench.server.port): Address already in use")
        }
    }

    @Test func textThatIsNoAddressIsRefused() {
        #expect(throws: HTTPServerError.self) {
            _ = try HTTPServer(HTTPServerSettings(address: "localhost", port: 0))
        }
    }

    @Test func addressOfIPv6IsListenedAt() throws {
        let bench = try ServerBench({ $0.address = "::1" }, route: Self.echo)
        #expect(bench.server.port > 0)
    }
}

/// Documents that are part of the program.
@Suite(.timeLimit(.minutes(1)))
struct HTTPDocumentTests {
    private func bench() throws -> ServerBench {
        let document = HTTPDocument(
            contentType: "text/html", tag: "\"t1\"", fields: [("X-Own", "1")],
            plain: Self.buffer("plain"), gzip: Self.buffer("packed"))
        return try ServerBench { $0.answer(document) }
    }

    private static func buffer(_ text: String) -> FixedBuffer {
        var buffer = FixedBuffer(capacity: 16)
        buffer.append(text: text)
        return buffer
    }

    private func ask(_ field: String) throws -> RawAnswer {
        let answers = try bench().ask("GET / HTTP/1.1\r\nHost: x\r\n\(field)\r\n")
        return try #require(answers.first)
    }

    @Test func clientThatTakesGzipGetsIt() throws {
        let packed = try ask("Accept-Encoding: br, gzip;q=0.8\r\n")
        #expect(packed.body == "packed")
        #expect(packed.fields["content-encoding"] == "gzip")
        #expect(packed.fields["vary"] == "Accept-Encoding")
        #expect(packed.fields["x-own"] == "1")
    }

    @Test(arguments: ["", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0, br\r\n"])
    func clientThatDoesNotGetsItPlain(_ field: String) throws {
        let plain = try ask(field)
        #expect(plain.body == "plain")
        #expect(plain.fields["content-encoding"] == nil)
        #expect(plain.fields["etag"] == "\"t1\"")
    }

    @Test(arguments: ["\"t1\"", "\"t0\", \"t1\"", "W/\"t1\"", "*"])
    func clientThatHasItIsToldSo(_ tags: String) throws {
        let known = try ask("If-None-Match: \(tags)\r\n")
        #expect(known.status == 304)
        #expect(known.body == "")
    }

    @Test func clientThatHasAnotherOneGetsIt() throws {
        #expect(try ask("If-None-Match: \"t2\"\r\n").status == 200)
    }
}
