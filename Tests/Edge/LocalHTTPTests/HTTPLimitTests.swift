import Bytes
import Linux
import TestSupport
import Testing

@testable import LocalHTTP

/// Clients that are slow, silent, broken or hostile: each is bounded, and costs nothing when it
/// has gone.
@Suite(.timeLimit(.minutes(2)))
struct HTTPLimitTests {
    private static let second: Int64 = 1_000_000_000

    private static func ok(_ exchange: HTTPExchange) {
        if exchange.announcesBody, !exchange.hasReceived {
            exchange.receive()
        } else {
            exchange.answer(contentType: "text/plain") { $0.append("ok") }
        }
    }

    @Test func headerThatDoesNotEndIsCutOffThoughBytesKeepComing() throws {
        let bench = try ServerBench(route: Self.ok)
        let client = try bench.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n")
        bench.turn { bench.server.connectionCount == 1 }
        for step in 1..<10 {
            bench.now += Self.second
            client.send("X-\(step): 1\r\n")
            bench.server.service(Self.ok)
            client.read()
            #expect(!client.isClosed)
        }
        bench.now += Self.second
        #expect(bench.turn { client.isClosed })
        #expect(bench.server.cutCount == 1)
        #expect(client.answers.isEmpty)
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func silentConnectionIsCutOff() throws {
        let bench = try ServerBench(route: Self.ok)
        let client = try bench.connect()
        bench.turn { bench.server.connectionCount == 1 }
        #expect(bench.server.deadline.map { $0 <= bench.now + 10 * Self.second } == true)
        bench.now += 10 * Self.second
        #expect(bench.turn { client.isClosed })
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func connectionThatIsKeptForNothingIsCutOff() throws {
        let bench = try ServerBench(route: Self.ok)
        let client = try bench.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn { client.answers.count == 1 }
        bench.server.service(Self.ok)
        bench.now += 9 * Self.second
        bench.server.service(Self.ok)
        client.read()
        #expect(!client.isClosed)
        bench.now += Self.second
        #expect(bench.turn { client.isClosed })
    }

    @Test func bodyThatDripsIsCutOffAndItsBufferComesBack() throws {
        let bench = try ServerBench(route: Self.ok)
        let client = try bench.connect()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na")
        bench.turn { bench.server.bodies.freeCount == 3 }
        for _ in 1..<10 {
            bench.now += Self.second
            client.send("a")
            bench.server.service(Self.ok)
        }
        #expect(bench.server.bodies.freeCount == 3)
        bench.now += Self.second
        #expect(bench.turn { client.isClosed })
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func bodyThatSaysItIsTooLongIsRefused() throws {
        let bench = try ServerBench({ $0.bodyBytesMax = 64 }, route: Self.ok)
        let text = String(repeating: "a", count: 65)
        let answers = try bench.ask(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\n\(text)")
        #expect(answers.map(\.status) == [413])
        bench.leave()
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func bodyOfTheLargestSizeIsTaken() throws {
        let bench = try ServerBench({ $0.bodyBytesMax = 64 }, route: Self.ok)
        let text = String(repeating: "a", count: 64)
        let answers = try bench.ask(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 64\r\n\r\n\(text)")
        #expect(answers.map(\.status) == [200])
    }

    @Test func chunksThatBecomeTooLongAreRefused() throws {
        let bench = try ServerBench({ $0.bodyBytesMax = 64 }, route: Self.ok)
        let chunk = "28\r\n" + String(repeating: "a", count: 40) + "\r\n"
        let answers = try bench.ask(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)"
                + "0\r\n\r\n")
        #expect(answers.map(\.status) == [413])
        bench.leave()
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func bodyOfMegabytesIsRefusedAtOnce() throws {
        let bench = try ServerBench(route: Self.ok)
        let client = try bench.connect()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\naaaa")
        #expect(bench.turn { client.isClosed })
        #expect(client.answers.map(\.status) == [413])
    }

    @Test func chunksWithoutEndAreNotReadForEver() throws {
        let bench = try ServerBench({ $0.bodyBytesMax = 64 }, route: Self.ok)
        let client = try bench.connect()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "4000\r\n" + String(repeating: "a", count: 0x4000) + "\r\n"
        var sent = 0
        #expect(
            bench.turn {
                client.send(chunk)
                sent += chunk.utf8.count
                return client.isClosed
            })
        #expect(client.answers.allSatisfy { $0.status == 413 })
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func bodyWithoutAPlaceIsToldToComeAgain() throws {
        let bench = try ServerBench({ $0.bodyBuffers = 1 }, route: Self.ok)
        let first = try bench.connect()
        first.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
        bench.turn { bench.server.bodies.freeCount == 0 }
        let answers = try bench.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        #expect(answers.map(\.status) == [503])
        #expect(answers.first?.fields["retry-after"] == "1")
        first.send("b")
        #expect(bench.turn { first.answers.map(\.status) == [200] })
        #expect(
            try bench.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na").map(\.status)
                == [200])
    }

    @Test func answerThatNobodyTakesIsCutOffAndItsBufferComesBack() throws {
        let size = 4 << 20
        let bench = try ServerBench({ settings in
            settings.answerBytesMax = size
            settings.answerBuffers = 1
        }) { exchange in
            exchange.answer(contentType: "text/plain") { buffer in
                for _ in 0..<size { buffer.append(UInt8(ascii: "a")) }
            }
        }
        let slow = try RawClient(port: bench.server.port, receiveBytes: 4_096)
        slow.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn { bench.server.answers.freeCount == 0 }
        let other = try bench.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(other.map(\.status) == [503])
        bench.now += 20 * Self.second
        #expect(bench.turn { bench.server.answers.freeCount == 1 })
        slow.close()
        bench.leave()
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func requestThatIsNeverAnsweredIsToldSo() throws {
        var kept: HTTPExchange?
        let bench = try ServerBench { kept = $0 }
        let client = try bench.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn { kept != nil }
        bench.now += 30 * Self.second
        bench.server.service { _ in }
        // Whoever comes too late does no harm.
        kept?.answer(.ok, text: "late")
        #expect(bench.turn { client.answers.count == 1 })
        #expect(client.answers[0].status == 503)
    }

    @Test func clientThatLeavesBeforeItsAnswerLeavesNothing() throws {
        var kept: [HTTPExchange] = []
        let bench = try ServerBench { kept.append($0) }
        let client = try bench.connect()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.turn { kept.count == 1 }
        bench.leave()
        kept.first?.answer(contentType: "text/plain") { $0.append("nobody") }
        #expect(bench.isAtRest(), "\(bench.rest)")
        #expect(kept.first?.isOpen == false)
    }

    @Test(arguments: [
        "GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: " + String(repeating: "a", count: 20_000) + "\r\n\r\n",
        "GET / HTTP/1.1\r\n" + String(repeating: "X: 1\r\n", count: 5_000) + "\r\n",
    ])
    func headThatIsTooLongIsRefused(_ request: String) throws {
        let bench = try ServerBench(route: Self.ok)
        let client = try bench.connect()
        client.send(request)
        #expect(bench.turn { client.isClosed })
        #expect(client.answers.allSatisfy { [413, 414, 431].contains($0.status) })
        #expect(bench.server.requestCount == 0)
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func moreConnectionsThanThereMayBeWaitForTheirTurn() throws {
        let bench = try ServerBench(
            { settings in
                settings.connectionsMax = 4
                settings.connectionsPerAddressMax = 4
            }, route: Self.ok)
        let clients = try (0..<12).map { _ in try bench.connect() }
        bench.turn { bench.server.connectionCount == 4 }
        for client in clients {
            client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        }
        #expect(bench.turn { clients.allSatisfy { $0.isClosed } })
        #expect(clients.allSatisfy { $0.answers.map(\.status) == [200] })
        #expect(bench.isAtRest(), "\(bench.rest)")
    }

    @Test func oneAddressHasItsShareAlone() throws {
        let bench = try ServerBench({ $0.connectionsPerAddressMax = 3 }, route: Self.ok)
        let clients = try (0..<8).map { _ in try bench.connect() }
        #expect(bench.turn { clients.filter(\.isClosed).count == 5 })
        #expect(bench.server.connectionCount == 3)
    }

    @Test func bytesOfNoMeaningAndHalfRequestsLeaveNothingBehind() throws {
        var random = SeededRandom()
        let bench = try ServerBench({ $0.connectionsPerAddressMax = 64 }, route: Self.ok)
        let good = Array(
            ("POST /api/x?from=-600s&limit=5 HTTP/1.1\r\nHost: localhost:8080\r\nCookie: a=b\r\n"
                + "Authorization: Bearer abc\r\nAccept-Encoding: gzip\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").utf8)
        let alphabet = Array(" \r\n:/?%&;=\"\0\t,0123456789".utf8)
        for _ in 0..<400 {
            var bytes = good
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes = random.bytes(Int.random(in: 1...3_000, using: &random))
            } else {
                bytes.mutate(alphabet: alphabet, &random)
            }
            let client = try bench.connect()
            let cut = Int.random(in: 0...bytes.count, using: &random)
            client.send(Array(bytes[..<cut]))
            bench.server.service(Self.ok)
            client.send(Array(bytes[cut...]))
            if Bool.random(using: &random) { client.endWriting() }
            bench.server.service(Self.ok)
            bench.server.service(Self.ok)
            if Int.random(in: 0..<4, using: &random) == 0 { bench.leave() }
        }
        bench.leave()
        // Connections that were still to be accepted come in, and those that were deserted are
        // found a second later.
        bench.turn {
            bench.now += Self.second
            return bench.server.connectionCount == 0
        }
        #expect(bench.isAtRest(), "\(bench.rest)")
        #expect(bench.server.cutCount == 0)
        #expect(try bench.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").map(\.status) == [200])
    }
}
